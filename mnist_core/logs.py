"""The log of a server: one line an event on standard error, from the logger "mnist_lab" of every module."""

import logging
import os

LEVEL = "MNIST_LOG_LEVEL"  # the variable; INFO is a line for each event of a run, WARNING only what went wrong
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

log = logging.getLogger("mnist_lab")


class OneLine(logging.Formatter):
    """A record as one line, whatever its message holds; only a traceback has lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return time, level and message, with everything that would begin a line as a space."""
        return " ".join(super().formatMessage(record).split())


def configure_logging() -> None:
    """Write the events to standard error, from the level that `MNIST_LOG_LEVEL` names on.

    Adds no second handler where there is one already, of an earlier call or of the program that imports this library.
    """
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(OneLine("%(asctime)s %(levelname)s mnist_lab: %(message)s"))
        log.addHandler(handler)
    level = os.environ.get(LEVEL, "").strip().upper() or "INFO"
    log.setLevel(level if level in LEVELS else "INFO")
    if level not in LEVELS:
        log.error("%s must be one of %s, got %r; INFO is used instead.", LEVEL, ", ".join(LEVELS), level)


def short(owner: str | None) -> str:
    """Return enough of a visitor's hash to tell visitors apart in a log, and too little to find their runs by."""
    return owner[:6] if owner else "nobody known"
