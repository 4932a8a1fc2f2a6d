"""The frame of every page: configuration, navigation, which data are used, what is training."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from ui import glossary, magnification, mark, palette, session_run, status, teacher, url_state, visitor
from ui.components.frame.frame import frame

STYLESHEETS = ["frame.css", "style.css"]  # beside this file
PRESENTATION_STYLESHEET = "presentation.css"
PRESENTATION_SCALE = 1.5  # of figures; presentation.css has the same for type
PRESENTATION_KEY = "presentation"  # of the toggle


@dataclass(frozen=True)
class Page:
    """One entry of the navigation."""

    file: str
    title: str
    icon: str
    purpose: str  # one line beside the title, in which [[terms]] carry their meaning
    group: str  # "" for a page that stands apart, below all groups
    next: tuple["NextStep", "NextStep"]  # where to go from here


class NextStep(NamedTuple):
    """A page to go to from another one, and why."""

    title: str
    why: str  # one sentence, in which [[terms]] carry their meaning


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
        "Change a digit until the network misreads it, or add a little [[noise that fools it|adversarial example]].",
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
        "Follow one digit through the network, [[layer]] by layer, and see how a number in it is computed.",
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
        "The [[test digits|test set]] that a network misreads, the worst first. Which of them could you have read?",
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
        "When a network says 90 %, is it right 90 % of the time? And what if it could say: I don’t know?",
        "Understand",
        (
            NextStep("Mistakes", "Meet the digits that it misreads although it is sure."),
            NextStep("Robustness", "See how well it reads digits in noise, in fog or behind glass."),
        ),
    ),
    Page(
        "pages/robustness.py",
        "Robustness",
        ":material/shield:",
        "How well networks read damaged pictures: fifteen [[corruptions|corruption]], such as noise, blur and fog.",
        "Understand",
        (
            NextStep("Break it", "Damage one digit yourself until the network gives up."),
            NextStep("Models", "See which networks read clean digits best."),
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
            NextStep("Curves", "Lay the [[learning curves|learning curve]] of two networks over each other."),
            NextStep("Draw", "Let a network read your own handwriting."),
        ),
    ),
    Page(
        "pages/about.py",
        "About this server",
        ":material/info:",
        "What it runs on, what it is doing, and what it allows.",
        "",
        (
            NextStep("Train", "Teach a network to read handwritten digits."),
            NextStep("Models", "All the networks that are kept on this server."),
        ),
    ),
]
GROUPS = list(dict.fromkeys(page.group for page in PAGES if page.group))


def shell(title: str) -> None:
    """Configure the page of this title and draw everything around its content; every page calls this first."""
    page = page_titled(title)
    session_run.carry_over(title)
    st.set_page_config(
        page_title=f"{title} · {mark.NAME}",
        page_icon=mark.mark_svg(),
        layout="wide",
        initial_sidebar_state="collapsed" if presenting() else "auto",
    )
    st.logo(mark.logo_svg(), size="large", icon_image=mark.mark_svg() if presenting() else None)
    st.html(f"<style>{stylesheets()}</style>")
    with st.sidebar:
        navigation()
        status.status_strip()
        presentation_toggle()
        teacher.teacher_area()
    if presenting():
        presentation_bar()
    else:
        phone_navigation(page)
    with st.container(horizontal=True, vertical_alignment="bottom", key="page_title"):
        st.title(page.title, anchor=False, width="content")
        glossary.caption(page.purpose, width="content")
    frame(page.title, presenting(), visitor.COOKIE, visitor.token(), visitor.adopt)
    status.data_banner()


def stylesheets() -> str:
    """Return the colours and the CSS of all pages, and while presenting what it changes."""
    light, dark = (st.get_option(f"theme.{scheme}.backgroundColor") for scheme in ("light", "dark"))
    files = [*STYLESHEETS, PRESENTATION_STYLESHEET] if presenting() else STYLESHEETS
    rules = "".join(Path(__file__).with_name(file).read_text("utf-8") for file in files)
    return f"{palette.stylesheet()} :root {{ --lab-page: light-dark({light}, {dark}); }} {rules}"


def navigation() -> None:
    """Show the links to all pages, by group, in rows of two; a group of one page needs no heading."""
    with st.container(key="navigation", gap=None):
        for group in GROUPS:
            titles = [page.title for page in PAGES if page.group == group]
            if titles != [group]:
                st.caption(group)
            with st.container(horizontal=True, gap=None, key=f"navigation_{group}"):
                for title in titles:
                    page_link(title, title, **session_run.shared_parameters())
        with st.container(key="navigation_apart"):
            for page in PAGES:
                if not page.group:
                    page_link(page.title, page.title, **session_run.shared_parameters())


def phone_navigation(current: Page) -> None:
    """Show, on a phone only, the groups in a bar at the bottom, and above the title the other pages of this group."""
    with st.container(horizontal=True, gap=None, key="group_bar"):
        for group in GROUPS:
            first = next(page for page in PAGES if page.group == group)
            with st.container(key="group_current" if group == current.group else f"group_{group}"):
                page_link(first.title, group, **session_run.shared_parameters())
    siblings = [page for page in PAGES if page.group == current.group]
    if len(siblings) > 1:
        with st.container(horizontal=True, wrap=False, gap="small", key="group_pages"):
            for page in siblings:
                page_link(page.title, page.title, **session_run.shared_parameters())


def presentation_toggle() -> None:
    """Show the switch between the ordinary page and the one for a projector."""
    st.session_state[PRESENTATION_KEY] = presenting()
    st.toggle(
        "Presentation",
        key=PRESENTATION_KEY,
        on_change=lambda: url_state.present(st.session_state[PRESENTATION_KEY]),
        help="For a projector: larger type, stronger contrast, and no sidebar.",
    )


def presentation_bar() -> None:
    """Show, while presenting, the links to the grouped pages in one row, and the way back to the ordinary page."""
    with st.container(horizontal=True, vertical_alignment="center", gap=None, key="presentation_bar"):
        for page in PAGES:
            if page.group:
                page_link(page.title, page.title, **session_run.shared_parameters())
        st.button(
            "End presentation",
            key="end_presentation",
            icon=":material/close_fullscreen:",
            on_click=lambda: url_state.present(False),
        )


def presenting() -> bool:
    """Return whether the page is shown to a class: larger type, more contrast, no sidebar (`?present=1`)."""
    return bool(url_state.presentation_parameter())


magnification.factor = lambda: PRESENTATION_SCALE if presenting() else 1.0


def next_steps(title: str) -> None:
    """Show at the end of the page of this title where to go next: two links, each with its reason."""
    st.subheader("Where to next?", anchor=False)
    with st.container(horizontal=True, key="next_steps"):
        for number, step in enumerate(page_titled(title).next):
            with st.container(key=f"next_step_{number}", gap=None):
                page_link(step.title, step.title, **session_run.shared_parameters())
                glossary.caption(step.why)


def page_link(title: str, label: str, **query: object) -> None:
    """Show a link to the page of this title, with its icon and these query parameters."""
    page = page_titled(title)
    query = url_state.presentation_parameter() | query
    st.page_link(
        page.file, label=label, icon=page.icon, query_params={name: str(value) for name, value in query.items()}
    )


def page_titled(title: str) -> Page:
    """Return the page of this title."""
    return next(page for page in PAGES if page.title == title)
