"""The parts of the Curves page about several runs: which are chosen, how they are drawn, their table."""

from dataclasses import asdict

import pandas as pd
import streamlit as st

from mnist_core.config import setting_of
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run, RunError, list_runs
from ui import address, caches, controls, figures, learning, report
from ui.browse import title
from ui.learning import View
from ui.words import percent, value_of

MOST = 10  # runs at once: more lines than that cannot be followed
SMOOTHING = {"1": "none", "12": "some", "40": "much"}


def choose_runs() -> list[Run]:
    """A searchable picker of several runs; the address keeps them as `runs`, with commas between.

    At first it is the runs of the seeds' recipes, the one another page was about, and what is training.
    """
    runs = {run.name: run for run in list_runs()}
    if not runs:
        st.info("There is no run yet. Train one: its curves appear here while it learns.")
        return []
    live = caches.worker().run
    linked = st.query_params.get("run")
    if "runs" in st.query_params:
        wanted = [name for name in st.query_params["runs"].split(",") if name]
    else:
        if live and linked != live.name:
            linked = st.query_params["run"] = live.name  # so that it is still shown when it has ended
        seeds = [name for name, recipe in RECIPES.items() if recipe.reported and name in runs]
        wanted = [*(seeds or list(runs)[:5]), *([linked] if linked else [])]
    known = list(dict.fromkeys(name for name in wanted if name in runs))
    if len(known) < len(set(wanted)):
        st.warning("A run in this link is not on this server; the others are shown.")
    if len(known) > MOST:
        st.warning(f"At most {MOST} runs fit into one picture; the first {MOST} of this link are shown.")
    st.session_state["address_runs"] = known[:MOST]
    names = st.multiselect(
        "Runs",
        list(runs),
        format_func=lambda name: title(runs[name]),
        max_selections=MOST,
        key="address_runs",
        on_change=lambda: address.change(runs=",".join(st.session_state["address_runs"]), digit=None),
        placeholder="Choose runs; type to search",
    )
    if live and live.name in runs and live.name not in names:
        add = ",".join([*names[: MOST - 1], live.name])
        st.button("Add the run that is training now", on_click=lambda: address.change(runs=add), key="add_live")
    return [runs[name] for name in names]


def choose_view() -> View:
    """What of the curves is drawn: the address keeps it."""
    with st.container(horizontal=True, key="view"):
        metric = address.choice(
            "Curve",
            learning.METRICS,
            "metric",
            "accuracy",
            "Accuracy: digits read correctly, divided by all that were read. Loss: the mean of −ln(probability given "
            "to the right digit), in nats; 2.30 is guessing. Learning rate: the size of a step.",
        )
        usual = "log" if metric == "loss" else "linear"
        scale = address.choice(
            "Scale",
            learning.SCALES,
            "scale",
            usual,
            "On a logarithmic scale equal distances are equal factors. Accuracy is then drawn as 1 − accuracy, the "
            "share misread.",
        )
        by = address.choice(
            "Against",
            learning.AXES,
            "by",
            "epoch",
            "An epoch is one pass over all training digits, a step is one batch, seconds are those of the machine the "
            "run was trained on.",
        )
        part = address.choice(
            "Measured on",
            learning.PARTS,
            "part",
            "both",
            "Training: the latest batches, as it learns. Validation: digits held out, at the end of each epoch.",
        )
        smoothing = address.choice(
            "Smoothing",
            SMOOTHING,
            "smoothing",
            "12",
            "The training lines show the mean of the latest 1, 12 or 40 values; the values themselves stay visible, "
            "paler, behind them.",
        )
    return View(metric, scale, by, part, int(smoothing))


def histories_of(runs: list[Run]) -> dict[str, learning.Rows]:
    """The chosen runs' histories; what cannot be read is said instead."""
    found = {}
    for run in runs:
        try:
            found[run.name] = caches.history(run)
            if run.error:
                st.error(f"{title(run)}: {run.error}")
        except RunError as error:
            st.error(str(error))
    return found


def figure(runs: list[Run], view: View) -> None:
    """The runs' curves, and what there is to notice."""
    histories = histories_of(runs)
    st.plotly_chart(
        learning.curves(histories, {run.name: title(run) for run in runs}, view),
        key="curves",
        config=figures.NO_BAR,
        alt=f"{learning.METRICS[view.metric]} against {learning.AXES[view.by]}: {', '.join(map(title, runs))}",
    )
    st.caption(notice(runs, view))


def notice(runs: list[Run], view: View) -> str:
    """What to notice in the curves, in a sentence or two for a learner."""
    if view.metric == "learning_rate":
        return "What to notice: large steps find the valley, small ones its floor; most schedules end small."
    text = (
        "What to notice: dotted is training, full with markers validation. Where a dotted line goes on improving and "
        "its full one does not, that network has begun to learn by heart."
    )
    if len({run.config.dataset for run in runs}) > 1:
        text += " Runs on the sample digits and on MNIST read different digits: their curves cannot be compared."
    if view.metric == "loss" and len({run.config.label_smoothing > 0 for run in runs}) > 1:
        text += " Runs with label smoothing have a higher loss by design: they are kept from being certain."
    return text


def summary(runs: list[Run]) -> None:
    """The best of the chosen runs, each in one figure."""
    tested = [run for run in runs if controls.is_tested(run)]
    if not tested:
        return
    mnist = [run for run in tested if run.config.dataset == "mnist"]
    best = max(mnist or tested, key=lambda run: run.result["test"]["accuracy"])
    low, high = best.result["test"]["interval"]
    quick = min(tested, key=lambda run: run.result["cpu_seconds"])
    small = min(tested, key=lambda run: run.result["parameters"])
    report.figures_row(
        (
            "Best test accuracy",
            percent(best.result["test"]["accuracy"]),
            title(best),
            "Test digits read correctly, divided by all test digits. The 95 % interval, where another test set would "
            f"likely put it, is {100 * low:.2f} to {100 * high:.2f} %: a run inside it does not clearly differ.",
        ),
        (
            "Least work",
            f"{quick.result['cpu_seconds']:,.0f} CPU s",
            title(quick),
            "Seconds that the processor's cores worked for the training, added up.",
        ),
        (
            "Smallest network",
            f"{small.result['parameters']:,}",
            title(small),
            "Parameters: the weights and biases that the network learned, counted.",
        ),
    )


TABLE_COLUMNS = report.SHELF_COLUMNS | {
    "Run": st.column_config.TextColumn(pinned=True, help="What the run is called on all pages."),
    "Validation": st.column_config.NumberColumn(
        format="%.2f %%", help="Share of the held-out digits that the kept network reads correctly."
    ),
    "Test accuracy": st.column_config.NumberColumn(
        format="%.2f %%", help="Test digits read correctly, divided by all test digits."
    ),
}


def table(runs: list[Run]) -> None:
    """The chosen runs with the settings that set them apart in front, to be sorted by a click on a column."""
    settings = [asdict(run.config) for run in runs]
    apart = [name for name in settings[0] if len({values[name] for values in settings}) > 1]
    rows = []
    for run, values in zip(runs, settings, strict=True):
        shelf = report.shelf_row(run)
        validation = run.result["validation"]["accuracy"] if controls.is_tested(run) else None
        rows.append(
            {"Run": title(run)}
            | {setting_of(name).label: cell_of(name, values[name]) for name in apart}
            | {name: shelf[name] for name in ("Test accuracy", "95 % interval")}
            | {"Validation": None if validation is None else round(100 * validation, 2)}
            | {name: shelf[name] for name in ("CPU seconds", "Parameters", "Status")}
        )
    help_of = {setting_of(name).label: st.column_config.Column(help=setting_of(name).help) for name in apart}
    st.dataframe(
        pd.DataFrame(rows),
        column_config=help_of | TABLE_COLUMNS,
        hide_index=True,
        key="table",
        alt="The chosen runs: the settings that differ, test accuracy with its interval, CPU seconds and parameters",
    )
    same = [name for name in ("dataset", "batch_size", "schedule", "augmentation", "seed") if name not in apart]
    shared = ", ".join(f"{setting_of(name).label.lower()} {value_of(name, settings[0][name])}" for name in same)
    st.caption(
        "Only the settings that differ are columns; click one to sort by it. "
        + (f"The same in all: {shared}." if len(runs) > 1 and shared else "")
    )


def cell_of(name: str, value: object) -> object:
    """A setting in the table: numbers stay numbers, so that they sort as such."""
    return value_of(name, value) if isinstance(value, str) else value
