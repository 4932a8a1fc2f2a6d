"""The log of a server: one line an event, with visitors shortened, from the level that the environment names on."""

import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_core.config import TrainConfig
from mnist_core.execution.queue import TrainingQueue
from mnist_core.limits import Limits
from mnist_core.logs import LEVEL, OneLine, short
from mnist_core.runs import RESULT
from mnist_core.visitors import new_token, owner_of

ROOT = Path(__file__).resolve().parent.parent
CONFIG = TrainConfig(dataset="sample", architecture="softmax", epochs=2)
TOKEN = new_token()
OWNER = owner_of(TOKEN)


@pytest.fixture
def events(caplog):
    """The words that the log begins its lines with, so far."""
    caplog.set_level(logging.INFO, "mnist_lab")
    return lambda: [(record.levelname, record.getMessage().partition(" of ")[0]) for record in caplog.records]


@pytest.fixture
def queue(executor, runs_folder):
    return TrainingQueue([executor], Limits())


def test_each_event_of_a_run_is_one_line_with_its_visitor_shortened(queue, executor, trained, events, caplog):
    first, second, third = (queue.submit(CONFIG, "softmax", OWNER) for _ in range(3))
    queue.cancel(third)
    first.log({"step": 10, "steps": 40, "epoch": 0.5, "seconds": 5.0, "loss": 1.0, "accuracy": 0.5})
    queue.pause(first)
    executor.run.save_checkpoint(b"")
    executor.run.pause()
    executor.end()
    queue.resume(first)
    second.fail("The loss was nan\nafter 3 steps.")
    executor.end("The loss was nan\nafter 3 steps.")
    shutil.copy(trained.folder / RESULT, executor.run.folder / RESULT)
    executor.end()
    queue.delete(second)
    assert events() == [
        ("INFO", f"queued {first.name}"), ("INFO", f"started {first.name}"), ("INFO", f"queued {second.name}"),
        ("INFO", f"queued {third.name}"), ("INFO", f"cancelled {third.name}"), ("INFO", f"paused {first.name}"),
        ("INFO", f"started {second.name}"), ("INFO", f"queued again {first.name}"),
        ("WARNING", f"failed {second.name}"), ("INFO", f"resumed {first.name}"), ("INFO", f"finished {first.name}"),
        ("INFO", f"deleted {second.name}"),
    ]  # fmt: skip
    assert all(f" of {OWNER[:6]}" in message for message in caplog.messages)
    assert caplog.messages[8].endswith(": The loss was nan\nafter 3 steps.")
    assert not re.search(f"{OWNER[:7]}|{re.escape(TOKEN)}", caplog.text)


def test_an_event_is_one_line_whatever_it_tells():
    record = logging.LogRecord("mnist_lab", logging.INFO, "", 0, "failed %s: %s", ("run", "a\nb\r\n  c"), None)
    assert OneLine("%(levelname)s %(message)s").format(record) == "INFO failed run: a b c"


def test_nobody_known_has_a_word():
    assert short(None) == "nobody known"


def in_new_process(monkeypatch, level: str | None, calls: int = 1) -> list[str]:
    """Return what a new process logs that tells one line of each of two levels."""
    monkeypatch.delenv(LEVEL, raising=False)
    if level is not None:
        monkeypatch.setenv(LEVEL, level)
    code = "from mnist_core.logs import configure_logging, log\n" + calls * "configure_logging()\n"
    code += "log.info('begun'); log.warning('failed')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    return [re.sub(r"^[\d-]+ [\d:,]+ ", "", line) for line in done.stderr.splitlines()]


BOTH = ["INFO mnist_lab: begun", "WARNING mnist_lab: failed"]


@pytest.mark.parametrize(
    ("level", "lines"), [(None, BOTH), ("", BOTH), ("debug", BOTH), ("WARNING", BOTH[1:]), ("CRITICAL", [])]
)
def test_the_environment_names_the_level(monkeypatch, level, lines):
    assert in_new_process(monkeypatch, level) == lines


def test_a_level_that_is_none_is_logged_and_the_usual_one_holds(monkeypatch):
    lines = in_new_process(monkeypatch, "loud")
    assert "MNIST_LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, got 'LOUD'" in lines[0]
    assert lines[1:] == BOTH


def test_configuring_twice_writes_every_line_once(monkeypatch):
    assert in_new_process(monkeypatch, None, calls=2) == BOTH
