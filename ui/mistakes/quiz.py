"""The quiz of the Mistakes page: guess a digit, then see what the network predicted and what the label says."""

import secrets
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from mnist_core.analysis.evaluation import Evaluation
from mnist_core.data import Digits
from ui import charts, digit_browser, images, labels, url_state

MIN_CORRECT, MAX_MISTAKES = 20, 200  # correctly classified and misclassified digits in one quiz


@dataclass
class QuizState:
    """The progress of one visitor in the quiz of one run."""

    order: list[int]  # indices of the digits, each once
    round_number: int = 1
    position: int = 0  # in `order`
    guess: int | None = None  # None until the visitor has guessed the current digit
    points: dict[str, int] = field(default_factory=lambda: {"You": 0, "Network": 0})

    @property
    def digit(self) -> int | None:
        """The index of the current digit, None after the last."""
        return self.order[self.position] if self.position < len(self.order) else None


def shuffled_order(evaluation: Evaluation, seed: int, round_number: int = 1) -> list[int]:
    """Return the indices of the quiz's digits in the random order of this round.

    The digits depend on `seed` alone: mistakes, and as many of the least confident correct predictions, so that a
    low confidence is no hint.
    """
    mistakes = np.random.default_rng(seed).permutation(evaluation.mistakes)[:MAX_MISTAKES]
    correct = np.flatnonzero(evaluation.correct)
    by_confidence = correct[np.argsort(evaluation.confidence[correct], kind="stable")]
    indices = np.concatenate([mistakes, by_confidence[: max(len(mistakes), MIN_CORRECT)]])
    return [int(index) for index in np.random.default_rng([seed, round_number]).permutation(indices)]


def quiz_state(evaluation: Evaluation) -> QuizState:
    """Return this visitor's quiz of this run, starting one if there is none."""
    states: dict[str, QuizState] = st.session_state.setdefault("quizzes", {})
    name = evaluation.run.name
    if name not in states:
        states[name] = QuizState(shuffled_order(evaluation, quiz_seed()))
    return states[name]


def quiz_seed() -> int:
    """Return the seed of this visitor's quizzes, drawn at the first call."""
    return st.session_state.setdefault("quiz_seed", secrets.randbelow(2**32))


def submit_guess(state: QuizState, evaluation: Evaluation, digit: int) -> None:
    """Take the visitor's first guess of the current digit; a digit whose label is in doubt scores no points."""
    if state.guess is not None or state.digit is None:
        return
    state.guess = digit
    if state.digit not in evaluation.label_errors:
        state.points["You"] += bool(digit == evaluation.labels[state.digit])
        state.points["Network"] += bool(evaluation.correct[state.digit])


def next_question(state: QuizState) -> None:
    """Go to the next digit, if the current one has been guessed."""
    if state.guess is not None:
        state.position, state.guess = state.position + 1, None


def restart(evaluation: Evaluation) -> None:
    """Start the next round: the same digits in another order; the points are kept."""
    state = quiz_state(evaluation)
    round_number = state.round_number + 1
    order = shuffled_order(evaluation, quiz_seed(), round_number)
    st.session_state["quizzes"][evaluation.run.name] = QuizState(order, round_number, points=state.points)


def quiz(evaluation: Evaluation, digits: Digits | None) -> None:
    """Show the quiz as a fragment: a guess reruns only this part of the page."""
    if digits is None:
        st.info(f"The quiz needs the pictures. {digit_browser.NO_IMAGES}")
        return
    st.fragment(question)(evaluation, digits)


def question(evaluation: Evaluation, digits: Digits) -> None:
    """Show the current digit with ten buttons, and the answer once it has been guessed."""
    state = quiz_state(evaluation)
    index = state.digit
    if index is None:
        st.success(f"You have seen all {len(state.order)} digits of this quiz. {score_text(state)}")
        st.button("Play again", key="quiz_again", on_click=restart, args=(evaluation,), icon=":material/replay:")
        return
    left, right = st.columns([1, 2], gap="medium")
    with left, st.container(key="quiz_digit"):
        st.image(images.data_uri(images.enlarge(digits.images[index])), width="stretch")
    with right:
        st.markdown(
            f"### You {state.points['You']} : {state.points['Network']} Network",
            help="Digits that each of you read correctly in this quiz; digits whose label is in doubt do not count.",
        )
        with st.container(horizontal=True, key="quiz_keys", gap="small"):
            for digit in range(10):
                st.button(
                    str(digit),
                    key=f"quiz_{digit}",
                    on_click=submit_guess,
                    args=(state, evaluation, digit),
                    disabled=state.guess is not None,
                    type="primary" if digit == state.guess else "secondary",
                    shortcut=str(digit),
                    width="stretch",
                )
        if state.guess is None:
            st.markdown("**What is written here?** Press a digit.")
            st.caption(
                f"Question {state.position + 1} of {len(state.order)}. The network misreads about half of these "
                "digits; it reads the others correctly, but with low confidence."
            )
        else:
            answer(state, evaluation, index)


def answer(state: QuizState, evaluation: Evaluation, index: int) -> None:
    """Show the label, who was right, and the network's probabilities."""
    label, predicted = evaluation.labels[index], evaluation.predicted[index]
    you_correct, network_correct = state.guess == label, predicted == label
    you = "You were right" if you_correct else f"You read a {state.guess}"
    network = "so was the network" if you_correct and network_correct else f"the network read a {predicted}"
    conjunction = "and" if you_correct == network_correct else "but"
    st.markdown(
        f"**It is labelled {label}.** {you}, {conjunction} {network}, "
        f"with a confidence of {labels.percent(evaluation.confidence[index])}."
    )
    with st.container(horizontal=True):
        st.button(
            "Next digit",
            key="quiz_next",
            on_click=next_question,
            args=(state,),
            type="primary",
            shortcut="Enter",
            icon=":material/arrow_forward:",
        )
        if st.button("See it in detail", key="quiz_detail"):
            url_state.update(view=None, digit=index)
            st.rerun()  # the whole page, not only the quiz
    if index in evaluation.label_errors:
        st.warning(f"**This label is in doubt, so it does not count.** {evaluation.label_errors[index].votes}")
    st.plotly_chart(
        charts.probability_chart(evaluation.probabilities[index], int(label)),
        key="quiz_probabilities",
        config=charts.PLOTLY_CONFIG,
        alt=f"The ten probabilities; the network reads {predicted}, the label is {label}",
    )


def score_text(state: QuizState) -> str:
    """Return the score as a sentence."""
    you, network = state.points["You"], state.points["Network"]
    leader = "You are ahead." if you > network else "The network is ahead." if network > you else "It is a draw."
    return f"You {you} : {network} network. {leader}"
