"""Who the visitor of this session is, which runs are theirs, and what they may do with a run."""

import streamlit as st

from mnist_core.runs import Run
from mnist_core.visitors import is_token, new_token, owner_of
from ui import caches

COOKIE = "mnist_lab_visitor"
SESSION_KEY = "visitor_token"  # in the session


def token() -> str:
    """Return the visitor's token: the one in the browser's cookie, else a new one, which the frame puts there."""
    if SESSION_KEY not in st.session_state:
        kept = st.context.cookies.to_dict().get(COOKIE)
        adopt(kept if is_token(kept) else new_token())
    known: str = st.session_state[SESSION_KEY]
    return known


def adopt(kept: str | None) -> None:
    """Make this token the session's; nothing happens if it is none."""
    if kept is not None and is_token(kept):
        st.session_state[SESSION_KEY] = kept
        caches.visitors().see(owner_of(kept))


def owner() -> str:
    """Return what is stored of the visitor with their runs."""
    return owner_of(token())


def is_teacher() -> bool:
    """Return whether the visitor has signed in as the teacher of this server."""
    return caches.visitors().is_teacher(owner())


def server_is_shared() -> bool:
    """Return whether it matters whose run is whose: there is a word for a teacher, or somebody else was here too."""
    visitors = caches.visitors()
    return visitors.has_teacher or visitors.others_than(owner()) or bool(caches.owners() - {owner()})


def is_mine(run: Run) -> bool:
    """Return whether the visitor asked for this run; on a private server every run that does not come with the app."""
    return not run.shipped and (run.owner == owner() or not server_is_shared())


def may_change(run: Run) -> bool:
    """Return whether the visitor may stop, pause, rename, pin or delete this run: it is theirs, or they teach here."""
    return not run.shipped and may_act_for(run.owner)


def may_act_for(asked_by: str | None) -> bool:
    """Return whether the visitor may end what this visitor asked for: their own wish, or anybody's if they teach."""
    return asked_by == owner() or not server_is_shared() or is_teacher()


def is_marked(run: Run) -> bool:
    """Return whether the page says that this run is the visitor's: not where all are."""
    return run.owner is not None and is_mine(run) and server_is_shared()  # the first spares the rest for most runs


def whose(run: Run) -> str:
    """Return " · yours" for a run of the visitor, "" for others and where nobody else is."""
    return " · yours" if is_marked(run) else ""


def my_run() -> Run | None:
    """Return the visitor's run that trains now, else the first that waits; None without one."""
    queue = caches.queue()
    return next((run for run in [*queue.training, *queue.waiting] if is_mine(run)), None)


def my_training_run() -> Run | None:
    """Return the visitor's run that trains now; None without one."""
    return next((run for run in caches.queue().training if is_mine(run)), None)
