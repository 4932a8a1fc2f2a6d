"""Several runs' learning curves laid over each other, as a figure."""

from dataclasses import dataclass

import plotly.graph_objects as go

from ui.figures import QUIET, colour_of, symbol_of, trailing_mean

METRICS = {"accuracy": "Accuracy", "loss": "Loss", "learning_rate": "Learning rate"}
SCALES = {"linear": "linear", "log": "log"}
AXES = {"epoch": "epochs", "step": "steps", "seconds": "seconds"}
PARTS = {"both": "both", "training": "training", "validation": "validation"}
SETTLED = 0.1  # of a run: its losses before that would make a linear axis too tall to read
HEIGHT = 430
Rows = list[dict[str, float]]


@dataclass(frozen=True)
class View:
    """What of the runs is drawn, and how."""

    metric: str = "accuracy"  # one of METRICS
    scale: str = "linear"  # one of SCALES; accuracy on a logarithmic axis is the share misread, 1 - accuracy
    by: str = "epoch"  # one of AXES
    part: str = "both"  # one of PARTS
    smoothing: int = 12  # rows in each mean of the training lines; the raw ones stay visible behind them


def curves(histories: dict[str, Rows], titles: dict[str, str], view: View) -> go.Figure:
    """For each run (name -> history, name -> title): training dotted, validation full with a marker at each epoch."""
    figure = go.Figure()
    for name, rows in histories.items():
        colour, first = colour_of(name), True
        if view.part != "validation" or view.metric == "learning_rate":
            x, y = line(rows, view.metric, view)
            smooth = y if view.metric == "learning_rate" else smoothed(y, view.smoothing)
            if smooth != y:
                figure.add_scatter(
                    x=x, y=y, mode="lines", line={"color": colour, "width": 1}, opacity=0.25, hoverinfo="skip",
                    showlegend=False, legendgroup=name,
                )  # fmt: skip
            dash = "solid" if view.metric == "learning_rate" else "dot"
            figure.add_scatter(
                x=x, y=smooth, mode="lines", line={"color": colour, "width": 2, "dash": dash}, name=titles[name],
                legendgroup=name, hovertemplate=hover(titles[name], "training", view),
            )  # fmt: skip
            first = False
        if view.part != "training" and view.metric != "learning_rate":
            x, y = line(rows, f"validation_{view.metric}", view)
            figure.add_scatter(
                x=x, y=y, mode="lines+markers", line={"color": colour, "width": 2.5},
                marker={"size": 8, "symbol": symbol_of(name)}, name=titles[name], legendgroup=name,
                showlegend=True, hovertemplate=hover(titles[name], "validation", view),
            )  # fmt: skip
            if not first:
                figure.data[-2].showlegend = False  # one entry a run: the one with the marker
    figure.update_xaxes(title=AXES[view.by], rangemode="tozero", showgrid=False, fixedrange=True, zeroline=False)
    figure.update_yaxes(gridcolor=QUIET, fixedrange=True, zeroline=False, **y_axis(histories, view))
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": -0.16, "yanchor": "top", "x": 0},
        showlegend=True,
        hovermode="closest",
        dragmode=False,
        uirevision="same",
    )
    return figure


def line(rows: Rows, column: str, view: View) -> tuple[list[float], list[float | None]]:
    """The x and y of all rows that hold this column; on a logarithmic axis what is not above 0 is a gap."""
    rows = [row for row in rows if column in row]
    values: list[float | None] = [row[column] for row in rows]
    if view.scale == "log":
        values = [1 - value if view.metric == "accuracy" else value for value in values]
        values = [value if value > 0 else None for value in values]
    return [row[view.by] for row in rows], values


def smoothed(values: list[float | None], count: int) -> list[float | None]:
    """Trailing means; a gap counts as 0, which is what it was before a logarithm could not show it."""
    means = trailing_mean([value or 0.0 for value in values], count)
    return [mean if mean > 0 or value is not None else None for mean, value in zip(means, values, strict=True)]


def hover(title: str, part: str, view: View) -> str:
    """What the mouse reads on a line."""
    number = "%{y:.2%}" if view.metric == "accuracy" else "%{y:.4f}" if view.metric == "loss" else "%{y:.2g}"
    of = "%{x:.2f}" if view.by == "epoch" else "%{x:,.0f}"
    what = "learning rate" if view.metric == "learning_rate" else f"{part} {view.metric}"
    if view.metric == "accuracy" and view.scale == "log":
        what = f"{part}, misread"
    return f"{title}<br>{AXES[view.by]} {of}: {what} {number}<extra></extra>"


def y_axis(histories: dict[str, Rows], view: View) -> dict[str, object]:
    """Title and range of the upright axis: where the runs differ, not where they all began."""
    if view.metric == "learning_rate":
        return {"title": "learning rate", "type": view.scale, "exponentformat": "power", "rangemode": "tozero"}
    if view.scale == "log":
        if view.metric == "loss":
            return {
                "title": "loss (nats)",
                "type": "log",
                "tickvals": [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
            }
        ticks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]
        return {"title": "misread (1 − accuracy)", "type": "log", "tickvals": ticks, "tickformat": ".1%"}
    if view.metric == "accuracy":
        reached = [
            max((row["validation_accuracy"] for row in rows if "validation_accuracy" in row), default=0.0)
            for rows in histories.values()
        ]
        worst = min((value for value in reached if value), default=0.0)
        low = next((low for bar, low in ((0.985, 0.95), (0.96, 0.9), (0.85, 0.7)) if worst >= bar), 0.0)
        return {"title": "accuracy", "range": [low, 1 + (1 - low) * 0.02], "tickformat": ".0%"}
    top = max((settled(rows) for rows in histories.values()), default=1.0)
    return {"title": "loss (nats)", "range": [0, 1.1 * top]}


def settled(rows: Rows) -> float:
    """The largest smoothed loss of a run once its first tenth is over."""
    losses = [row[column] for row in rows for column in ("loss", "validation_loss") if column in row]
    means = trailing_mean(losses, 12)
    return max(means[int(len(means) * SETTLED) :], default=1.0)
