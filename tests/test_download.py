"""MNIST is downloaded completely or not at all; every mirror here is on this machine."""

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

# How a mirror can fail: nothing listens, no response, 404, truncated files, broken chunks, a login page, no HTTP.
FAILURES = ["dead", "silent", "missing", "truncated", "broken", "portal", "garbage"]


class Handler(BaseHTTPRequestHandler):
    """Serves /behaviour/name: the server's archives, well or badly."""

    def do_GET(self):
        behaviour, name = self.path[1:].split("/")
        content = self.server.archives.get(name)
        if behaviour == "garbage":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            return
        if behaviour == "missing" or content is None:
            self.send_error(404)
            return
        bad = {"broken": b"ffff\r\n" + content, "truncated": content[:-7], "portal": b"<p>Log in!</p>"}
        content = bad.get(behaviour, content)
        self.send_response(200)
        if behaviour == "broken":  # a chunk that ends before its length
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """A mirror on this machine, which ignores that a client hangs up early."""

    def handle_error(self, *_):
        pass


@pytest.fixture
def mirrors(no_mnist, small_mnist, monkeypatch):
    """URLs of mirrors by their behaviour; small files count as the published ones, and MNIST is not on this machine."""
    archives = {f"{name}.gz": gzip.compress((raw_folder(small_mnist) / name).read_bytes()) for name in MNIST_FILES}
    checksums = [(name, hashlib.md5(content).hexdigest()) for name, content in archives.items()]
    monkeypatch.setattr(MNIST, "resources", checksums)
    monkeypatch.setattr(download, "READ_TIMEOUT", 0.5)
    monkeypatch.setenv("no_proxy", "*")
    with Server(("127.0.0.1", 0), Handler) as server, socket.create_server(("127.0.0.1", 0)) as never_responds:
        server.archives = archives
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as closed:
            ports = {"dead": closed.getsockname()[1], "silent": never_responds.getsockname()[1]}
        yield {
            behaviour: f"http://127.0.0.1:{ports.get(behaviour, server.server_port)}/{behaviour}/"
            for behaviour in ["good", *FAILURES]
        }
        server.shutdown()
    socket.setdefaulttimeout(None)


@pytest.fixture
def status_after(monkeypatch, no_mnist):
    """Make a DatasetStatus on a machine without MNIST, whose child process runs this code, and wait for its end."""

    def status_after(code="", is_online=True):
        monkeypatch.setattr(download, "online", lambda: is_online)
        status = download.DatasetStatus([sys.executable, "-c", code])
        status.wait(timeout=20)
        return status

    return status_after


def test_a_download_is_complete_and_leaves_nothing_else(mirrors, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["good"]])
    assert download.download() == mnist_folder() == cache_folder()
    assert len(load_digits("mnist", "train")) == 300
    assert {file.name for file in cache_folder().rglob("*") if file.is_file()} == set(MNIST_FILES)


@pytest.mark.parametrize("failure", FAILURES)
def test_the_next_mirror_is_tried_when_one_fails(mirrors, monkeypatch, failure):
    monkeypatch.setattr(download, "MIRRORS", [mirrors[failure], mirrors["good"]])
    assert download.find_or_download() == mnist_folder()


@pytest.mark.parametrize("failure", FAILURES)
def test_no_file_is_installed_when_every_mirror_fails(mirrors, monkeypatch, failure):
    monkeypatch.setattr(download, "MIRRORS", [mirrors[failure]])
    with pytest.raises(DataError, match=r"^MNIST could not be downloaded \(.+\); set MNIST_DATA_DIR .*\.$"):
        download.download()
    assert not raw_folder(cache_folder()).exists()


def test_a_download_succeeds_despite_the_files_of_an_interrupted_one(mirrors, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["good"]])
    left = raw_folder(cache_folder() / ".download")
    left.mkdir(parents=True)
    for name in MNIST_FILES:
        (left / name).write_bytes(b"half a file")
        (left / f"{name}.gz").write_bytes(b"half an archive")
    assert download.download() == mnist_folder()


@pytest.mark.parametrize("blocked", [".", "MNIST", ".download"])
def test_files_that_cannot_be_written_raise_a_data_error(mirrors, monkeypatch, blocked):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["good"]])
    (cache_folder() / blocked).parent.mkdir(parents=True, exist_ok=True)
    (cache_folder() / blocked).write_text("a file where a folder should be")
    with pytest.raises(DataError, match="could not be downloaded"):
        download.download()


def test_mnist_that_is_on_this_machine_is_not_downloaded(no_mnist, small_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    monkeypatch.setattr(download, "MIRRORS", [])
    assert download.find_or_download() == small_mnist


def test_find_or_download_says_when_the_machine_is_offline(mirrors, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", [mirrors["dead"]])
    with pytest.raises(DataError, match="offline"):
        download.find_or_download()


@pytest.mark.parametrize("failure", ["dead", "silent", "garbage"])
def test_a_machine_without_a_mirror_is_offline_within_three_seconds(mirrors, failure):
    start = time.monotonic()
    assert not download.online([mirrors[failure]])
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("behaviour", ["good", "missing"])
def test_one_mirror_that_responds_is_enough(mirrors, behaviour):
    assert download.online([mirrors["dead"], mirrors["silent"], mirrors[behaviour]])


def test_the_status_is_ready_where_mnist_is(status_after, small_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    assert status_after("raise SystemExit(1)").ready


def test_the_status_is_ready_when_the_child_has_downloaded_mnist(status_after, small_mnist):
    status = status_after(f"import shutil; shutil.copytree({str(small_mnist)!r}, {str(cache_folder())!r})")
    assert status.ready
    assert mnist_folder() == cache_folder()


def test_an_offline_status_says_what_is_missing(status_after):
    status = status_after(is_online=False)
    assert status.state == "offline"
    assert "MNIST is not on this machine" in status.message


def test_the_status_says_why_the_child_failed(status_after):
    status = status_after("print('The disk is full.'); raise SystemExit(1)")
    assert (status.state, status.message) == ("failed", "The disk is full.")


def test_the_status_has_a_message_for_a_child_that_had_none(status_after):
    status = status_after("import os; os.abort()")
    assert status.state == "failed"
    assert status.message.endswith(".")


def test_a_failed_status_can_search_again(status_after, small_mnist, monkeypatch):
    status = status_after("raise SystemExit(1)")
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    status.search()
    status.wait(timeout=20)
    assert status.ready


def test_the_status_knows_the_downloaded_fraction(status_after, no_mnist):
    status = status_after(is_online=False)
    assert status.fraction == 0
    archives = raw_folder(cache_folder() / ".download")
    archives.mkdir(parents=True)
    (archives / "a.gz").write_bytes(bytes(download.ARCHIVE_BYTES // 2))
    assert status.fraction == pytest.approx(0.5)


def test_waiting_for_the_search_returns_once_this_machine_has_been_searched(no_mnist, monkeypatch):
    monkeypatch.setattr(download, "online", lambda: False)
    status = download.DatasetStatus()
    status.wait_for_search()
    assert status.state in ("connecting", "offline")


def test_a_process_exits_with_its_parent():
    code = "import sys, time; from mnist_core.download import exit_with_parent as f; f(sys.stdin); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, cwd=Path(__file__).parent.parent)
    child.stdin.close()
    assert child.wait(20) == 1
