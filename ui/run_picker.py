"""What every page says about the server: which run is in view, what is training, whether MNIST is here."""

import streamlit as st

from mnist_core.analysis.evaluation import Evaluation
from mnist_core.runs import Run, RunError
from ui import caches, labels, shell
from ui.caches import evaluation
from ui.labels import choice_title, unique_run_label


def incomparable_reason(first: Run, second: Run) -> str | None:
    """The sentence that says that two runs were tested on different digits, or None if they were not."""
    if first.config.dataset == second.config.dataset:
        return None
    tested = [
        f"{unique_run_label(run)} was tested on {choice_title('dataset', run.config.dataset)}"
        for run in (first, second)
    ]
    return f"{tested[0]}, {tested[1]}: digit by digit, they cannot be compared. Choose two runs with the same digits."


def run_in_view(recipe: str) -> Run | None:
    """The run the Train page shows; of one that is damaged the page gets the reason instead."""
    run = requested_run(recipe)
    try:
        if run is not None:
            run.check()
        return run
    except RunError as error:
        st.error(str(error))
        return None


def requested_run(recipe: str) -> Run | None:
    """What is training now, else what the URL names, else the recipe's shipped run."""
    live = caches.executor().run
    if live is not None:
        if st.query_params.get("run") != live.name:
            st.query_params["run"] = live.name  # so that this page still shows it when it has ended
        return live
    linked = linked_run()
    if linked is not None:
        return linked
    if "run" in st.query_params:
        st.warning("The run in this link is not on this server; it shows the recipe's own run instead.")
    return caches.find_run(recipe)


def linked_run() -> Run | None:
    """The run that the page's address names, if it is on this server; the name is only ever compared."""
    return caches.find_run(st.query_params.get("run"))


def choose_run(default: str = "accurate", label: str = "Model", parameter: str = "run", votes: bool = True) -> Run:
    """A picker among the runs that have been tested; the page's address keeps the choice, as `parameter`.

    Without `votes` only single networks can be chosen. With no such run the page says how to make one, and ends.
    """
    runs = {run.name: run for run in caches.runs() if run.tested and (votes or not run.members)}
    wanted = st.query_params.get(parameter)
    if wanted is not None and wanted not in runs:
        st.warning(f"{unavailable_reason(wanted, votes)}{' Another one is shown instead.' if runs else ''}")
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
        format_func=lambda name: labels.run_description(runs[name]),
        key=key,
        on_change=lambda: st.query_params.update({parameter: st.session_state[key]}),
        help="Every model that was tested on this server. The address of this page names the one you chose.",
    )
    return runs[name]


def unavailable_reason(name: str, votes: bool = True) -> str:
    """Why the run of this name, which a link asks for, cannot be shown by its answers, or because it is a vote."""
    run = caches.find_run(name)
    if run is None:
        return "The run in this link is not on this server."
    if run.members and not votes:
        return f"{labels.run_label(run)} is several networks that vote; this page is about one."
    try:
        return (
            run.error or f"{labels.run_label(run)} is not tested: it is still training, or was cut off before its test."
        )
    except RunError as error:
        return str(error)


def evaluation_or_stop(run: Run, page: str) -> Evaluation:
    """The run's stored predictions; when they are damaged the page of this title says so, and ends."""
    try:
        return evaluation(run)
    except RunError as error:
        st.error(str(error))
        shell.links_to_other_pages(page)
        st.stop()
