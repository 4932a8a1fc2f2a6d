"""The quiz of the Mistakes page: read ten digits, half of which the network misreads, and compare with the network."""

import secrets
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from mnist_core.analysis.evaluation import Evaluation
from mnist_core.data import Digits
from mnist_core.text import count
from ui import charts, digit_browser, images, labels, url_state
from ui.components.gallery.gallery import gallery

ROUND_SIZE = 10  # digits in one round
RESULT_KEY = "quiz_result"  # of the gallery at the end of a round


@dataclass
class QuizState:
    """The progress of one visitor in the quiz of one run."""

    order: list[int]  # indices of the round's digits, each once
    round_number: int = 1
    position: int = 0  # in `order`
    guesses: dict[int, int] = field(default_factory=dict)  # index of a digit -> what the visitor read
    earlier: list["Score"] = field(default_factory=list)  # of the rounds before

    @property
    def digit(self) -> int | None:
        """The index of the current digit, None after the last."""
        return self.order[self.position] if self.position < len(self.order) else None


@dataclass(frozen=True)
class Score:
    """How many of some digits the visitor and the network read as they are labelled."""

    you: int
    network: int
    total: int


def draw_round(evaluation: Evaluation, seed: int, round_number: int = 1) -> list[int]:
    """Return the indices of a round's digits in random order; seed and number of the round decide them.

    Half of them are mistakes of the network, the other half it reads correctly; if it has too few mistakes, it reads
    more of them correctly. Digits whose label is in doubt are left out.
    """
    rng = np.random.default_rng([seed, round_number])
    certain = np.setdiff1d(np.arange(len(evaluation.labels)), list(evaluation.label_errors))
    correct = certain[evaluation.correct[certain]]
    mistakes = certain[~evaluation.correct[certain]]
    n_mistakes = min(len(mistakes), max(ROUND_SIZE // 2, ROUND_SIZE - len(correct)))
    n_correct = min(len(correct), ROUND_SIZE - n_mistakes)
    chosen = rng.choice(mistakes, n_mistakes, replace=False), rng.choice(correct, n_correct, replace=False)
    return [int(index) for index in rng.permutation(np.concatenate(chosen))]


def score(evaluation: Evaluation, guesses: dict[int, int]) -> Score:
    """Return the score of visitor and network on the digits that the visitor has guessed."""
    guessed = list(guesses)
    you = sum(guess == evaluation.labels[index] for index, guess in guesses.items())
    return Score(int(you), int(evaluation.correct[guessed].sum()), len(guessed))


def quiz_state(evaluation: Evaluation) -> QuizState:
    """Return this visitor's quiz of this run, starting one if there is none."""
    states: dict[str, QuizState] = st.session_state.setdefault("quizzes", {})
    name = evaluation.run.name
    if name not in states:
        states[name] = QuizState(draw_round(evaluation, quiz_seed()))
    return states[name]


def quiz_seed() -> int:
    """Return the seed of this visitor's quizzes, drawn at the first call."""
    return st.session_state.setdefault("quiz_seed", secrets.randbelow(2**32))


def submit_guess(state: QuizState, digit: int) -> None:
    """Take the visitor's first guess of the current digit."""
    if state.digit is not None:
        state.guesses.setdefault(state.digit, digit)


def next_digit(state: QuizState) -> None:
    """Go to the next digit, if the current one has been guessed."""
    if state.digit in state.guesses:
        state.position += 1


def start_next_round(evaluation: Evaluation) -> None:
    """Start the next round, with other digits; the scores of the earlier ones are kept."""
    state = quiz_state(evaluation)
    number = state.round_number + 1
    scores = [*state.earlier, score(evaluation, state.guesses)]
    order = draw_round(evaluation, quiz_seed(), number)
    st.session_state["quizzes"][evaluation.run.name] = QuizState(order, number, earlier=scores)


def quiz(evaluation: Evaluation, digits: Digits | None) -> None:
    """Show the quiz as a fragment: a guess reruns only this part of the page."""
    if digits is None:
        st.info(f"The quiz needs the pictures. {digit_browser.NO_IMAGES}")
        return
    st.fragment(show_quiz)(evaluation, digits)


def show_quiz(evaluation: Evaluation, digits: Digits) -> None:
    """Show the current digit, or after the last one the result."""
    state = quiz_state(evaluation)
    if state.digit is None:
        result(state, evaluation, digits)
    else:
        question(state, state.digit, evaluation, digits)


def question(state: QuizState, index: int, evaluation: Evaluation, digits: Digits) -> None:
    """Show one digit with ten buttons, and the answer once it has been guessed."""
    guess, so_far = state.guesses.get(index), score(evaluation, state.guesses)
    left, right = st.columns([1, 2], gap="medium")
    with left, st.container(key="quiz_digit"):
        st.image(images.data_uri(images.enlarge(digits.images[index])), width="stretch", alt="The digit in question")
    with right:
        with st.container(key="quiz_score"):
            st.markdown(
                f"### You {so_far.you} : {so_far.network} Network",
                help="How many of the digits so far each of you read as they are labelled.",
            )
        answer_buttons(state, guess, int(evaluation.labels[index]))
        if guess is None:
            n_mistakes = int((~evaluation.correct[state.order]).sum())
            st.markdown("**Which digit is this?** Press a button or a key.")
            st.caption(
                f"Digit {state.position + 1} of {len(state.order)}. The network misreads {n_mistakes or 'none'} of "
                "them. Do you do better?"
            )
        else:
            answer(state, guess, evaluation, index)


def answer_buttons(state: QuizState, guess: int | None, label: int) -> None:
    """Show ten buttons; after the guess the right one has a check mark and is blue, a wrong guess is orange."""
    icons = {} if guess is None else {guess: "close", label: "check"}  # a right guess has only the check mark
    with st.container(horizontal=True, key="quiz_keys", gap="small"):
        for digit in range(10):
            st.button(
                str(digit),
                icon=f":material/{icons[digit]}:" if digit in icons else None,
                key=f"quiz_{digit}",
                on_click=submit_guess,
                args=(state, digit),
                disabled=guess is not None,
                shortcut=str(digit),
                width="stretch",
            )
    colours = {"close": "--lab-incorrect", "check": "--lab-correct"}
    rules = (
        f".st-key-quiz_keys .st-key-quiz_{digit} button:disabled "
        f"{{ background: var({colours[icon]}); color: var(--lab-light-text); }}"
        for digit, icon in icons.items()
    )
    st.html(f"<style>{' '.join(rules)}</style>")


def answer(state: QuizState, guess: int, evaluation: Evaluation, index: int) -> None:
    """Show the label, who was right, and the network's probabilities."""
    label, predicted = int(evaluation.labels[index]), int(evaluation.predicted[index])
    you_correct, network_correct = guess == label, predicted == label
    you = "You were right" if you_correct else f"You read {labels.article(guess)}"
    network = (
        "so was the network" if you_correct and network_correct else f"the network read {labels.article(predicted)}"
    )
    conjunction = "and" if you_correct == network_correct else "but"
    st.markdown(
        f"**It is {labels.article(label)}.** {you}, {conjunction} {network}. It was "
        f"{labels.percent(evaluation.confidence[index])} sure."
    )
    with st.container(horizontal=True):
        last = state.position + 1 == len(state.order)
        st.button(
            "See the result" if last else "Next digit",
            key="quiz_next",
            on_click=next_digit,
            args=(state,),
            type="primary",
            shortcut="Enter",
            icon=":material/arrow_forward:",
        )
        if st.button("See it in detail", key="quiz_detail"):
            open_detail(index)
    st.plotly_chart(
        charts.probability_chart(evaluation.probabilities[index], label),
        key="quiz_probabilities",
        config=charts.PLOTLY_CONFIG,
        alt=f"The ten probabilities; the network reads {predicted}, the label is {label}",
    )


def result(state: QuizState, evaluation: Evaluation, digits: Digits) -> None:
    """Show the score of the round, what it means, and all its digits with both answers."""
    this_round = score(evaluation, state.guesses)
    st.markdown(f"### You read {this_round.you} of {this_round.total}, the network {this_round.network}.")
    st.markdown(result_text(state, evaluation))
    st.button(
        "Next round",
        key="quiz_again",
        on_click=start_next_round,
        args=(evaluation,),
        type="primary",
        icon=":material/replay:",
    )
    guesses = list(state.guesses.items())
    clicked = gallery(
        RESULT_KEY,
        "The digits of this round with your answers and the network's",
        [index for index, _ in guesses],
        digits.images[[index for index, _ in guesses]],
        [
            f"{labels.article(int(evaluation.labels[index]))}\nyou {marked(guess, int(evaluation.labels[index]))}"
            f"\nnetwork {marked(int(evaluation.predicted[index]), int(evaluation.labels[index]))}"
            for index, guess in guesses
        ],
        [
            f"Test digit {index}: {labels.article(int(evaluation.labels[index]))}. You read "
            f"{labels.article(guess)}, the network {labels.article(int(evaluation.predicted[index]))}."
            for index, guess in guesses
        ],
        marked=[index for index, guess in guesses if guess != evaluation.labels[index]],
        size=84,
    )
    if clicked is not None:
        open_detail(clicked)
    st.caption("An orange frame: you misread this one. Press a digit to see it in detail.")


def marked(read: int, label: int) -> str:
    """Return what somebody read, with a check mark if it is the label, else a cross."""
    return f"{'✓' if read == label else '✕'} {read}"


def result_text(state: QuizState, evaluation: Evaluation) -> str:
    """Return what the score of a finished round means, and the score of all rounds if it was not the first."""
    hard = {index: guess for index, guess in state.guesses.items() if not evaluation.correct[index]}
    easy = {index: guess for index, guess in state.guesses.items() if evaluation.correct[index]}
    parts = [
        f"Of the {count(len(group), 'digit')} that it {verb}, you read {score(evaluation, group).you or 'none'}."
        for group, verb in ((hard, "misreads"), (easy, "reads correctly"))
        if group
    ]
    rounds = [*state.earlier, score(evaluation, state.guesses)]
    if len(rounds) > 1:
        you, network, total = (sum(getattr(one, name) for one in rounds) for name in ("you", "network", "total"))
        parts.append(f"In all {len(rounds)} rounds: you {you} of {total}, the network {network}.")
    return " ".join(parts)


def open_detail(index: int) -> None:
    """Leave the quiz for the detail of this digit."""
    url_state.update(view=None, digit=index)
    st.rerun()  # the whole page, not only the quiz
