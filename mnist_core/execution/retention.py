"""Which runs are removed to make room for newer ones."""

from collections import Counter
from collections.abc import Iterable

from mnist_core.limits import Limits
from mnist_core.runs import Run

RECENT = 3600.0  # seconds for which a run is kept after somebody looked at it, paused it or pinned it


def removable(runs: Iterable[Run], in_use: set[str], limits: Limits, now: float) -> list[Run]:
    """Return the runs that the limits leave no room for, the oldest first.

    These are runs that visitors asked for, beyond the newest of each visitor or beyond the space for all of them. Never
    among them are those that are `in_use` by name, pinned, members of an ensemble, or used within the last hour before
    `now`, in seconds since 1970; they count all the same.
    """
    runs = list(runs)
    members = {name for run in runs for name in run.members}
    asked_for = [run for run in runs if not run.shipped and run.owner is not None]
    asked_for.sort(key=lambda run: run.created, reverse=True)
    per_owner: Counter[str | None] = Counter()
    total, removed = 0, []
    for run in asked_for:  # the newest first, so that they get the room
        per_owner[run.owner] += 1
        size = run.size if limits.megabytes else 0
        too_many = limits.kept and per_owner[run.owner] > limits.kept
        too_large = limits.megabytes and total + size > limits.megabytes * 1e6
        protected = run.name in in_use | members or run.pinned or now - run.last_used < RECENT
        if (too_many or too_large) and not protected:
            removed.append(run)
        else:
            total += size
    return removed[::-1]
