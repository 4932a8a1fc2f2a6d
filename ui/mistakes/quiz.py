"""A digit, a guess, and then what the network and the label say: human against network."""

import secrets
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from mnist_core.analysis.evaluation import Evaluation
from mnist_core.data import Digits
from ui import charts, digit_browser, images, labels, url_state

MIN_CORRECT, MAX_MISTAKES = 20, 200  # digits of either kind in one quiz


@dataclass
class QuizState:
    """How far one visitor has come in the quiz of one run."""

    order: list[int]  # positions of the digits, each once
    at: int = 0
    guess: int | None = None
    points: dict[str, int] = field(default_factory=lambda: {"You": 0, "Network": 0})

    @property
    def digit(self) -> int | None:
        """The digit that is asked for, None when there are no more."""
        return self.order[self.at] if self.at < len(self.order) else None


def shuffled_order(found: Evaluation, seed: int) -> list[int]:
    """Mistakes, mixed with as many digits that the network read rightly but with doubt: its answer is no hint."""
    random = np.random.default_rng(seed)
    mistakes = random.permutation(found.mistakes)[:MAX_MISTAKES]
    right = np.flatnonzero(found.read == found.labels)
    doubtful = right[np.argsort(found.sure[right], kind="stable")][: max(len(mistakes), MIN_CORRECT)]
    return [int(place) for place in random.permutation(np.concatenate([mistakes, doubtful]))]


def quiz_state(found: Evaluation) -> QuizState:
    """This visitor's game with this run; a new one when there is none."""
    games = st.session_state.setdefault("quiz_games", {})
    seed = st.session_state.setdefault("quiz_seed", secrets.randbelow(2**32))
    return games.setdefault(found.run.name, QuizState(shuffled_order(found, seed)))


def submit_guess(game: QuizState, found: Evaluation, digit: int) -> None:
    """Take the visitor's guess, once a question; a digit whose label is in doubt gives nobody a point."""
    if game.guess is not None or game.digit is None:
        return
    game.guess = digit
    if game.digit not in found.doubts:
        game.points["You"] += digit == found.labels[game.digit]
        game.points["Network"] += bool(found.read[game.digit] == found.labels[game.digit])


def next_question(game: QuizState) -> None:
    """To the next question, when this one has been answered."""
    if game.guess is not None:
        game.at, game.guess = game.at + 1, None


def restart(found: Evaluation) -> None:
    """All digits once more, in another order; the points stay."""
    old = quiz_state(found)
    order = shuffled_order(found, st.session_state["quiz_seed"] + len(old.points) + old.at)
    st.session_state["quiz_games"][found.run.name] = QuizState(order, points=old.points)


def quiz(found: Evaluation, digits: Digits | None) -> None:
    """The quiz on its page; only this part runs again at a guess."""
    if digits is None:
        st.info(f"The quiz needs the pictures. {digit_browser.NO_IMAGES}")
        return
    st.fragment(question)(found, digits)


def question(found: Evaluation, digits: Digits) -> None:
    """One question, or its answer."""
    game = quiz_state(found)
    place = game.digit
    if place is None:
        st.success(f"You have seen all {len(game.order)} digits of this quiz. {score_text(game)}")
        st.button("Play again", key="quiz_again", on_click=restart, args=(found,), icon=":material/replay:")
        return
    left, right = st.columns([1, 2], gap="medium")
    with left, st.container(key="quiz_digit"):
        st.image(images.data_uri(images.enlarge(digits.images[place])), width="stretch")
    with right:
        st.markdown(
            f"### You {game.points['You']} : {game.points['Network']} Network",
            help="Digits that each of you read as labelled in this quiz; labels in doubt do not count.",
        )
        with st.container(horizontal=True, key="quiz_keys", gap="small"):
            for digit in range(10):
                st.button(
                    str(digit),
                    key=f"quiz_{digit}",
                    on_click=submit_guess,
                    args=(game, found, digit),
                    disabled=game.guess is not None,
                    type="primary" if digit == game.guess else "secondary",
                    shortcut=str(digit),
                    width="stretch",
                )
        if game.guess is None:
            st.markdown("**What is written here?** Press a digit.")
            st.caption(
                f"Question {game.at + 1} of {len(game.order)}. About half of these digits the network misreads; the "
                "others it reads rightly, but with doubt."
            )
        else:
            answer(game, found, place)


def answer(game: QuizState, found: Evaluation, place: int) -> None:
    """What the label and the network say."""
    label, read = found.labels[place], found.read[place]
    you = "You were right" if game.guess == label else f"You read a {game.guess}"
    network = "the network too" if game.guess == label == read else f"the network read a {read}"
    joint = "and" if (game.guess == label) == (read == label) else "but"
    st.markdown(f"**It is labelled {label}.** {you}, {joint} {network}, {labels.percent(found.sure[place])} sure.")
    with st.container(horizontal=True):
        st.button(
            "Next digit", key="quiz_next", on_click=next_question, args=(game,), type="primary", shortcut="Enter",
            icon=":material/arrow_forward:",
        )  # fmt: skip
        if st.button("See it in detail", key="quiz_detail"):
            url_state.update(view=None, digit=place)
            st.rerun()  # the whole page, not only the quiz
    if place in found.doubts:
        st.warning(f"**This label is in doubt, so it does not count.** {found.doubts[place].votes}")
    st.plotly_chart(
        charts.probabilities(found.probabilities[place], int(label)),
        key="quiz_probabilities",
        config=charts.PLOTLY_CONFIG,
        alt=f"The ten probabilities; the network reads {read}, the label is {label}",
    )


def score_text(game: QuizState) -> str:
    """The score in words."""
    you, network = game.points.values()
    ahead = "You are ahead." if you > network else "The network is ahead." if network > you else "It is a draw."
    return f"You {you} : {network} network. {ahead}"
