"""The frame of every page: configuration, navigation, which data are used, what is training."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from ui import palette, status, url_state

STYLESHEET = Path(__file__).with_name("style.css")


@dataclass(frozen=True)
class Page:
    """One entry of the navigation."""

    file: str
    title: str
    icon: str
    purpose: str  # one line below the title
    group: str
    next: tuple["NextStep", "NextStep"]  # where to go from here


class NextStep(NamedTuple):
    """A page to go to from another one, and why."""

    title: str
    why: str  # one sentence


PAGES = [  # in the order of the navigation
    Page(
        "Home.py",
        "Train",
        ":material/play_circle:",
        "Teach a network to read handwritten digits, and watch it learn.",
        "Train",
        (
            NextStep("Draw", "Write a digit yourself, and see whether the network can read it."),
            NextStep("Mistakes", "Look at the digits it still gets wrong. Could you have read them?"),
        ),
    ),
    Page(
        "pages/draw.py",
        "Draw",
        ":material/draw:",
        "Draw a digit and see at once what a network reads, and why.",
        "Try",
        (
            NextStep("Break it", "Turn, blur or disturb a digit until the network gives up."),
            NextStep("Look inside", "Follow a digit through the network, layer by layer."),
        ),
    ),
    Page(
        "pages/break_it.py",
        "Break it",
        ":material/broken_image:",
        "Change a digit until the network misreads it, or add a little noise that is designed to fool it.",
        "Try",
        (
            NextStep("Look inside", "See which pixels the network looked at before it answered."),
            NextStep("Calibration", "Find out whether the network notices when it is about to be wrong."),
        ),
    ),
    Page(
        "pages/look_inside.py",
        "Look inside",
        ":material/network_node:",
        "Follow one digit through the network, layer by layer, and see how a number in it is computed.",
        "Understand",
        (
            NextStep("Break it", "Change this digit until the network misreads it."),
            NextStep("Confusion matrix", "From one digit to all of them: which ones does the network mix up?"),
        ),
    ),
    Page(
        "pages/confusion.py",
        "Confusion matrix",
        ":material/grid_on:",
        "Which digits a network mistakes for which others, and what those digits look like.",
        "Understand",
        (
            NextStep("Mistakes", "Go through all the misread digits, the worst first."),
            NextStep("Look inside", "See what happens in the network when it reads one of them."),
        ),
    ),
    Page(
        "pages/mistakes.py",
        "Mistakes",
        ":material/quiz:",
        "The test digits that a network misreads, the worst first. Which of them could you have read?",
        "Understand",
        (
            NextStep("Calibration", "Was the network at least unsure when it was wrong?"),
            NextStep("Curves", "See whether another network makes fewer mistakes."),
        ),
    ),
    Page(
        "pages/calibration.py",
        "Calibration",
        ":material/speed:",
        "Is a network right as often as it is sure? And what if it may refuse the digits it is unsure of?",
        "Understand",
        (
            NextStep("Mistakes", "Meet the digits that it misreads although it is sure."),
            NextStep("Models", "See which networks are right most often."),
        ),
    ),
    Page(
        "pages/curves.py",
        "Curves",
        ":material/show_chart:",
        "Which networks learn faster, which end better, and do they differ at all?",
        "Compare",
        (
            NextStep("Models", "All networks in one table, with what each of them cost."),
            NextStep("Train", "Change one setting, train again, and compare."),
        ),
    ),
    Page(
        "pages/models.py",
        "Models",
        ":material/shelves:",
        "Every network that was trained, and how well it reads.",
        "Compare",
        (
            NextStep("Curves", "Lay the learning curves of two networks over each other."),
            NextStep("Draw", "Let a network read your own handwriting."),
        ),
    ),
]
GROUPS = list(dict.fromkeys(page.group for page in PAGES))


def shell(title: str) -> None:
    """Configure the page of this title and draw everything around its content; every page calls this first."""
    page = page_titled(title)
    st.set_page_config(page_title=f"{title} · MNIST Lab", page_icon="✏️", layout="wide")
    st.html(f"<style>{palette.stylesheet()}{STYLESHEET.read_text('utf-8')}</style>")
    with st.sidebar:
        st.markdown("**MNIST Lab**")
        with st.container(key="navigation", gap=None):
            for other in PAGES:
                page_link(other.title, other.title, **url_state.shared_parameters())
        status.status_strip()
    st.title(page.title, anchor=False)
    st.caption(page.purpose)
    status.data_banner()


def next_steps(title: str) -> None:
    """Show at the end of the page of this title where to go next: two links, each with its reason."""
    st.subheader("Where to next?", anchor=False)
    with st.container(horizontal=True, key="next_steps"):
        for number, step in enumerate(page_titled(title).next):
            with st.container(key=f"next_step_{number}", gap=None):
                page_link(step.title, step.title, **url_state.shared_parameters())
                st.caption(step.why)


def page_link(title: str, label: str, **query: object) -> None:
    """Show a link to the page of this title, with its icon and these query parameters."""
    page = page_titled(title)
    query = url_state.presentation_parameter() | query
    st.page_link(
        page.file, label=label, icon=page.icon, query_params={name: str(value) for name, value in query.items()}
    )


def presenting() -> bool:
    """Return whether the page is shown to a class: larger type, more contrast, no sidebar (`?present=1`)."""
    return bool(url_state.presentation_parameter())


def page_titled(title: str) -> Page:
    """Return the page of this title."""
    return next(page for page in PAGES if page.title == title)
