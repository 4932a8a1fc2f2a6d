"""What a run's own numbers say about its training, in one sentence, and what to try next.

Single batches and single validations are noisy. So what is compared are means over quarters of the run or over several
epochs, and a difference counts only where it is larger than its standard error explains. The thresholds are below, each
with its reason.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.result import Result
from mnist_core.runs import HistoryRow
from mnist_core.text import count, decimal

GUESSING = math.log(10)  # the loss of a network that gives each digit a tenth
CHANCE = 0.1135  # the accuracy of calling every digit a 1, the most frequent one: the best that needs no learning
EXPLODED = 1.5 * GUESSING  # a mean loss above it is worse than knowing nothing, by more than any noise
SHOT_UP = 10.0  # no loss of a single batch is this high unless a step has been far too large
MIN_STEPS = 10  # with fewer there is nothing to average
STANDARD_ERRORS = 2.0  # a difference of batches counts above so many of its standard errors: 1 in 20 by chance
LEARNED = 0.3  # a network that was once this accurate and is at chance again has collapsed
GAP_IN_LOSS = 0.5  # memorising: the training loss is below this share of the validation loss
FALLING = 0.1  # the training loss of an epoch that is this much lower than that of the epoch before is still falling
USUAL_RATES = {"sgd": 0.03, "adam": 0.001, "adamw": 0.001, "muon": 0.02}
EPOCHS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 50, 100, 200, 500)
ON_HELD_OUT = "the accuracy on digits it never learned from"
ON_TRAINING = "the accuracy on the training digits"
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
FALLING_SCHEDULES = ("step", "cosine", "one-cycle")


@dataclass(frozen=True)
class Diagnosis:
    """What became of a training run."""

    kind: str  # "not learning", "diverged", "memorising", "still improving" or "done"
    sentence: str  # for the learner, with the numbers it rests on
    advice: str  # what to try next, for the learner


@dataclass(frozen=True)
class Stretch:
    """The mean over a part of a run's batches, with standard errors."""

    accuracy: float
    accuracy_error: float  # by the binomial distribution
    loss: float
    loss_error: float  # from how much its rows differ


@dataclass(frozen=True)
class Change:
    """How an accuracy changed towards the end of a run."""

    before: float
    after: float
    measure: str  # whose accuracy it is
    when: str  # over which part of the run
    error: float  # a difference below it is within chance


def diagnose(
    config: TrainConfig | EnsembleConfig, history: Sequence[HistoryRow], result: Result | None, error: str | None
) -> Diagnosis | None:
    """Return what became of a run, finished, stopped or failed; None where there is nothing to say about its training.

    That is so for an ensemble, for a run without history, and for one that failed for another reason than its loss
    before it made ten steps. `result` and `error` are those of the run, each None if it has none.
    """
    batches = [row for row in history if "loss" in row]
    failed = error is not None and "diverged" in error
    if isinstance(config, EnsembleConfig) or not batches:
        return None
    if failed:
        return diverged(config, batches)
    if result is not None and result.status == "finished" and 0 < config.stop_at <= result.validation.accuracy:
        return stopped_at(config, result)
    if batches[-1]["step"] < MIN_STEPS:
        return None if error else too_early(config, batches)
    before, recent = (stretch(batches, config, part) for part in ((0.5, 0.75), (0.75, 1.0)))
    best = best_stretch(batches, config)
    at_chance = recent.accuracy < CHANCE + max(0.03, 3 * recent.accuracy_error)
    peak = max(row["loss"] for row in batches)
    if recent.loss > EXPLODED or (at_chance and (best.accuracy > LEARNED or peak > SHOT_UP)):
        return collapsed(config, best, recent, peak)
    improving = is_improving(before, recent)
    if at_chance and not (improving and recent.loss < GUESSING - 0.02):
        return not_learning(config, int(batches[-1]["step"]), recent, peak)
    validations = [row for row in history if "train_loss" in row and "validation_loss" in row]
    if len(validations) >= 3:
        return by_validation(config, validations, result)
    error_of_change = STANDARD_ERRORS * math.hypot(before.accuracy_error, recent.accuracy_error)
    half = "in the second half of the run"
    change = Change(before.accuracy, recent.accuracy, ON_TRAINING, half, error_of_change)
    return still_improving(config, change, batches[-1]["epoch"], result) if improving else done(config, change)


def stretch(batches: Sequence[HistoryRow], config: TrainConfig, part: tuple[float, float]) -> Stretch:
    """Return the mean over a part of the run, from and to a share of its steps; at least its last row is in it."""
    last = batches[-1]["step"]
    steps = np.diff([0, *(row["step"] for row in batches)])
    inside = np.array([part[0] * last < row["step"] <= part[1] * last for row in batches])
    if not inside.any():
        inside[-1] = True
    losses = np.array([row["loss"] for row in batches])[inside]
    weights = steps[inside] / steps[inside].sum()
    accuracy = float(np.dot(weights, np.array([row["accuracy"] for row in batches])[inside]))
    return Stretch(
        accuracy,
        standard_error(accuracy, float(steps[inside].sum()) * config.batch_size),
        float(np.dot(weights, losses)),
        float(losses.std(ddof=1) / math.sqrt(len(losses))) if len(losses) > 1 else math.inf,
    )


def best_stretch(batches: Sequence[HistoryRow], config: TrainConfig) -> Stretch:
    """Return the tenth of the run in which it was most accurate."""
    return max(
        (stretch(batches, config, (start / 10, (start + 1) / 10)) for start in range(10)),
        key=lambda part: part.accuracy,
    )


def standard_error(accuracy: float, images: float) -> float:
    """Return the standard error of an accuracy measured on so many images, by the binomial distribution."""
    share = (accuracy * images + 1) / (images + 2)  # so that it is not 0 where all are correct
    return math.sqrt(share * (1 - share) / images)


def is_improving(before: Stretch, recent: Stretch) -> bool:
    """Return whether the later of two parts of a run is better than the earlier one, by more than noise."""
    accuracy_error = math.hypot(before.accuracy_error, recent.accuracy_error)
    loss_error = math.hypot(before.loss_error, recent.loss_error)
    return (
        recent.accuracy - before.accuracy > STANDARD_ERRORS * accuracy_error
        or before.loss - recent.loss > STANDARD_ERRORS * loss_error
    )


def by_validation(config: TrainConfig, validations: Sequence[HistoryRow], result: Result | None) -> Diagnosis:
    """Return the diagnosis of a run with at least three validations at the ends of its epochs."""
    before, last = validations[-2:]
    losses = [row["validation_loss"] for row in validations]
    error = standard_error(last["validation_accuracy"], config.validation_size or 1)
    held_out = change_of_validation(validations, error)
    rising = held_out.after - held_out.before > error
    past_its_best = len(losses) - 1 - int(np.argmin(losses)) >= 2
    gap = last["train_accuracy"] - held_out.after
    if not rising and past_its_best and gap > 2 * error and last["train_loss"] < GAP_IN_LOSS * last["validation_loss"]:
        return memorising(config, validations, result)
    if rising:
        return still_improving(config, held_out, last["epoch"], result)
    if last["train_loss"] < (1 - FALLING) * before["train_loss"] and last["train_accuracy"] > before["train_accuracy"]:
        change = Change(before["train_accuracy"], last["train_accuracy"], ON_TRAINING, "in the last epoch", error)
        return still_improving(config, change, last["epoch"], result)
    return done(config, held_out)


def change_of_validation(validations: Sequence[HistoryRow], error: float) -> Change:
    """Return how the accuracy on the digits held out changed: means of up to four epochs each, a third of the run."""
    accuracies = [row["validation_accuracy"] for row in validations]
    width = max(1, min(4, len(validations) // 3))
    before, after = np.mean(accuracies[-2 * width : -width]), np.mean(accuracies[-width:])
    return Change(float(before), float(after), ON_HELD_OUT, f"over the last {count(2 * width, 'epoch')}", error)


def too_early(config: TrainConfig, batches: Sequence[HistoryRow]) -> Diagnosis:
    """Return the diagnosis of a run of fewer than ten steps."""
    steps, accuracy = int(batches[-1]["step"]), batches[-1]["accuracy"]
    return Diagnosis(
        "still improving",
        f"It has made only {count(steps, 'step')}, with {percent(accuracy)} of the last batch correct: "
        "too early to tell.",
        f"Let it train longer: {more_epochs(config.epochs)} epochs, say.",
    )


def diverged(config: TrainConfig, batches: Sequence[HistoryRow]) -> Diagnosis:
    """Return the diagnosis of a run whose loss is no longer a number."""
    losses, steps = [row["loss"] for row in batches], int(batches[-1]["step"])
    return Diagnosis(
        "diverged",
        f"The loss grew from {number(losses[0])} to {number(max(losses))} within {count(steps, 'step')} and then was "
        "no longer a number: each step was so large that it made things worse.",
        smaller_steps(config),
    )


def collapsed(config: TrainConfig, best: Stretch, recent: Stretch, peak: float) -> Diagnosis:
    """Return the diagnosis of a run that ends worse than guessing, or at chance after it had learned or exploded."""
    reached = f", after {percent(best.accuracy)} at its best" if best.accuracy > LEARNED else ""
    shot_up = f"Its loss shot up to {number(peak)}. " if peak > SHOT_UP else ""
    return Diagnosis(
        "diverged",
        f"{shot_up or 'Its steps were too large. '}At the end it gets {percent(recent.accuracy)} of the training "
        f"digits right{reached}, with a loss of {number(recent.loss)}; guessing has 10 % and 2.30.",
        smaller_steps(config),
    )


def not_learning(config: TrainConfig, steps: int, recent: Stretch, peak: float) -> Diagnosis:
    """Return the diagnosis of a run that ends where it began, at chance."""
    return Diagnosis(
        "not learning",
        f"It has not begun to learn: after {count(steps, 'step')} it gets {percent(recent.accuracy)} of the training "
        f"digits right, with a loss of {number(recent.loss)}; guessing has 10 % and 2.30.",
        start_learning(config, peak),
    )


def memorising(config: TrainConfig, validations: Sequence[HistoryRow], result: Result | None) -> Diagnosis:
    """Return the diagnosis of a run that learns its training digits by heart."""
    last, best = validations[-1], min(validations, key=lambda row: row["validation_loss"])
    if config.augmentation == "none":
        advice = "Try the augmentation “affine”, so that it never sees the same picture twice, or a dropout of 0.5."
    elif config.dropout < 0.3:
        advice = "Try a dropout of 0.5, or a weight decay of 0.01."
    else:
        advice = f"Try fewer epochs: {epochs_text(best['epoch'])} were enough."
    kept = f" (epoch {result.best_epoch:g} was kept)" if result is not None and result.best_epoch is not None else ""
    return Diagnosis(
        "memorising",
        f"It gets {percent(last['train_accuracy'])} of the training digits right but only "
        f"{percent(last['validation_accuracy'])} of those it never learned from, and its loss on those has risen from "
        f"{number(best['validation_loss'])} after epoch {best['epoch']:g} to {number(last['validation_loss'])}{kept}.",
        advice,
    )


def still_improving(config: TrainConfig, change: Change, epochs: float, result: Result | None) -> Diagnosis:
    """Return the diagnosis of a run that would have gone on improving."""
    stopped = result is not None and result.status == "stopped"
    rate = config.learning_rate
    if stopped:
        advice = f"Let it train to the end: {epochs_text(config.epochs)}."
    elif rate < USUAL_RATES[config.optimizer] / 3 and change.after < 0.9:
        advice = f"Try a learning rate of {rounded(3 * rate)}: with {decimal(rate)} it crawls."
    else:
        advice = f"Try more epochs: {more_epochs(config.epochs)} instead of {config.epochs:g}."
    return Diagnosis(
        "still improving",
        f"It {'was stopped' if stopped else 'ended'} after {epochs_text(epochs)} while it was still improving: "
        f"{change.measure} rose from {percent(change.before)} to {percent(change.after)} {change.when}.",
        advice,
    )


def done(config: TrainConfig, change: Change) -> Diagnosis:
    """Return the diagnosis of a run that does not improve any more."""
    if change.before - change.after > change.error:
        fall = f"{change.measure} fell from {percent(change.before)} to {percent(change.after)} {change.when}"
        return Diagnosis("done", f"It is past its best: {fall}.", calmer(config))
    points = f"{100 * (change.after - change.before):+.2f}".replace("-", "−")
    return Diagnosis(
        "done",
        f"It has levelled off: {change.measure} is {percent(change.after)}, {points} percentage points {change.when}, "
        "which is no more than chance.",
        another_way(config, change.after),
    )


def stopped_at(config: TrainConfig, result: Result) -> Diagnosis:
    """Return the diagnosis of a run that ended because it had reached the validation accuracy it was to stop at."""
    return Diagnosis(
        "done",
        f"It reached {percent(config.stop_at)}, where it was to stop, after {epochs_text(result.epochs or 0)}: "
        f"{ON_HELD_OUT} is {percent(result.validation.accuracy)}.",
        f"Try 0 for “Stop at validation accuracy” to see how far it gets in {epochs_text(config.epochs)}.",
    )


def smaller_steps(config: TrainConfig) -> str:
    """Return advice for a run whose steps were too large."""
    if config.weight_decay * config.learning_rate > 1:
        return "Try a weight decay of 0: with this learning rate it turns every weight into its opposite."
    usual = USUAL_RATES[config.optimizer]
    rate = min(config.learning_rate / 3, 3 * usual)
    return f"Try a learning rate of {rounded(rate)} instead of {decimal(config.learning_rate)}."


def calmer(config: TrainConfig) -> str:
    """Return advice for a run whose accuracy falls towards its end, or goes up and down."""
    if config.schedule not in FALLING_SCHEDULES:
        return "Try the schedule “cosine”: smaller steps at the end find the bottom of the valley."
    return smaller_steps(config)


def start_learning(config: TrainConfig, largest_loss: float) -> str:
    """Return advice for a run that does not begin to learn."""
    usual = USUAL_RATES[config.optimizer]
    if largest_loss > EXPLODED or config.learning_rate > 3 * usual:
        return smaller_steps(config)
    if config.learning_rate < usual / 3:
        rate = rounded(min(10 * config.learning_rate, usual) if config.learning_rate > usual / 100 else usual)
        return f"Try a learning rate of {rate}: with {decimal(config.learning_rate)} the weights hardly change."
    if config.weight_decay >= 0.1:
        return f"Try a weight decay of 0: {config.weight_decay:g} pulls the weights to 0 faster than they learn."
    if config.dropout >= 0.8:
        return f"Try a dropout of 0.5: with {config.dropout:g} too little gets through."
    return f"Try more epochs, {more_epochs(config.epochs)}, or a learning rate of {rounded(3 * config.learning_rate)}."


def another_way(config: TrainConfig, accuracy: float) -> str:
    """Return advice for a run that has levelled off."""
    if config.architecture in ("softmax", "mlp"):
        return "Try a network with convolutions, such as “CNN with two conv blocks”."
    if accuracy < 0.9 and config.dropout >= 0.7:
        return f"Try a dropout of 0.5: with {config.dropout:g} too little gets through."
    if config.schedule not in FALLING_SCHEDULES:
        return calmer(config)
    if config.augmentation == "none":
        return "Try the augmentation “affine”: digits that look a little different every time."
    return "More epochs would add little. Look at its mistakes: some of what is left has no clear label."


def more_epochs(epochs: float) -> str:
    """Return at least twice as many epochs, as a round number; 500 is the most there is."""
    return f"{next((more for more in EPOCHS if more >= 2 * epochs), EPOCHS[-1]):g}"


def rounded(value: float) -> str:
    """Return a positive number with one significant digit."""
    return decimal(float(f"{value:.1g}"))


def percent(share: float) -> str:
    """Return a share as a percentage: 98.25 %, or 12.1 % where the second decimal is noise."""
    return f"{100 * share:.2f} %" if share > 0.9 else f"{100 * share:.1f} %"


def number(value: float) -> str:
    """Return a loss as one reads it aloud: 0.0364, 2.30, 450,317, 2.4 × 10³⁵."""
    if value >= 1e9:
        mantissa, _, exponent = f"{value:.1e}".partition("e+")
        return f"{mantissa} × 10{exponent.lstrip('0').translate(SUPERSCRIPT)}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def epochs_text(epochs: float) -> str:
    """Return a number of epochs with the noun: 1 epoch, 0.5 epochs."""
    return f"{epochs:.3g} epoch" + ("" if epochs == 1 else "s")
