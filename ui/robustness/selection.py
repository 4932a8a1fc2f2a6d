"""Which runs and which corruption the Robustness page shows, and what was measured of them."""

from dataclasses import dataclass

import streamlit as st

from mnist_core.analysis.corruptions import CORRUPTIONS, Corruption
from mnist_core.analysis.robustness import Robustness
from mnist_core.runs import Run, RunError
from ui import caches, run_picker, url_state
from ui.run_name import all_run_labels

DEFAULT_RUN, DEFAULT_CORRUPTION = "accurate", "fog"  # the best of the shelf where it is worst
COMPARED_RUNS = ("mnist-cnn-adam", "fast", "accurate", "pen", "robust", "ensemble")  # at first, those that are there
MAX_RUNS = 8  # more columns do not fit
RESET_PARAMETERS = ("page_misread",)  # of the URL, when another cell is selected


@dataclass(frozen=True)
class Measured:
    """The runs of the page, and the results of those that were measured, by name."""

    runs: list[Run]
    results: dict[str, Robustness]
    labels: dict[str, str]


def choose_run_and_others() -> tuple[Run, list[Run]]:
    """Show the picker of the run whose digits are shown, and that of all runs of the heat map; return both choices.

    The chosen run is always among them. The URL keeps the others as `runs`, separated by commas.
    """
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    with left:
        run = run_picker.choose_run(DEFAULT_RUN)
    tested = {other.name: other for other in caches.runs() if other.tested}
    requested = st.query_params.get("runs", ",".join(COMPARED_RUNS)).split(",")
    names = list(dict.fromkeys(name for name in requested if name in tested))[:MAX_RUNS]
    with right:
        names = run_picker.choose_several("Compare", list(tested), names, MAX_RUNS, "Choose models; type to search")
    if run.name not in names:
        names = [*names[: MAX_RUNS - 1], run.name]
    return run, [tested[name] for name in names]


def results_of(runs: list[Run]) -> Measured:
    """Return what was measured of these runs; show why a result cannot be read."""
    results = {}
    for run in runs:
        try:
            result = caches.robustness(run)
        except RunError as error:
            st.error(str(error))
            continue
        if result is not None:
            results[run.name] = result
    everything = all_run_labels()
    return Measured(runs, results, {run.name: everything[run.name] for run in runs})


def selected_corruption() -> Corruption:
    """Return the corruption in the URL; when there is no such one, say so and return the first that is shown."""
    name = st.query_params.get("corruption", DEFAULT_CORRUPTION)
    if name not in CORRUPTIONS:
        st.warning(
            f"The corruption in this link does not exist; {CORRUPTIONS[DEFAULT_CORRUPTION].title.lower()} is shown."
        )
        name = DEFAULT_CORRUPTION
    return CORRUPTIONS[name]


def select(corruption: str, run: str | None) -> None:
    """Write a corruption, and a run unless it is to stay as it is, into the URL."""
    chosen = {} if run is None else {"run": run}
    url_state.update(corruption=corruption, **chosen, **dict.fromkeys(RESET_PARAMETERS))
