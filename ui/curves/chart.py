"""The learning curves of the chosen runs."""

import html
from dataclasses import astuple

import streamlit as st

from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.runs import Run, RunError
from ui import caches, charts, glossary, learning_curves
from ui.charts import RunStyle
from ui.insight import insight
from ui.labels import without_markup
from ui.learning_curves import CurveView
from ui.run_name import all_run_labels

GLYPHS = {"circle": "●", "diamond": "◆", "square": "■", "triangle-up": "▲", "cross": "✚"}  # Plotly's symbols, as text


def load_histories(runs: list[Run], labels: dict[str, str]) -> dict[str, learning_curves.Rows]:
    """Return the history of each run by name; show why a run failed or its history cannot be read."""
    histories: dict[str, learning_curves.Rows] = {}
    for run in runs:
        try:
            histories[run.name] = caches.history(run)
            if run.error:
                st.error(f"{labels[run.name]}: {without_markup(run.error)}")
        except RunError as error:
            st.error(str(error))
    return histories


def show_curves(runs: list[Run], view: CurveView) -> None:
    """Show the learning curves of the runs with their legend, and what to notice in them."""
    everything = all_run_labels()
    labels = {run.name: everything[run.name] for run in runs}
    histories = load_histories(runs, labels)
    sizes = {name: len(rows) for name, rows in histories.items()}
    st.plotly_chart(
        caches.figure(
            (
                "curves",
                *astuple(view),
                *((run.name, run.created, labels[run.name], sizes.get(run.name)) for run in runs),
            ),
            lambda: learning_curves.curves(histories, labels, view),
        ),
        key="curves",
        config=charts.PLOTLY_CONFIG,
        alt=f"{learning_curves.METRICS[view.metric]} against {learning_curves.AXES[view.by]}: "
        + ", ".join(labels.values()),
    )
    drawn = [name for name, rows in histories.items() if rows]
    st.html(legend(charts.run_styles(list(histories)), {name: labels[name] for name in drawn}))
    if view.metric != "learning_rate" and view.part == "both":
        glossary.caption(
            "Dotted: digits it is learning from ([[training set]]). Solid, with markers: digits held out, which it "
            "never learns from ([[validation set]])."
        )
    for sentence in [*cautions(runs, view), *hidden_runs(histories, labels, view)]:
        glossary.caption(sentence)
    insight(what_to_notice(view))


def legend(styles: dict[str, RunStyle], labels: dict[str, str]) -> str:
    """Return the runs with their colours and markers as HTML, in text that wraps on a phone and grows with the page."""
    entries = [
        f'<span><i style="color: {styles[name].colour}">{GLYPHS[styles[name].symbol]}</i> {html.escape(label)}</span>'
        for name, label in labels.items()
    ]
    return f'<div class="curve-legend">{"".join(entries)}</div>'


def what_to_notice(view: CurveView) -> str:
    """Return what to notice in the curves, with terms of the glossary."""
    if view.metric == "learning_rate":
        return "Large steps find the valley, small ones its floor; most [[schedules|schedule]] end with small ones."
    return (
        "Where the training line keeps improving and the validation line does not, the network has begun to memorise: "
        "that is [[overfitting]]."
    )


def hidden_runs(histories: dict[str, learning_curves.Rows], labels: dict[str, str], view: CurveView) -> list[str]:
    """Return a sentence for each run whose curves lie exactly on those of a run before it."""
    first: dict[str, str] = {}  # name -> the first run with these curves
    for name, later in learning_curves.covering(histories, view).items():
        for other in later:
            first.setdefault(other, first.get(name, name))
    return [
        f"{labels[name]} lies exactly on {labels[other]}, which is drawn wider so that both can be seen: their numbers "
        "are the same."
        for name, other in first.items()
    ]


def cautions(runs: list[Run], view: CurveView) -> list[str]:
    """Return a sentence for each reason why these curves are not to be compared as they are."""
    configs = [run.config for run in runs if isinstance(run.config, TrainConfig)]
    sentences = []
    if view.metric != "learning_rate" and len({run.config.dataset for run in runs}) > 1:
        sentences.append("MNIST and the sample digits are different digits: curves on both cannot be compared.")
    if view.metric == "loss" and len({config.label_smoothing > 0 for config in configs}) > 1:
        sentences.append(
            "Runs with label smoothing have a higher loss by design: they are trained not to be too confident."
        )
    if any(isinstance(run.config, EnsembleConfig) for run in runs):
        sentences.append("An ensemble has no curve: it is not trained, its members were.")
    return sentences
