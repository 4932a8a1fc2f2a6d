"""Learning curves as a figure: those of one run, or of several laid over each other."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from mnist_core.runs import NEW_LEARNING_RATE, HistoryRow, learning_rate_changes
from mnist_core.text import decimal
from ui.charts import new_figure, px, run_styles, text_px
from ui.palette import MUTED, TRAINING, VALIDATION

METRICS = {"accuracy": "Accuracy", "loss": "Loss", "learning_rate": "Learning rate"}
RUN_METRICS = {"accuracy": "Accuracy", "error": "Error, log scale", "loss": "Loss, log scale"}
ERROR_TICKS = {"tickvals": [0.003, 0.01, 0.03, 0.1, 0.3, 0.9], "ticktext": ["0.3%", "1%", "3%", "10%", "30%", "90%"]}
SCALES = {"linear": "linear", "log": "logarithmic"}
AXES = {"epoch": "epochs", "step": "steps", "seconds": "seconds"}
PARTS = {"both": "both", "training": "training", "validation": "validation"}
WARM_UP = 0.1  # of a run: the losses of this first part would make a linear axis too tall to read
SMOOTHING = 12  # of at most 400 rows: a line that is easy to follow, with the raw one visible behind it
MOST_SMOOTHED = 1 / 4  # of all rows: the farthest that a mean looks back and ahead
USUAL_LOSSES, USUAL_ERRORS = (0.01, 2.0), (0.005, 0.9)  # what a logarithmic axis covers where there is nothing yet
LEAST = 1e-30  # on a logarithmic axis; less is 0
MIN_LOG_SPAN = 4  # the least ratio of the two ends of a logarithmic axis, so that it has at least two ticks
MAX_LOG_TICKS = 8
MARGIN, MAX_MARGINS = 5, 4  # pixels that a hidden run's lines are wider, for each of so many runs that lie on them
Rows = Sequence[HistoryRow]
Points = list[tuple[float, float | None]]


@dataclass(frozen=True)
class CurveView:
    """Which curves are drawn, and how."""

    metric: str = "accuracy"  # one of METRICS
    scale: str = "linear"  # one of SCALES; on a logarithmic axis accuracy becomes the error rate, 1 - accuracy
    by: str = "epoch"  # one of AXES
    part: str = "both"  # one of PARTS
    smoothing: int = SMOOTHING  # rows that each mean of the training lines counts; the raw ones stay visible


def run_curve(rows: Rows, metric: str, epochs: float) -> go.Figure:
    """Draw one of `RUN_METRICS` of a run against epochs, training and validation in a colour each.

    The axes do not move while the curve grows, unless the loss explodes.
    """
    loss = metric == "loss"
    view = CurveView("loss" if loss else "accuracy", "linear" if metric == "accuracy" else "log")
    figure = new_figure(200, top=34)
    x, y = series(rows, view.metric, view)
    smooth = smoothed(y, view.smoothing, geometric=loss)
    number = "%{y:.4f}" if loss else "%{y:.2%}"
    hover = f"epoch %{{x:.2f}}: {number}"
    _add_raw(figure, x, y, TRAINING, opacity=0.3)
    figure.add_scatter(
        x=x, y=smooth, mode="lines", name="training (smoothed)", line={"color": TRAINING, "width": px(2)},
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
        figure.update_yaxes(title="loss", type="log", range=[-2.75, top + 0.1], tickvals=ticks, ticktext=texts)
    _add_changes(figure, rows, "epoch", epochs, MUTED, at_top=metric != "accuracy")
    return _with_legend(figure, y=1.02, yanchor="bottom")


def curves(histories: Mapping[str, Rows], labels: Mapping[str, str], view: CurveView) -> go.Figure:
    """Draw each run's curves in its own colour: training dotted, validation solid with a marker at each measurement.

    `histories` and `labels` are keyed by the name of the run; the colours are those of `charts.run_styles`. A run that
    others would hide, because they have the same values, is drawn wider than they are. The figure has no legend:
    inside a chart, that of many runs would leave no room for the curves.
    """
    figure = new_figure(430)
    schedule = view.metric == "learning_rate"
    geometric = view.metric == "loss" and view.scale == "log"
    styles, hidden_by = run_styles(list(histories)), covering(histories, view)
    for name, rows in histories.items():
        (colour, symbol), label = styles[name], labels[name]
        wider = MARGIN * min(len(hidden_by[name]), MAX_MARGINS)
        if schedule or view.part != "validation":
            x, y = series(rows, view.metric, view)
            smooth = y if schedule else smoothed(y, view.smoothing, geometric)
            if smooth != y:
                _add_raw(figure, x, y, colour, opacity=0.25)
            figure.add_scatter(
                x=x, y=smooth, mode="lines",
                line={"color": colour, "width": px(2 + wider), "dash": "solid" if schedule else "dot"},
                name=label, hovertemplate=hover_template(label, "training", view),
            )  # fmt: skip
        if not schedule and view.part != "training":
            x, y = series(rows, f"validation_{view.metric}", view)
            _add_validation(figure, x, y, colour, symbol, label, hover_template(label, "validation", view), wider)
        last = max((row[view.by] for every in histories.values() for row in every), default=1.0)
        _add_changes(figure, rows, view.by, last, colour, at_top=view.metric != "accuracy" or view.scale == "log")
    figure.update_xaxes(title=AXES[view.by], rangemode="tozero")
    figure.update_yaxes(**y_axis(histories, view))
    return figure.update_layout(uirevision="same")


def covering(histories: Mapping[str, Rows], view: CurveView) -> dict[str, list[str]]:
    """Return for each run the runs drawn after it whose curves lie exactly on its own, as far as both of them go."""
    drawn = {name: drawn_points(rows, view) for name, rows in histories.items()}
    names = list(histories)
    return {
        name: [later for later in names[place + 1 :] if lie_on_each_other(drawn[name], drawn[later])]
        for place, name in enumerate(names)
    }


def drawn_points(rows: Rows, view: CurveView) -> list[Points]:
    """Return the points of a run's lines in this view, before any smoothing: a list for each line."""
    columns = [view.metric] if view.part != "validation" or view.metric == "learning_rate" else []
    if view.part != "training" and view.metric != "learning_rate":
        columns.append(f"validation_{view.metric}")
    return [list(zip(*series(rows, column, view), strict=True)) for column in columns]


def lie_on_each_other(one: Sequence[Points], another: Sequence[Points]) -> bool:
    """Return whether two runs' lines have the same points, but for those where only one of the runs went on."""
    pairs = list(zip(one, another, strict=True))
    return any(a and b for a, b in pairs) and all(
        a[:common] == b[:common] for a, b in pairs for common in [min(len(a), len(b))]
    )


def _add_raw(figure: go.Figure, x: list[float], y: list[float | None], colour: str, opacity: float) -> None:
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": colour, "width": px(1)}, opacity=opacity, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip


def _add_validation(
    figure: go.Figure,
    x: list[float],
    y: list[float | None],
    colour: str,
    symbol: str,
    label: str,
    hover: str,
    wider: float = 0,
) -> None:
    figure.add_scatter(
        x=x, y=y, mode="lines+markers",
        line={"color": colour, "width": px(2.5 + wider)}, marker={"size": px(8 + wider), "symbol": symbol},
        name=label, showlegend=True, hovertemplate=hover,
    )  # fmt: skip


def _add_changes(figure: go.Figure, rows: Rows, by: str, last: float, colour: str, at_top: bool) -> None:
    """Mark where the learning rate was changed by a thin vertical line with the new one; `last` is the end of x."""
    for index, row in enumerate(learning_rate_changes(rows)):
        x, left = row[by], row[by] < 0.6 * last
        line = {"color": colour, "width": px(1), "dash": "dash"}
        figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=line)
        figure.add_annotation(
            x=x, y=1 if at_top else 0, yref="paper", text=f"learning rate {decimal(row[NEW_LEARNING_RATE])}",
            showarrow=False, xanchor="left" if left else "right", yanchor="top" if at_top else "bottom",
            xshift=px(4 if left else -4), yshift=px(16 * index) * (-1 if at_top else 1), font_size=text_px(),
        )  # fmt: skip


def _with_legend(figure: go.Figure, **position: object) -> go.Figure:
    """Show a horizontal legend; a curve that was switched off in it stays off while the curves grow."""
    return figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, **position}, uirevision="same")


def series(rows: Rows, column: str, view: CurveView) -> tuple[list[float], list[float | None]]:
    """Return x and y of all rows that have this column; on a logarithmic axis a value of 0 becomes None, a gap."""
    rows = [row for row in rows if math.isfinite(row.get(column, math.nan))]
    values: list[float | None] = [row[column] for row in rows]
    if view.scale == "log":
        values = [1 - value if view.metric == "accuracy" else value for value in values if value is not None]
        values = [value if value is not None and value > LEAST else None for value in values]
    return [row[view.by] for row in rows], values


def smoothed(values: Sequence[float | None], count: int, geometric: bool = False) -> list[float | None]:
    """Return the weighted mean of about `count` values around each, those next to it counting most.

    Near the first value a mean looks as far ahead as it can look back, so that a steep beginning stays where it is;
    near the last one it looks back only. Where there are few values it looks less far. None counts as 0, the value that
    a logarithmic axis cannot show, and stays None only where the mean is 0 too. A `geometric` mean leaves None out: the
    mean of a curve that falls through many powers of ten.
    """
    numbers = np.array([value or 0.0 for value in values])
    present = np.array([value is not None for value in values], float) if geometric else np.ones(len(values))
    if geometric:
        numbers = np.log(np.where(numbers > 0, numbers, 1.0))
    reach = min(count - 1, int(len(values) * MOST_SMOOTHED))
    weights = np.hanning(2 * reach + 3)[1:-1]
    means: list[float | None] = []
    for index, value in enumerate(values):
        near = min(index, reach)
        window = slice(index - near, index + near + 1)
        centred = np.hanning(2 * near + 3)[1:-1] if near < reach else weights
        weight = centred[: len(numbers) - window.start] * present[window]
        if value is None and not (weight * numbers[window]).any():
            means.append(None)
            continue
        mean = float(weight @ numbers[window] / weight.sum())
        means.append(math.exp(mean) if geometric else mean)
    return means


def hover_template(label: str, part: str, view: CurveView) -> str:
    """Return the text that a line shows under the mouse, as a Plotly template; `part` is "training" or "validation"."""
    number = "%{y:.2%}" if view.metric == "accuracy" else "%{y:.4g}" if view.metric == "loss" else "%{y:.2g}"
    position = "%{x:.2f}" if view.by == "epoch" else "%{x:,.0f}"
    quantity = "learning rate" if view.metric == "learning_rate" else f"{part} {view.metric}"
    if view.metric == "accuracy" and view.scale == "log":
        quantity = f"{part} error"
    return f"{label}<br>{AXES[view.by]} {position}: {quantity} {number}<extra></extra>"


def y_axis(histories: Mapping[str, Rows], view: CurveView) -> dict[str, object]:
    """Return the properties of the y axis; its range covers where the runs differ, not where they all began."""
    if view.scale == "log":
        values = [value for rows in histories.values() for value in drawn_values(rows, view)]
        if view.metric == "accuracy":
            return {"title": "error (share misread)"} | log_axis(values, USUAL_ERRORS, percentages=True)
        title = "learning rate" if view.metric == "learning_rate" else "loss (lower is better)"
        return {"title": title} | log_axis(values, USUAL_LOSSES)
    if view.metric == "learning_rate":
        return {"title": "learning rate", "rangemode": "tozero"}
    if view.metric == "accuracy":
        best = [max((row.get("validation_accuracy", 0.0) for row in rows), default=0.0) for rows in histories.values()]
        return _accuracy_axis(min((value for value in best if value), default=0.0))
    top = max((settled_loss(rows) for rows in histories.values() if rows), default=1.0)
    return {"title": "loss (lower is better)", "range": [0, 1.1 * top]}


def drawn_values(rows: Rows, view: CurveView) -> list[float]:
    """Return the values of a run's lines in this view, those of the training smoothed."""
    training = series(rows, view.metric, view)[1] if view.part != "validation" else []
    validation = series(rows, f"validation_{view.metric}", view)[1] if view.part != "training" else []
    if view.metric != "learning_rate":
        training = smoothed(training, view.smoothing, geometric=view.metric == "loss")
    return [value for value in [*training, *validation] if value is not None]


def log_axis(values: Iterable[float], usual: tuple[float, float], percentages: bool = False) -> dict[str, object]:
    """Return type, range and ticks of a logarithmic axis from just below the least to just above the greatest value.

    The ends are round numbers, so that the axis rarely moves while a curve grows. Without values they are the `usual`
    ones. As `percentages` the ticks are written "1 %" instead of "0.01", and the axis ends at 100 %.
    """
    values = list(values) or usual
    low, high = round_down(min(values)), round_up(max(values))
    while high / low < MIN_LOG_SPAN:
        low, high = round_down(low * 0.9), round_up(high * 1.1)
    if percentages:
        high = min(high, 1.0)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, math.ceil((last - first) / MAX_LOG_TICKS))
    digits = (1, 2, 5) if last - first <= MAX_LOG_TICKS // 3 else (1, 3) if last - first <= MAX_LOG_TICKS // 2 else (1,)
    ticks = [float(f"{digit}e{power}") for power in range(first, last + 1, every) for digit in digits]
    ticks = [tick for tick in ticks if low * 0.99 <= tick <= high * 1.01]
    return {
        "type": "log",
        "range": [math.log10(low) - 0.03, math.log10(high) + 0.03],
        "tickvals": ticks,
        "ticktext": [f"{100 * tick:.6g} %" if percentages else plain_number(tick) for tick in ticks],
    }


def round_down(value: float) -> float:
    """Return the nearest of 1, 2 and 5 times a power of ten that is not above the value."""
    return max(number for number in round_numbers(value) if number <= value * (1 + 1e-9))


def round_up(value: float) -> float:
    """Return the nearest of 1, 2 and 5 times a power of ten that is not below the value."""
    return min(number for number in round_numbers(value) if number >= value * (1 - 1e-9))


def round_numbers(value: float) -> list[float]:
    """Return 1, 2, 5 and 10 times the power of ten at or below a positive value."""
    return [digit * 10.0 ** math.floor(math.log10(value)) for digit in (1, 2, 5, 10)]


def plain_number(value: float) -> str:
    """Return a number of one digit as "0.01", "10" or, where that would be long, "1e5"."""
    return f"{value:,g}" if 1e-4 <= value < 1e4 else re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.0e}")


def _accuracy_axis(reached: float) -> dict[str, object]:
    low = next((low for threshold, low in ((0.985, 0.95), (0.96, 0.9), (0.85, 0.7)) if reached >= threshold), 0.0)
    return {"title": "accuracy", "range": [low, 1 + (1 - low) * 0.02], "tickformat": ".0%"}


def settled_loss(rows: Rows) -> float:
    """Return the largest smoothed loss of a run after its first tenth; 1 if it has none."""
    losses = [row[column] for row in rows for column in ("loss", "validation_loss") if column in row]
    means = smoothed(losses, SMOOTHING)
    return max((mean for mean in means[int(len(means) * WARM_UP) :] if mean is not None), default=1.0)
