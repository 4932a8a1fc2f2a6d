"""The page about the server: what it runs on, what it is doing, what it allows, and nothing private."""

import os
import re
import socket
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import pytest
from app_helpers import visit

from mnist_core.config import TrainConfig
from mnist_core.limits import Limits, limit_of
from mnist_core.text import duration
from mnist_core.visitors import new_token, owner_of
from ui import caches, visitor

CONFIG = TrainConfig(dataset="sample", architecture="softmax", epochs=2)


def facts(app) -> dict[str, str]:
    """Return all rows of the page's tables."""
    return {row.iloc[0]: row.iloc[1] for table in app.table for _, row in table.value.iterrows()}


def test_the_page_names_versions_device_data_queue_and_limits(app, queue, run):
    shown = facts(visit(app, "about"))
    assert shown["PyTorch"] == version("torch")
    assert shown["Streamlit"] == version("streamlit")
    assert shown["Networks are trained on"] == "the processor"
    assert str(os.cpu_count()) in shown["Processor"]
    assert "sample digits" in shown["Digits"]
    assert (shown["Training now"], shown["In line"]) == ("nothing", "nothing")
    assert shown["Networks kept here"] == "1"
    assert {limit_of(field.name).text for field in fields(Limits)} <= set(shown)
    assert shown[limit_of("epochs").text] == "500"
    assert shown[limit_of("minutes").text] == "no\N{NO-BREAK SPACE}limit"
    assert int(shown[limit_of("threads").text]) == os.cpu_count()


def test_the_page_says_what_trains_and_how_many_wait(app, queue):
    for owner in ("a" * 64, "b" * 64, "c" * 64):
        queue.submit(CONFIG, None, owner)
    shown = facts(visit(app, "about"))
    assert shown["Training now"].startswith("Softmax regression")
    assert shown["In line"] == "2 runs"


def test_the_limits_are_those_in_force(app, monkeypatch):
    monkeypatch.setattr(caches, "limits", lambda: Limits(epochs=7.5, minutes=30.0, waiting=1000))
    shown = facts(visit(app, "about"))
    assert (shown[limit_of("epochs").text], shown[limit_of("minutes").text]) == ("7.5", "30")
    assert shown[limit_of("waiting").text] == "1,000"


@pytest.mark.parametrize("known", [True, False])
def test_memory_is_shown_where_the_system_tells(app, monkeypatch, known):
    memory = caches.ServerMemory(700.4, 512.3) if known else None
    monkeypatch.setattr(caches, "server_memory", lambda: memory)
    shown = facts(visit(app, "about"))
    assert shown.get("Memory") == ("1,213 MB: 700 for the pages, 512 for training" if known else None)


def test_the_page_tells_nothing_private(app, queue, run, monkeypatch):
    token = new_token()
    monkeypatch.setenv("MNIST_TEACHER", "open sesame")
    monkeypatch.setattr(visitor, "token", lambda: token)
    queue.submit(CONFIG, None, owner_of(token))
    shown = visit(app, "about")
    text = "\n".join(str(element.value) for kind in (shown.table, shown.markdown, shown.caption) for element in kind)
    text += str(facts(shown))
    private = [token, owner_of(token)[:6], "open sesame", socket.gethostname(), str(Path.home()), str(Path.cwd())]
    assert [word for word in private if len(word) > 3 and word in text] == []
    assert not re.search(r"/\w+/\w+", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 seconds"), (1, "1 second"), (59.9, "59 seconds"), (60, "1 minute"), (3600, "1 hour"),
        (12_000, "3 hours 20 minutes"), (90_000, "1 day 1 hour"), (86_400 * 3 + 120, "3 days 2 minutes"),
    ],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds, text):
    assert duration(seconds) == text
