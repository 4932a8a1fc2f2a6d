"""The Train and Stop buttons of the Train page, the speed of training, and what they do."""

import streamlit as st

from mnist_core.config import TRAINING_SIZES, TrainConfig
from mnist_core.recipes import RECIPES
from mnist_core.runs import RunError
from ui import caches, url_state
from ui.labels import percent
from ui.shell import page_link
from ui.train.form import DEFAULT_RECIPE, Form, field_key

SPEEDS: dict[str, tuple[str, float | None]] = {  # value in the URL -> text, steps per second (None: no limit)
    "full": ("Full speed", None),
    "100": ("100 steps/s", 100.0),
    "10": ("10 steps/s", 10.0),
    "step": ("Step by step", 0.0),
}


def controls(form: Form, first_visit: bool) -> None:
    """Show Train, or Stop while something trains, beside the speed; below them why Train is disabled, if it is."""
    executor = caches.executor()
    with st.container(horizontal=True, vertical_alignment="center", key="controls"):
        if executor.run:
            st.button(
                "Stop",
                key="stop",
                icon=":material/stop:",
                type="primary",
                disabled=executor.stopping,
                on_click=stop_training,
            )
        else:
            quick = form.config == RECIPES[DEFAULT_RECIPE].config
            train_button(form, "Train a network in seconds" if first_visit and quick else "Train")
            if first_visit and st.button("Draw a digit", key="draw_first", icon=":material/draw:"):
                st.switch_page("pages/draw.py")
        speed = url_state.choice(
            "Speed",
            {value: text for value, (text, _) in SPEEDS.items()},
            "speed",
            present_speed(),
            labelled=False,
        )
        steps_per_second = SPEEDS[speed][1]
        if executor.run and executor.speed != steps_per_second:
            executor.set_speed(steps_per_second)
        if executor.run and speed == "step":
            step_buttons()
    with st.container(key="settings_hint"):  # on a phone, where they are out of sight
        st.caption("The recipe and all settings are in the menu at the top, :material/menu:")
    if form.problem and not executor.run:
        st.error(form.problem)


def present_speed() -> str:
    """Return the speed, one of `SPEEDS`, of what is training now: it stays while other pages are visited."""
    executor = caches.executor()
    present = executor.speed if executor.run else None
    return next((value for value, (_, steps) in SPEEDS.items() if steps == present), "full")


@st.fragment
def step_buttons() -> None:
    """Show the buttons that let one step or more happen, each without rerunning the page."""
    with st.container(horizontal=True, width="content", key="step_buttons"):
        for count in (1, 10):
            step_button(count)


def step_button(count: int) -> None:
    """Show the button that lets so many steps happen."""
    st.button(
        "Next step" if count == 1 else f"Next {count}",
        key=f"advance_{count}",
        icon=":material/skip_next:",
        on_click=caches.executor().advance,
        args=[count],
    )


def train_button(form: Form, text: str) -> None:
    """Show the button that trains the form's config; while that is impossible it is disabled and says why."""
    reason = None
    if form.config is None:
        reason = f"{form.problem}\n\nCorrect this in the settings."
    elif form.config.dataset == "mnist" and not caches.dataset_status().ready:
        reason = "MNIST is not here yet: wait, or choose the sample digits under Data."
    pressed = st.button(
        text,
        key="train",
        type="primary",
        icon=":material/play_arrow:",
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
    """Start to train this config and show the run; show an error if it cannot be started."""
    speed = SPEEDS[url_state.one_of("speed", list(SPEEDS))][1]
    try:
        run = caches.executor().start(config, recipe, speed=speed)
    except RunError as error:
        st.error(str(error))
        return
    url_state.update(run=run.name)
    st.rerun()


def stop_training() -> None:
    """Stop what is training, whoever started it."""
    caches.executor().stop()


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
