"""How far a training run is."""

from mnist_core.runs import Run, latest_progress
from ui.labels import duration, percent
from ui.metric_row import metric_row


def progress(run: Run) -> None:
    """How far the training is: as many figures as `result` has, so that nothing jumps when it ends."""
    history = run.history
    last = latest_progress(history)
    checked = [row for row in history if "validation_accuracy" in row]
    left = last["seconds"] / last["step"] * (last["steps"] - last["step"]) if last else None
    metric_row(
        ("Epoch", f"{last.get('epoch', 0):.1f}", f"of {run.config.epochs:g}", "Passes over all training digits."),
        ("Training accuracy", percent(last.get("accuracy")), "of the last batches", "On digits it is learning from."),
        (
            "Validation accuracy",
            percent(checked[-1]["validation_accuracy"]) if checked else "…",
            f"of {run.config.validation_size:,} digits held out",
            "On digits it never learns from, after each epoch. It chooses the network that is kept.",
        ),
        ("Speed", f"{last.get('images_per_second', 0):,.0f}", "digits per second", "Since the training began."),
        ("Time left", duration(left), "if nobody stops it", "At the speed so far."),
    )
