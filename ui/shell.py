"""The frame of every page: configuration, navigation, which data are used, what is training."""

from dataclasses import dataclass
from pathlib import Path

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


PAGES = [
    Page(
        "Home.py", "Train", ":material/play_circle:", "Teach a network to read handwritten digits, and watch it learn."
    ),
    Page(
        "pages/curves.py",
        "Curves",
        ":material/show_chart:",
        "Which networks learn faster, which end better, and do they differ at all?",
    ),
    Page(
        "pages/confusion.py",
        "Confusion matrix",
        ":material/grid_on:",
        "Which digits a network mistakes for which others, and what those digits look like.",
    ),
    Page(
        "pages/mistakes.py",
        "Mistakes",
        ":material/quiz:",
        "The test digits that a network misreads, the worst first. Which of them could you have read?",
    ),
    Page(
        "pages/calibration.py",
        "Calibration",
        ":material/speed:",
        "Is a network right as often as it is sure? And what if it may refuse the digits it is unsure of?",
    ),
    Page("pages/draw.py", "Draw", ":material/draw:", "Draw a digit and see at once what a network reads, and why."),
    Page(
        "pages/look_inside.py",
        "Look inside",
        ":material/network_node:",
        "Follow one digit through the network, layer by layer, and see how a number in it is computed.",
    ),
    Page(
        "pages/break_it.py",
        "Break it",
        ":material/broken_image:",
        "Change a digit until the network misreads it, or add a little noise that is designed to fool it.",
    ),
    Page("pages/models.py", "Models", ":material/shelves:", "Every network that was trained, and how well it reads."),
]


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


def links_to_other_pages(title: str) -> None:
    """Show a heading, and below it a link with its purpose to every page but the one of this title."""
    st.subheader("Go on", anchor=False)
    for page in PAGES:
        if page.title != title:
            page_link(page.title, f"{page.title}: {page.purpose}", **url_state.shared_parameters())


def page_link(title: str, label: str, **query: object) -> None:
    """Show a link to the page of this title, with its icon and these query parameters."""
    page = page_titled(title)
    st.page_link(
        page.file, label=label, icon=page.icon, query_params={name: str(value) for name, value in query.items()}
    )


def page_titled(title: str) -> Page:
    """Return the page of this title."""
    return next(page for page in PAGES if page.title == title)
