"""Pickers of the run that a page shows, and what the page says when that run cannot be shown."""

import streamlit as st

from mnist_core.analysis.evaluation import Evaluation
from mnist_core.runs import Run, RunError
from ui import caches, labels, shell, url_state, visitor
from ui.labels import choice_title
from ui.run_name import all_run_labels, unique_run_label


def are_comparable(first: Run, second: Run) -> bool:
    """Return whether two runs were tested on the same digits."""
    return first.config.dataset == second.config.dataset


def incomparable_reason(first: Run, second: Run) -> str | None:
    """Return the sentence that says that two runs were tested on different digits; None if they were not."""
    if are_comparable(first, second):
        return None
    tested = [
        f"{unique_run_label(run)} was tested on {choice_title('dataset', run.config.dataset)}"
        for run in (first, second)
    ]
    return f"{tested[0]}, {tested[1]}: digit by digit, they cannot be compared. Choose two runs with the same digits."


def run_in_view() -> Run | None:
    """Return the run that the Train page shows, None before the first and, with an error, for a damaged one."""
    run = requested_run()
    try:
        if run is not None:
            _ = run.result, run.error, caches.history(run), caches.snapshots(run)
        return run
    except RunError as error:
        st.error(str(error))
        return None


def requested_run() -> Run | None:
    """Return the run in the URL, else the visitor's that is training or in line; None if there is neither."""
    linked = linked_run()
    mine = visitor.my_run() if linked is None else None
    if mine is not None:
        st.query_params["run"] = mine.name  # so that this page still shows it when it has ended
        return mine
    if linked is None and "run" in st.query_params:
        st.warning(f"{missing_reason(st.query_params['run'])} Train one of your own instead.")
    return linked


def linked_run() -> Run | None:
    """Return the run in the URL, if it is on this server. The name is only compared, never used as a path."""
    return caches.find_run(st.query_params.get("run"))


def missing_reason(name: str) -> str:
    """Return why there is no run of this name, which a link asks for, as a sentence: it is damaged, or not here."""
    damaged = next((run for run in caches.damaged_runs() if run.name == name), None)
    return damaged.reason if damaged else "The run in this link is not on this server."


def run_before(run: Run) -> Run | None:
    """Return the run of the same digits that was tested last before this one; else its recipe's shipped run, if any."""
    tested = [other for other in caches.runs() if other.tested and other.config.dataset == run.config.dataset]
    earlier = [other for other in tested if not other.shipped and other.created < run.created]
    if earlier and not run.shipped:
        return max(earlier, key=lambda other: other.created)
    return next((other for other in tested if other.name == run.recipe and other.name != run.name), None)


def choose_run(default: str = "accurate", label: str = "Model", parameter: str = "run", ensembles: bool = True) -> Run:
    """Show a picker among the tested runs, whose choice is kept in the URL as `parameter`, and return the chosen run.

    `default` is for a session that has not chosen or trained any run: see `session_run`. With `ensembles=False` only
    single networks can be chosen. Without any such run, say how to train one and stop the page.
    """
    runs = {run.name: run for run in caches.runs() if run.tested and (ensembles or not run.members)}
    requested = st.query_params.get(parameter)
    if requested is not None and requested not in runs:
        st.warning(f"{unavailable_reason(requested, ensembles)}{' Another one is shown instead.' if runs else ''}")
    if not runs:
        st.info("There is no tested model yet. Train one: it appears here when it is finished or stopped.")
        shell.page_link("Train", "Train a network")
        st.stop()
    run_labels = all_run_labels()
    key = f"choice_of_{parameter}"
    default = default if default in runs else next(iter(runs))
    st.session_state[key] = (
        requested if requested in runs else default
    )  # the URL decides, also when a link was followed
    name = st.selectbox(
        label,
        list(runs),
        format_func=lambda name: labels.run_description(runs[name], run_labels[name]) + visitor.whose(runs[name]),
        key=key,
        on_change=lambda: st.query_params.update({parameter: st.session_state[key]}),
        help="All models that were tested on this server. The address of this page contains the one you choose.",
    )
    return runs[name]


def unavailable_reason(name: str, ensembles: bool = True) -> str:
    """Return why the run of this name, which a link asks for, cannot be chosen: see `choose_run`."""
    run = caches.find_run(name)
    if run is None:
        return missing_reason(name)
    if run.members and not ensembles:
        return f"{unique_run_label(run)} combines several networks; this page is about a single one."
    try:
        return (
            labels.without_markup(run.error or "")
            or f"{unique_run_label(run)} is not tested: it is still training, or was interrupted before its test."
        )
    except RunError as error:
        return str(error)


def choose_several(
    label: str, names: list[str], chosen: list[str], maximum: int, placeholder: str, resets: tuple[str, ...] = ()
) -> list[str]:
    """Show a picker of several runs and return the names chosen; the URL keeps them as `runs`, separated by commas.

    `chosen` are those of the URL, at most `maximum`. A new choice removes the parameters `resets` from the URL.
    """
    key, run_labels = url_state.widget_key("runs"), all_run_labels()
    st.session_state[key] = chosen
    return st.multiselect(
        label,
        names,
        format_func=lambda name: run_labels[name],
        max_selections=maximum,
        key=key,
        on_change=lambda: url_state.update(runs=",".join(st.session_state[key]), **dict.fromkeys(resets)),
        placeholder=placeholder,
    )


def evaluation_or_stop(run: Run, page: str) -> Evaluation:
    """Return the run's evaluation; when its predictions are damaged, the page of this title says so and stops."""
    try:
        return caches.evaluation(run)
    except RunError as error:
        st.error(str(error))
        shell.next_steps(page)
        st.stop()
