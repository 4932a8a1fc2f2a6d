"""The switch of the Calibration page: a network's confidence as it was trained, or with its temperature."""

from mnist_core.analysis.evaluation import Evaluation, as_trained
from ui import glossary, url_state

AS_TRAINED, WITH_TEMPERATURE = "trained", "temperature"  # in the URL


def choose(evaluation: Evaluation) -> tuple[Evaluation, float]:
    """Show the switch if the run has a temperature; return the evaluation that the visitor wants to see, with its."""
    value = evaluation.run.temperature
    if value == 1:
        return evaluation, 1.0
    options = {AS_TRAINED: "As trained", WITH_TEMPERATURE: f"With temperature {value:.2f}"}
    chosen = url_state.choice("Confidence", options, "confidence", WITH_TEMPERATURE)
    return (as_trained(evaluation), 1.0) if chosen == AS_TRAINED else (evaluation, value)


def explain(value: float) -> None:
    """Say what the temperature does, and why this network needed one of this size."""
    if value == 1:
        glossary.caption("This run has no [[temperature]]: its [[confidence]] is shown as it was trained.")
        return
    if value < 1:
        reason = (
            "As trained it is too modest, as networks are that learned with [[label smoothing]]: they were taught that "
            "nothing is certain."
        )
    else:
        reason = (
            "As trained it is too sure of itself, as networks become in a long training: when they read nearly all of "
            "their digits correctly, the [[loss]] only falls further if they grow surer."
        )
    glossary.caption(
        f"{reason} One number mends it: the ten scores are divided by the [[temperature]] {value:.2f}, found on digits "
        "that it did not learn from. All its answers stay the same."
    )
