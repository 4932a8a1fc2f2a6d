"""A lock on a run folder, so that of several servers that share a folder of runs only one trains a run."""

import os
import sys

from mnist_core.runs import CONFIG, Run


class RunLock:
    """The lock of one run, held from `acquire` to `release` or to the end of this process.

    It is one on the run's config.json, which is never replaced. On Windows, which has no such locks, everybody gets it.
    """

    def __init__(self, run: Run) -> None:
        self._file = run.folder / CONFIG
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock and return True; False when another process has it or the run is gone."""
        try:
            descriptor = os.open(self._file, os.O_RDONLY)
        except OSError:
            return False
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go of the lock, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
