"""Learning curves as a figure: those of one run, or of several laid over each other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from mnist_core.runs import HistoryRow
from ui.charts import finish, run_colour, run_symbol
from ui.palette import TRAINING, VALIDATION

METRICS = {"accuracy": "Accuracy", "loss": "Loss", "learning_rate": "Learning rate"}
RUN_METRICS = {"accuracy": "Accuracy", "error": "Error, log scale", "loss": "Loss, log scale"}
ERROR_TICKS = {"tickvals": [0.003, 0.01, 0.03, 0.1, 0.3, 0.9], "ticktext": ["0.3%", "1%", "3%", "10%", "30%", "90%"]}
SCALES = {"linear": "linear", "log": "log"}
AXES = {"epoch": "epochs", "step": "steps", "seconds": "seconds"}
PARTS = {"both": "both", "training": "training", "validation": "validation"}
WARM_UP = 0.1  # of a run: the losses of this first part would make a linear axis too tall to read
SMOOTHING = 12  # of at most 400 rows: a line that is easy to follow, with the raw one visible behind it
Rows = Sequence[HistoryRow]


@dataclass(frozen=True)
class CurveView:
    """Which curves are drawn, and how."""

    metric: str = "accuracy"  # one of METRICS
    scale: str = "linear"  # one of SCALES; on a logarithmic axis accuracy becomes the error rate, 1 - accuracy
    by: str = "epoch"  # one of AXES
    part: str = "both"  # one of PARTS
    smoothing: int = SMOOTHING  # rows in each mean of the training lines; the raw ones stay visible behind them


def run_curve(rows: Rows, metric: str, epochs: float) -> go.Figure:
    """Draw one of `RUN_METRICS` of a run against epochs, training and validation in a colour each.

    The axes do not move while the curve grows, unless the loss explodes.
    """
    loss = metric == "loss"
    view = CurveView("loss" if loss else "accuracy", "linear" if metric == "accuracy" else "log")
    figure = finish(go.Figure(), 200, top=34)
    x, y = series(rows, view.metric, view)
    smooth = smoothed(y, view.smoothing)
    number = "%{y:.4f}" if loss else "%{y:.2%}"
    hover = f"epoch %{{x:.2f}}: {number}"
    _add_raw(figure, x, y, TRAINING, opacity=0.3)
    figure.add_scatter(
        x=x, y=smooth, mode="lines", name="training (smoothed)", line={"color": TRAINING, "width": 2},
        hovertemplate=hover,
    )  # fmt: skip
    x, y = series(rows, f"validation_{view.metric}", view)
    _add_validation(figure, x, y, VALIDATION, "circle", "validation", hover)
    figure.update_xaxes(range=[0, epochs * 1.02], ticksuffix=" epochs", showticksuffix="last")
    if metric == "accuracy":
        figure.update_yaxes(title="accuracy", range=[0, 1.04], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    elif metric == "error":
        figure.update_yaxes(title="misread", type="log", range=[-2.7, 0.06], **ERROR_TICKS)
    else:
        largest = max((row[name] for row in rows for name in ("loss", "validation_loss") if name in row), default=1.0)
        top = max(1, math.ceil(math.log10(max(largest, 1e-9))))
        ticks = [10.0**power for power in range(-2, top + 1)]
        texts = [f"{tick:g}" for tick in ticks]
        figure.update_yaxes(title="loss", type="log", range=[-2.5, top + 0.1], tickvals=ticks, ticktext=texts)
    return _with_legend(figure, y=1.02, yanchor="bottom")


def curves(histories: Mapping[str, Rows], labels: Mapping[str, str], view: CurveView) -> go.Figure:
    """Draw each run's curves in its own colour: training dotted, validation solid with a marker at each epoch.

    `histories` and `labels` are keyed by the name of the run.
    """
    figure = finish(go.Figure(), 430)
    schedule = view.metric == "learning_rate"
    for name, rows in histories.items():
        colour, label = run_colour(name), labels[name]
        if schedule or view.part != "validation":
            x, y = series(rows, view.metric, view)
            smooth = y if schedule else smoothed(y, view.smoothing)
            if smooth != y:
                _add_raw(figure, x, y, colour, opacity=0.25, group=name)
            figure.add_scatter(
                x=x, y=smooth, mode="lines", line={"color": colour, "width": 2, "dash": "solid" if schedule else "dot"},
                name=label, legendgroup=name, hovertemplate=hover_template(label, "training", view),
                showlegend=schedule or view.part == "training",  # else the line with the marker stands for the run
            )  # fmt: skip
        if not schedule and view.part != "training":
            x, y = series(rows, f"validation_{view.metric}", view)
            _add_validation(
                figure, x, y, colour, run_symbol(name), label, hover_template(label, "validation", view), name
            )
    figure.update_xaxes(title=AXES[view.by], rangemode="tozero")
    figure.update_yaxes(**y_axis(histories, view))
    return _with_legend(figure, y=-0.16, yanchor="top")


def _add_raw(
    figure: go.Figure, x: list[float], y: list[float | None], colour: str, opacity: float, group: str | None = None
) -> None:
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": colour, "width": 1}, opacity=opacity, hoverinfo="skip",
        showlegend=False, legendgroup=group,
    )  # fmt: skip


def _add_validation(
    figure: go.Figure,
    x: list[float],
    y: list[float | None],
    colour: str,
    symbol: str,
    label: str,
    hover: str,
    group: str | None = None,
) -> None:
    figure.add_scatter(
        x=x, y=y, mode="lines+markers", line={"color": colour, "width": 2.5}, marker={"size": 8, "symbol": symbol},
        name=label, legendgroup=group, showlegend=True, hovertemplate=hover,
    )  # fmt: skip


def _with_legend(figure: go.Figure, **position: object) -> go.Figure:
    """Show a horizontal legend; a curve that was switched off in it stays off while the curves grow."""
    return figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, **position}, uirevision="same")


def series(rows: Rows, column: str, view: CurveView) -> tuple[list[float], list[float | None]]:
    """Return x and y of all rows that have this column; on a logarithmic axis a value of 0 becomes None, a gap."""
    rows = [row for row in rows if column in row]
    values: list[float | None] = [row[column] for row in rows]
    if view.scale == "log":
        values = [1 - value if view.metric == "accuracy" else value for value in values if value is not None]
        values = [value if value is not None and value > 0 else None for value in values]
    return [row[view.by] for row in rows], values


def smoothed(values: Sequence[float | None], count: int) -> list[float | None]:
    """Return the trailing means of up to `count` values.

    None counts as 0, the value that a logarithmic axis cannot show, and stays None only where the mean is 0 too.
    """
    means = pd.Series([value or 0.0 for value in values], dtype=float).rolling(count, min_periods=1).mean().tolist()
    return [mean if mean > 0 or value is not None else None for mean, value in zip(means, values, strict=True)]


def hover_template(label: str, part: str, view: CurveView) -> str:
    """Return the text that a line shows under the mouse, as a Plotly template; `part` is "training" or "validation"."""
    number = "%{y:.2%}" if view.metric == "accuracy" else "%{y:.4f}" if view.metric == "loss" else "%{y:.2g}"
    position = "%{x:.2f}" if view.by == "epoch" else "%{x:,.0f}"
    quantity = "learning rate" if view.metric == "learning_rate" else f"{part} {view.metric}"
    if view.metric == "accuracy" and view.scale == "log":
        quantity = f"{part}, misread"
    return f"{label}<br>{AXES[view.by]} {position}: {quantity} {number}<extra></extra>"


def y_axis(histories: Mapping[str, Rows], view: CurveView) -> dict[str, object]:
    """Return the properties of the y axis; its range covers where the runs differ, not where they all began."""
    if view.metric == "learning_rate":
        return {"title": "learning rate", "type": view.scale, "exponentformat": "power", "rangemode": "tozero"}
    if view.scale == "log":
        ticks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]
        if view.metric == "loss":
            return {"title": "loss (nats)", "type": "log", "tickvals": [*ticks, 2]}
        return {"title": "misread (1 − accuracy)", "type": "log", "tickvals": ticks, "tickformat": ".1%"}
    if view.metric == "accuracy":
        best = [max((row.get("validation_accuracy", 0.0) for row in rows), default=0.0) for rows in histories.values()]
        return _accuracy_axis(min((value for value in best if value), default=0.0))
    top = max((settled_loss(rows) for rows in histories.values() if rows), default=1.0)
    return {"title": "loss (nats)", "range": [0, 1.1 * top]}


def _accuracy_axis(reached: float) -> dict[str, object]:
    low = next((low for threshold, low in ((0.985, 0.95), (0.96, 0.9), (0.85, 0.7)) if reached >= threshold), 0.0)
    return {"title": "accuracy", "range": [low, 1 + (1 - low) * 0.02], "tickformat": ".0%"}


def settled_loss(rows: Rows) -> float:
    """Return the largest smoothed loss of a run after its first tenth; 1 if it has none."""
    losses = [row[column] for row in rows for column in ("loss", "validation_loss") if column in row]
    means = smoothed(losses, SMOOTHING)
    return max((mean for mean in means[int(len(means) * WARM_UP) :] if mean is not None), default=1.0)
