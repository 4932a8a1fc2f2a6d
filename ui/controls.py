"""What every page says about the server: which run is in view, what is training, whether MNIST is here."""

import streamlit as st

from mnist_core.data import DataError, Digits
from mnist_core.runs import Run, RunError, latest, list_runs
from ui import caches, words


def run_in_view(recipe: str) -> Run | None:
    """The run the Train page shows; of one that is damaged the page gets the reason instead."""
    run = wanted_run(recipe)
    try:
        if run is not None:
            run.check()
        return run
    except RunError as error:
        st.error(str(error))
        return None


def wanted_run(recipe: str) -> Run | None:
    """What is training now, else what the URL names, else the recipe's shipped run."""
    live = caches.worker().run
    if live is not None:
        if st.query_params.get("run") != live.name:
            st.query_params["run"] = live.name  # so that this page still shows it when it has ended
        return live
    linked = linked_run()
    if linked is not None:
        return linked
    if "run" in st.query_params:
        st.warning("The run in this link is not on this server; it shows the recipe's own run instead.")
    return next((run for run in list_runs() if run.name == recipe), None)


def linked_run() -> Run | None:
    """The run that the page's address names, if it is on this server; the name is only ever compared."""
    return next((run for run in list_runs() if run.name == st.query_params.get("run")), None)


def choose_run(default: str = "accurate", label: str = "Model", parameter: str = "run", votes: bool = True) -> Run:
    """A picker among the runs that have been tested; the page's address keeps the choice, as `parameter`.

    Without `votes` only single networks can be chosen. With no such run the page says how to make one, and ends.
    """
    runs = {run.name: run for run in list_runs() if is_tested(run) and (votes or not run.members)}
    wanted = st.query_params.get(parameter)
    if wanted is not None and wanted not in runs:
        st.warning(f"{why_not(wanted, votes)}{' Another one is shown instead.' if runs else ''}")
    if not runs:
        st.info("There is no tested model yet. Train one: it appears here when it is finished or stopped.")
        st.page_link("Home.py", label="Train a network", icon=":material/play_circle:")
        st.stop()
    key = f"choice_of_{parameter}"
    first = default if default in runs else next(iter(runs))
    st.session_state[key] = wanted if wanted in runs else first  # the address decides, after a link too
    name = st.selectbox(
        label,
        list(runs),
        format_func=lambda name: words.described(runs[name]),
        key=key,
        on_change=lambda: st.query_params.update({parameter: st.session_state[key]}),
        help="Every model that was tested on this server. The address of this page names the one you chose.",
    )
    return runs[name]


def why_not(name: str, votes: bool = True) -> str:
    """Why the run of this name, which a link asks for, cannot be shown by its answers, or because it is a vote."""
    run = next((run for run in list_runs() if run.name == name), None)
    if run is None:
        return "The run in this link is not on this server."
    if run.members and not votes:
        return f"{words.label(run)} is several networks that vote; this page is about one."
    try:
        return run.error or f"{words.label(run)} is not tested: it is still training, or was cut off before its test."
    except RunError as error:
        return str(error)


def kept_in_links() -> dict[str, str]:
    """What a link to another page takes along from this page's address: the run and the digit that were chosen."""
    return {name: st.query_params[name] for name in ("run", "digit", "from") if name in st.query_params}


def is_tested(run: Run) -> bool:
    """Does it have a result that can be read?"""
    try:
        return bool(run.result)
    except RunError:
        return False


def pulse() -> float:
    """Seconds between two looks at what is training: often enough to be live, rarely enough to be cheap."""
    worker = caches.worker()
    return 5.0 if worker.run is None else 0.25 if worker.stopping else 1.0


def status_strip() -> None:
    """In the sidebar of every page: what is training now, wherever it was started."""
    run = caches.worker().run
    with st.container(key="strip"):
        st.fragment(strip, run_every=pulse())(run.name if run else None)


def strip(name: str | None) -> None:
    """The run of this name as it stands, or that there is none; when that changes, the whole page runs again."""
    worker = caches.worker()
    run = worker.run
    if (run.name if run else None) != name:
        st.rerun()
    if run is None:
        st.caption("Nothing is training now.")
        return
    last = latest(run.history)
    done = last["step"] / last["steps"] if last else 0.0
    text = "stopping" if worker.stopping else "testing" if done == 1 else f"training, {done:.0%}"
    st.progress(done, text=f"**{words.label(run)}** · {text}")


def data_banner() -> None:
    """Above every page while MNIST is not here: what is used instead, and how to get it."""
    source = caches.source()
    source.wait_for_look()  # is it on this machine already? that takes a moment to check, once
    if not source.ready:
        _banner()


@st.fragment(run_every=1)
def _banner() -> None:
    source = caches.source()
    if source.ready:
        st.rerun()
    with st.container(key="banner", border=True):
        first = "**Sample digits, not MNIST:** the app uses 1,797 small digits that come with it, until MNIST is here."
        st.markdown(first)
        if source.state in ("looking", "connecting", "downloading"):
            st.progress(source.fraction, text=f"Fetching MNIST, {source.fraction:.0%} of 11 MB")
            return
        offline = "This machine seems to be offline." if source.state == "offline" else ""
        st.caption(
            f"{source.sentence} {offline} To get MNIST, connect to the internet and look again, or let the environment "
            "variable MNIST_DATA_DIR name a folder with MNIST/raw in it and start the app anew."
        )
        if st.button("Look again", key="look_again", icon=":material/refresh:"):
            source.look()


def digits_or_none(dataset: str, part: str) -> Digits | None:
    """The digits if they are on this machine, else None: pages then leave the pictures out and say so."""
    try:
        return caches.digits(dataset, part)
    except DataError:
        return None
