"""What the operating system says of a running process: its memory and its age. Linux tells, others may not."""

import contextlib
import ctypes
import os
import time
from pathlib import Path

IMPORTED = time.monotonic()  # where nobody can tell when this process began


def memory(pid: int) -> int | None:
    """Return the proportional set size of a process in bytes: its own memory, and its share of what others use too.

    None where nobody can tell, or when there is no such process.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), None)


def give_back_memory() -> None:
    """Return to the system what the C library keeps of freed memory; does nothing where there is no glibc."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def age() -> float:
    """Return for how many seconds this process has been running; at least since this module was imported."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])  # since the machine began
        up = float(Path("/proc/uptime").read_text().split()[0])
        return max(up - ticks / os.sysconf("SC_CLK_TCK"), 0.0)
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - IMPORTED
