"""The buttons of the Train page, the speed of training, and what they do."""

import streamlit as st

from mnist_core.config import TRAINING_SIZES, TrainConfig
from mnist_core.errors import MnistLabError
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run
from mnist_core.text import about
from ui import caches, run_actions, url_state, visitor
from ui.labels import in_line, percent
from ui.run_summary import current_status
from ui.shell import page_link
from ui.train.form import DEFAULT_RECIPE, Form, field_key

SPEEDS: dict[str, tuple[str, float | None]] = {  # value in the URL -> text, steps per second (None: no limit)
    "full": ("Full speed", None),
    "100": ("100 steps/s", 100.0),
    "10": ("10 steps/s", 10.0),
    "step": ("Step by step", 0.0),
}


def controls(form: Form, run: Run | None) -> None:
    """Show what can be done with the run in view, and Train, beside the speed; below them what stands in the way.

    `run` is None on a visitor's first page, before anything was trained.
    """
    queue = caches.queue()
    mine = run is not None and visitor.may_change(run) and current_status(run) in run_actions.UNFINISHED
    with st.container(horizontal=True, vertical_alignment="center", key="controls"):
        if run is not None and mine:
            run_actions.go_on_or_end(run)
            train_button(form, "Train next" if run_actions.is_active(run) else "Train", main=False)
        else:
            quick = form.config == RECIPES[DEFAULT_RECIPE].config
            train_button(form, "Train a network in seconds" if run is None and quick else "Train")
            if run is None and st.button("Draw a digit", key="draw_first", icon=":material/draw:"):
                st.switch_page("pages/draw.py")
        speed = url_state.choice(
            "Speed",
            {value: text for value, (text, _) in SPEEDS.items()},
            "speed",
            present_speed(run),
            labelled=False,
        )
        if run is not None and mine and run_actions.is_active(run):
            queue.set_speed(run, SPEEDS[speed][1])
            if speed == "step" and queue.is_training(run):
                step_buttons(run)
    with st.container(key="settings_hint"):  # on a phone, where they are out of sight
        st.caption("The recipe and all settings are in the menu at the top, :material/menu:")
    if run is not None:
        run_actions.where_it_stands(run)
        if mine:
            run_actions.learning_rate_field(run)
    if form.problem and not mine:
        st.error(form.problem)
    if not mine and not queue.is_free:
        st.fragment(waiting_note, run_every=2.0)()


def waiting_note() -> None:
    """Say that a run would have to wait, and for how long."""
    place = caches.queue().place_of_next(visitor.owner())
    if place.number:
        time = f" and begin in {about(place.seconds)}" if place.seconds is not None else ""
        st.caption(
            f":material/hourglass_top: Another run is training now: yours would be {in_line(place.number)}{time}."
        )


def present_speed(run: Run | None) -> str:
    """Return the speed, one of `SPEEDS`, of a run that is in line or trains: it stays while other pages are visited."""
    present = caches.queue().speed(run) if run is not None else None
    return next((value for value, (_, steps) in SPEEDS.items() if steps == present), "full")


@st.fragment
def step_buttons(run: Run) -> None:
    """Show the buttons that let one step or more happen, each without rerunning the page."""
    with st.container(horizontal=True, width="content", key="step_buttons"):
        for count in (1, 10):
            step_button(run, count)


def step_button(run: Run, count: int) -> None:
    """Show the button that lets so many steps happen."""
    st.button(
        "Next step" if count == 1 else f"Next {count}",
        key=f"advance_{count}",
        icon=":material/skip_next:",
        on_click=caches.queue().advance,
        args=[run, count],
    )


def train_button(form: Form, text: str, main: bool = True) -> None:
    """Show the button that trains the form's config; while that is impossible it is disabled and says why.

    `main` is whether it is the first thing to do on the page.
    """
    reason = None
    if form.config is None:
        reason = f"{form.problem}\n\nCorrect this in the settings."
    elif form.config.dataset == "mnist" and not caches.dataset_status().ready:
        reason = "MNIST is not here yet: wait, or choose the sample digits under Data."
    pressed = st.button(
        text,
        key="train",
        type="primary" if main else "secondary",
        icon=":material/play_arrow:" if main else ":material/add:",
        help=reason,
        disabled=reason is not None,
    )
    again = st.session_state.pop("train_again", False)
    if (pressed or again) and form.config is not None and reason is None:
        start_training(form.config, form.name)


def train_again_with_another_seed(form: Form) -> None:
    """Fill in the next seed, and train when the page is drawn again: the same settings, another beginning."""
    assert form.config is not None
    st.session_state[field_key("seed")] = form.config.seed + 1
    st.session_state["train_again"] = True


def start_training(config: TrainConfig, recipe: str) -> None:
    """Put a run of this config in line and show it; show an error if that is impossible."""
    speed = SPEEDS[url_state.one_of("speed", list(SPEEDS))][1]
    try:
        run = caches.queue().submit(config, recipe, visitor.owner(), speed)
    except MnistLabError as error:
        st.error(str(error))
        return
    url_state.update(run=run.name)
    st.rerun()


def welcome(config: TrainConfig) -> None:
    """Say to a newcomer what is on the page."""
    digits = f"{TRAINING_SIZES[config.dataset] - (config.validation_size or 0):,}"
    st.markdown(
        f"This network has not learned anything yet: **it can only guess.** Let it learn from {digits} digits, and "
        "watch its answers change."
    )


def finished_network_link(form: Form) -> None:
    """Link to the run of this recipe that comes with the app, if there is one."""
    shipped = caches.find_run(form.name)
    if shipped is not None and shipped.result is not None:
        accuracy = percent(shipped.result.test.accuracy)
        page_link("Train", f"Look at one that has finished: {accuracy}", run=shipped.name)
