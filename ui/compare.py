"""The parts of the Curves page: which runs are chosen, how they are drawn, their table, and what sets two apart."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from mnist_core.config import setting_of
from mnist_core.metrics import Difference, what_differs
from mnist_core.recipes import RECIPES
from mnist_core.runs import Predictions, Run, RunError, list_runs
from ui import address, browse, caches, controls, learning, report
from ui.browse import title
from ui.learning import View
from ui.words import percent, value_of

MOST = 10  # runs at once: more lines than that cannot be followed
SMOOTHING = {"1": "none", "12": "some", "40": "much"}
SURE = 0.05  # the customary border below which a difference is taken for real


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
        config={"displayModeBar": False},
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


def pair_of(chosen: list[Run]) -> tuple[Run, Run] | None:
    """Two tested runs to set against each other; with fewer than two the page says so."""
    tested = [run for run in list_runs() if controls.is_tested(run)]
    if len(tested) < 2:
        st.info("Two tested runs are needed for this. Train another one: it appears here when it is finished.")
        return None
    order = [run for run in chosen if run.name in {other.name for other in tested}] + tested
    first = order[0]
    fitting = [run for run in order if run.name != first.name and run.config.dataset == first.config.dataset]
    second = next(iter(fitting), next(run for run in tested if run.name != first.name))
    with st.container(horizontal=True, key="pair"):
        return (
            controls.choose_run(first.name, "First run", "a"),
            controls.choose_run(second.name, "Second run", "b"),
        )


def apart(first: Run, second: Run) -> None:
    """The digits that one of two runs reads right and the other wrong, and whether that is more than chance."""
    if first.name == second.name:
        st.info("These are the same run. Choose two different ones.")
        return
    sentence = browse.not_comparable(first, second)
    if sentence:
        st.warning(sentence)
        return
    try:
        answers = [caches.predictions(run) for run in (first, second)]
    except RunError as error:
        st.error(str(error))
        return
    if not np.array_equal(answers[0].labels, answers[1].labels):
        st.warning("These two were tested on different digits, so they cannot be compared digit by digit.")
        return
    found = what_differs(answers[0].log_probabilities, answers[1].log_probabilities, answers[0].labels)
    counts = len(found.only_first), len(found.only_second)
    st.markdown(verdict(*counts, found.p_value, title(first), title(second)))
    st.caption(
        "How this is reckoned (McNemar's exact test): only digits that one reads right and the other wrong say "
        "anything about which is better. If they were equally good, a coin would decide each of them; p is how often "
        f"coins fall at least as unevenly as {counts[0]} to {counts[1]}. Below {SURE:g} a difference is taken for real."
    )
    galleries(first, second, answers, found)


def verdict(only_first: int, only_second: int, p_value: float, first: str, second: str) -> str:
    """McNemar's result in words."""
    if only_first + only_second == 0:
        return f"**These two do not differ:** {first} and {second} read the very same digits right."
    chance = "less than 0.01 %" if p_value < 1e-4 else f"{100 * p_value:.3g} %"
    counted = (
        f"{only_first:,} digits are read right only by {first}, {only_second:,} only by {second}. Equally good "
        f"networks would be at least this uneven in {chance} of cases (p = {p_value:.2g})."
    )
    if p_value >= SURE:
        return f"**These two do not differ**, as far as these test digits can tell. {counted}"
    better = first if only_first > only_second else second
    return f"**These two differ: {better} is better.** {counted}"


def galleries(first: Run, second: Run, answers: list[Predictions], found: Difference) -> None:
    """Both kinds of digits side by side, and below them the one that was clicked."""
    count = len(answers[0].labels)
    selected = address.number("digit", count)
    if address.refused("digit", count):
        st.warning(f"The digit in this link does not exist: the test set ends at {count - 1}.")
    digits = browse.tested_digits(first, answers[0].labels)
    if digits is None:
        st.caption(browse.NO_PICTURES)
    kinds = (("a", first, found.only_first, answers[1]), ("b", second, found.only_second, answers[0]))
    for place, (key, run, places, wrong) in zip(st.columns(2, gap="medium"), kinds, strict=True):
        with place:
            about = f"Read right only by {title(run)}: {len(places):,}"
            st.markdown(f"**{about}**")
            if len(places):
                selected = browse.gallery_of(key, about, places, wrong, digits, written_and_read, selected)
    if selected is not None:
        browse.detail(selected, digits, {title(first): (first, answers[0]), title(second): (second, answers[1])})


def written_and_read(written: int, read: int, certain: float) -> str:
    """What stands below a digit: what the run that was wrong took it for."""
    return f"{written} → {read}"
