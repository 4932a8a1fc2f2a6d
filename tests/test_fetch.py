"""MNIST is fetched whole or not at all; every mirror here is on this machine."""

import gzip
import hashlib
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from torchvision.datasets import MNIST

from mnist_core import download
from mnist_core.data import MNIST_FILES, DataError, cache_folder, load_digits, mnist_folder, raw_folder

BAD = [
    "dead",
    "silent",
    "missing",
    "cut",
    "broken",
    "portal",
    "garbage",
]  # ways a mirror can fail, as `mirrors` has them


class Handler(BaseHTTPRequestHandler):
    """Serves /way/name: the server's archives, well or badly."""

    def do_GET(self):
        way, name = self.path[1:].split("/")
        content = self.server.archives.get(name)
        if way == "garbage":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            return
        if way == "missing" or content is None:
            self.send_error(404)
            return
        content = {"broken": b"ffff\r\n" + content, "cut": content[:-7], "portal": b"<p>Log in!</p>"}.get(way, content)
        self.send_response(200)
        if way == "broken":  # a chunk that ends before its length
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """A mirror on this machine; a client that hangs up early is no news."""

    def handle_error(self, *_):
        pass


@pytest.fixture
def mirrors(no_mnist, small_mnist, monkeypatch):
    """The addresses of mirrors by what they do; small files count as the published ones, and MNIST is not here."""
    archives = {f"{name}.gz": gzip.compress((raw_folder(small_mnist) / name).read_bytes()) for name in MNIST_FILES}
    monkeypatch.setattr(MNIST, "resources", [(n, hashlib.md5(content).hexdigest()) for n, content in archives.items()])
    monkeypatch.setattr(download, "READ_TIMEOUT", 0.5)
    monkeypatch.setenv("no_proxy", "*")
    with Server(("127.0.0.1", 0), Handler) as server, socket.create_server(("127.0.0.1", 0)) as never_answers:
        server.archives = archives
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as closed:
            places = {"dead": closed.getsockname()[1], "silent": never_answers.getsockname()[1]}
        yield {way: f"http://127.0.0.1:{places.get(way, server.server_port)}/{way}/" for way in ["good", "empty", *BAD]}
        server.shutdown()
    socket.setdefaulttimeout(None)


@pytest.fixture
def source(monkeypatch, no_mnist, eventually):
    """Make a `Source` on a machine without MNIST and wait until it has come to rest."""

    def settled(code="", is_online=True):
        monkeypatch.setattr(download, "online", lambda: is_online)
        source = download.DatasetStatus([sys.executable, "-c", code])
        eventually(lambda: source.state in ("ready", "offline", "failed"))
        return source

    return settled


def test_a_download_arrives_whole_and_leaves_nothing_else(mirrors, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["good"]])
    assert download.download() == mnist_folder() == cache_folder()
    assert len(load_digits("mnist", "train")) == 300
    assert {file.name for file in cache_folder().rglob("*") if file.is_file()} == set(MNIST_FILES)


@pytest.mark.parametrize("way", BAD)
def test_the_next_mirror_serves_when_one_fails(mirrors, monkeypatch, way):
    monkeypatch.setattr(download, "MIRRORS", [mirrors[way], mirrors["good"]])
    assert download.find_or_download() == mnist_folder()


@pytest.mark.parametrize("way", BAD)
def test_nothing_half_arrives_when_every_mirror_fails(mirrors, monkeypatch, way):
    monkeypatch.setattr(download, "MIRRORS", [mirrors[way]])
    with pytest.raises(DataError, match=r"^MNIST could not be fetched \(.+\); set MNIST_DATA_DIR .*\.$"):
        download.download()
    assert not raw_folder(cache_folder()).exists()


def test_what_an_interrupted_download_left_is_overcome(mirrors, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["good"]])
    left = raw_folder(cache_folder() / ".download")
    left.mkdir(parents=True)
    for name in MNIST_FILES:
        (left / name).write_bytes(b"half a file")
        (left / f"{name}.gz").write_bytes(b"half an archive")
    assert download.download() == mnist_folder()


@pytest.mark.parametrize("blocked", [".", "MNIST", ".download"])
def test_a_disk_that_refuses_the_files_is_told_in_a_sentence(mirrors, monkeypatch, blocked):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["good"]])
    (cache_folder() / blocked).parent.mkdir(parents=True, exist_ok=True)
    (cache_folder() / blocked).write_text("a file where a folder should be")
    with pytest.raises(DataError, match="could not be fetched"):
        download.download()


def test_mnist_that_is_here_is_not_fetched(no_mnist, small_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    monkeypatch.setattr(download, "MIRRORS", [])
    assert download.find_or_download() == small_mnist


def test_a_machine_that_is_offline_is_told_so(mirrors, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["dead"]])
    with pytest.raises(DataError, match="offline"):
        download.find_or_download()


@pytest.mark.parametrize("way", ["dead", "silent", "garbage"])
def test_no_mirror_means_offline_within_three_seconds(mirrors, way):
    start = time.monotonic()
    assert not download.online([mirrors[way]])
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("way", ["good", "missing"])
def test_one_mirror_that_answers_is_enough(mirrors, way):
    assert download.online([mirrors["dead"], mirrors["silent"], mirrors[way]])


def test_a_source_is_ready_where_mnist_is(source, small_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    assert source("raise SystemExit(1)").ready


def test_a_source_is_ready_when_its_child_has_fetched_mnist(source, small_mnist):
    found = source(f"import shutil; shutil.copytree({str(small_mnist)!r}, {str(cache_folder())!r})")
    assert found.ready
    assert mnist_folder() == cache_folder()


def test_a_source_that_is_offline_says_what_is_missing(source):
    found = source(is_online=False)
    assert found.state == "offline"
    assert "MNIST is not on this machine" in found.sentence


def test_a_source_says_why_its_child_failed(source):
    found = source("print('The disk is full.'); raise SystemExit(1)")
    assert (found.state, found.sentence) == ("failed", "The disk is full.")


def test_a_source_has_a_sentence_for_a_child_that_had_none(source):
    found = source("import os; os.abort()")
    assert found.state == "failed"
    assert found.sentence.endswith(".")


def test_a_source_that_failed_can_look_again(source, small_mnist, monkeypatch, eventually):
    found = source("raise SystemExit(1)")
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    found.look()
    eventually(lambda: found.ready)


def test_a_source_knows_how_much_has_come(source, no_mnist):
    found = source(is_online=False)
    assert found.fraction == 0
    part = raw_folder(cache_folder() / ".download")
    part.mkdir(parents=True)
    (part / "a.gz").write_bytes(bytes(download.ARCHIVE_BYTES // 2))
    assert found.fraction == pytest.approx(0.5)


def test_a_source_has_looked_through_this_machine_when_it_says_so(no_mnist, monkeypatch):
    monkeypatch.setattr(download, "online", lambda: False)
    source = download.DatasetStatus()
    source.wait_for_look()
    assert source.state in ("connecting", "offline")


def test_a_download_ends_with_the_process_that_started_it():
    code = "import sys, time; from mnist_core.download import exit_with_parent; exit_with_parent(sys.stdin); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, cwd=Path(__file__).parent.parent)
    child.stdin.close()
    assert child.wait(20) == 1
