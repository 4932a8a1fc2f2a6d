"""The parts of the Break it page: sliders that change a digit, and noise made against the network."""

import math

import numpy as np
import streamlit as st

from mnist_core import inference
from mnist_core.analysis import perturbations
from mnist_core.analysis.perturbations import PERTURBATIONS
from ui import charts, images, url_state
from ui.break_it import response_chart
from ui.digit_picker import PickedDigit


def slider_values() -> dict[str, float]:
    """What the address says about each slider; what is missing or impossible is neutral."""
    found = {name: slider_in_url(name) for name in PERTURBATIONS}
    return {name: one.neutral if found[name] is None else found[name] for name, one in PERTURBATIONS.items()}


def slider_in_url(name: str) -> float | None:
    """A slider's value in the address, at its nearest step; None if there is none that makes sense."""
    known, text = PERTURBATIONS[name], st.query_params.get(name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not known.low <= value <= known.high:
        st.warning(f"{known.label} in this link must be a number from {known.low:g} to {known.high:g}; it is left out.")
        return None
    return known.low + round((value - known.low) / known.step) * known.step


def sliders(values: dict[str, float]) -> None:
    """A slider for each change, in the order in which they are made."""
    columns = st.columns(2, gap="medium")
    for place, (name, known) in enumerate(PERTURBATIONS.items()):
        key = f"slider_{name}"
        st.session_state[key] = round(values[name], 6)
        columns[2 * place // len(PERTURBATIONS)].slider(
            f"{known.label}, {known.unit}" if known.unit else known.label,
            known.low,
            known.high,
            step=known.step,
            key=key,
            on_change=lambda name=name, key=key: on_slider_change(name, st.session_state[key]),
            help=known.about,
        )
    st.button(
        "Back to the digit as it was",
        key="neutral",
        icon=":material/undo:",
        on_click=lambda: url_state.update(**dict.fromkeys(PERTURBATIONS)),
        disabled=all(values[name] == known.neutral for name, known in PERTURBATIONS.items()),
    )


def on_slider_change(name: str, value: float) -> None:
    """A slider was moved: the address gets its value, and the line below follows it."""
    url_state.update(**{name: None if value == PERTURBATIONS[name].neutral else f"{value:g}", "watch": name})


def compare_answers(network, hand: PickedDigit, changed: np.ndarray) -> int:
    """The digit before and after, and how it is read; gives the digit that is right."""
    before, after = inference.pixel_probabilities(network, np.stack([hand.image, changed]) / 255)
    right = int(before.argmax()) if hand.label is None else hand.label
    answer = int(after.argmax())
    with st.container(horizontal=True, key="changed"):
        titles = [f"as it was: {before.argmax()}", f"now: {answer}"]
        for image, title in zip((hand.image, changed), titles, strict=True):
            st.image(images.data_uri(images.enlarge(image)), caption=title, width=112)
        with st.container(width="stretch"):
            st.plotly_chart(
                charts.probabilities(after, right),
                key="changed_probabilities",
                config=charts.PLOTLY_CONFIG,
                alt=f"What the network believes of the changed digit: {answer} with {after[answer]:.1%}",
            )
    wrong = (
        "" if answer == right else f", though it was {'written' if hand.label is not None else 'first read'} as {right}"
    )
    st.markdown(f"It reads a **{answer}** now{wrong}, and gives {right} a probability of **{after[right]:.1%}**.")
    return right


def response_curve(network, hand: PickedDigit, values: dict[str, float], right: int) -> None:
    """The probability of the right digit over the whole range of the slider moved last."""
    labels = {name: known.label for name, known in PERTURBATIONS.items()}
    name = url_state.choice("The line is for", labels, "watch", "rotate")
    known = PERTURBATIONS[name]
    stops, images = perturbations.sweep(hand.image, values, name)
    believed = inference.pixel_probabilities(network, images / 255)
    axis = f"{known.label.lower()} ({known.unit})" if known.unit else known.label.lower()
    st.plotly_chart(
        response_chart.response_chart(stops, believed, right, values[name], axis),
        key="line",
        config=charts.PLOTLY_CONFIG,
        alt=f"The probability of {right} against {axis}",
    )
    st.caption(
        "What to notice: how far you can go before the line falls, and how suddenly it does. The figures at the top "
        "are what the network reads there, orange where it is wrong. The other sliders stay as they are; changes are "
        f"made in this order: {', '.join(one.label.lower() for one in PERTURBATIONS.values())}."
    )
