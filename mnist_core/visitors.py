"""Who uses a server: visitors, each a random token that their browser keeps, and the teacher among them."""

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from collections.abc import Callable

from mnist_core.limits import TEACHER

FREE_ATTEMPTS = 3  # wrong words before the next one has to wait
MAX_SEEN = 1000  # visitors that are remembered: whether there are several is known long before
LONGEST_WAIT = 30.0  # seconds
FORGOTTEN_AFTER = 600.0  # seconds without a wrong word after which the next one need not wait


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe()


def is_token(text: object) -> bool:
    """Return whether a text, such as what a browser sends, has the form of a token."""
    return isinstance(text, str) and bool(re.fullmatch(r"[A-Za-z0-9_-]{43}", text, re.ASCII))


def owner_of(token: str) -> str:
    """Return what is stored of a visitor: the SHA-256 of their token, in hex, from which nobody can find the token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Visitors:
    """The visitors that were seen since the server began, as `owner_of` their tokens. Safe to use from any thread.

    A word that is wrong makes the next one wait, whoever tries it: a visitor can always be a new one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._seen: set[str] = set()
        self._teachers: set[str] = set()
        self._wrong, self._last_wrong = 0, 0.0

    def see(self, owner: str) -> None:
        """Remember that this visitor was here."""
        with self._lock:
            if len(self._seen) < MAX_SEEN:
                self._seen.add(owner)

    def others_than(self, owner: str) -> bool:
        """Return whether anybody else was seen."""
        with self._lock:
            return bool(self._seen - {owner})

    @property
    def has_teacher(self) -> bool:
        """Whether this server was started with a word that a teacher signs in with."""
        return bool(os.environ.get(TEACHER))

    def is_teacher(self, owner: str) -> bool:
        """Return whether this visitor has signed in as the teacher."""
        return self.has_teacher and owner in self._teachers

    def sign_in(self, owner: str, word: str) -> str | None:
        """Sign a visitor in as the teacher; return why not, in a sentence, or None."""
        with self._lock:
            now = self._clock()
            if now - self._last_wrong > FORGOTTEN_AFTER:
                self._wrong = 0
            wait = min(2.0 ** (self._wrong - FREE_ATTEMPTS), LONGEST_WAIT) if self._wrong >= FREE_ATTEMPTS else 0.0
            if now - self._last_wrong < wait:
                return f"Too many wrong words: wait {LONGEST_WAIT:.0f} seconds and try again."
            expected = os.environ.get(TEACHER, "")
            if expected and hmac.compare_digest(word.encode("utf-8", "replace"), expected.encode("utf-8", "replace")):
                self._teachers.add(owner)
                self._wrong = 0
                return None
            self._wrong, self._last_wrong = self._wrong + 1, now
            return "That is not the word this server was started with."

    def sign_out(self, owner: str) -> None:
        """Let a visitor be the teacher no longer."""
        with self._lock:
            self._teachers.discard(owner)
