"""Who asked for a run, when, and what is to become of it: the `request.json` of a run that was asked for on a page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.run_files import is_number

WANTED = ("train", "nothing")
MAX_NOTE_LENGTH = 300  # characters


@dataclass(frozen=True)
class Request:
    """A visitor's request for a run. What is wanted matters until the run has a result or has failed."""

    asked: float = 0.0  # when it was put in line, in seconds since 1970
    owner: str | None = None  # SHA-256 of the visitor's token, in hex; None if nobody is known
    speed: float | None = None  # steps a second, see `mnist_core.pace`
    wanted: str = "train"  # "nothing" after it was paused or interrupted, until somebody asks for it again
    pinned: bool = False  # never removed to make room for newer runs
    note: str = ""  # why the server ended or interrupted it, in a sentence


def request_from_dict(values: Mapping[str, Any]) -> Request:
    """Return the `Request` that `dataclasses.asdict` turned into a dict and JSON stored.

    Raises ValueError when a value has a type or a range that no request has.
    """
    asked, owner, speed = values.get("asked", 0.0), values.get("owner"), values.get("speed")
    wanted, pinned, note = values.get("wanted", "train"), values.get("pinned", False), values.get("note", "")
    if not is_number(asked) or not (speed is None or is_number(speed)):
        raise ValueError("its time and its speed must be numbers of at least 0")
    if not (owner is None or (isinstance(owner, str) and re.fullmatch("[0-9a-f]{64}", owner))):
        raise ValueError("its owner is not a SHA-256 in hex")
    if wanted not in WANTED or not isinstance(pinned, bool) or not isinstance(note, str):
        raise ValueError("it is not a request for a training run")
    return Request(float(asked), owner, None if speed is None else float(speed), wanted, pinned, note[:MAX_NOTE_LENGTH])
