"""Sliders that perturb a digit, and how the network's prediction changes with them."""

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core.analysis.perturbations import PERTURBATIONS, sweep
from mnist_core.inference import pixel_probabilities
from ui import charts, images, url_state
from ui.break_it.response_chart import response_chart
from ui.digit_picker import PickedDigit

if TYPE_CHECKING:
    from torch import nn


def slider_values() -> dict[str, float]:
    """Return the value of every slider in the URL, by perturbation; what is missing or invalid is neutral."""
    return {name: slider_in_url(name) for name in PERTURBATIONS}


def slider_in_url(name: str) -> float:
    """Return one slider's value in the URL, rounded to a step; warn if it is invalid."""
    perturbation, text = PERTURBATIONS[name], st.query_params.get(name)
    if text is None:
        return perturbation.neutral
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    low, high, step = perturbation.minimum, perturbation.maximum, perturbation.step
    if not low <= value <= high:
        st.warning(f"{perturbation.label} in this link must be a number from {low:g} to {high:g}; it is ignored.")
        return perturbation.neutral
    return low + round((value - low) / step) * step


def sliders(values: dict[str, float]) -> None:
    """Show a slider for each perturbation, in the order in which they are applied."""
    columns = st.columns(2, gap="medium")
    for position, (name, perturbation) in enumerate(PERTURBATIONS.items()):
        key = f"slider_{name}"
        st.session_state[key] = round(values[name], 6)
        columns[2 * position // len(PERTURBATIONS)].slider(
            f"{perturbation.label}, {perturbation.unit}" if perturbation.unit else perturbation.label,
            perturbation.minimum,
            perturbation.maximum,
            step=perturbation.step,
            key=key,
            on_change=lambda name=name, key=key: on_slider_change(name, st.session_state[key]),
            help=perturbation.description,
        )
    st.button(
        "Reset the sliders",
        key="reset_sliders",
        icon=":material/undo:",
        on_click=lambda: url_state.update(**dict.fromkeys(PERTURBATIONS)),
        disabled=all(values[name] == perturbation.neutral for name, perturbation in PERTURBATIONS.items()),
    )


def on_slider_change(name: str, value: float) -> None:
    """Write a slider's new value to the URL, and show the curve of that slider."""
    url_state.update(**{name: None if value == PERTURBATIONS[name].neutral else f"{value:g}", "watch": name})


def show_predictions(network: "nn.Module", digit: PickedDigit, perturbed: np.ndarray) -> int:
    """Show the digit before and after the perturbation with both predictions, and return its label.

    For a drawing, which has no label, the prediction for the unchanged digit counts as correct.
    """
    before, after = pixel_probabilities(network, np.stack([digit.image, perturbed]) / 255)
    label = int(before.argmax()) if digit.label is None else digit.label
    predicted = int(after.argmax())
    with st.container(horizontal=True, key="changed"):
        for image, title in ((digit.image, f"before: {before.argmax()}"), (perturbed, f"after: {predicted}")):
            st.image(images.data_uri(images.enlarge(image)), caption=title, width=112)
        with st.container(width="stretch"):
            st.plotly_chart(
                charts.probability_chart(after, label),
                key="changed_probabilities",
                config=charts.PLOTLY_CONFIG,
                alt=f"Predicted probabilities of the changed digit: {predicted} with {after[predicted]:.1%}",
            )
    wrong = (
        "" if predicted == label else f", though it was {'first read' if digit.label is None else 'written'} as {label}"
    )
    st.markdown(f"It reads a **{predicted}** now{wrong}, and gives {label} a probability of **{after[label]:.1%}**.")
    return label


def response_curve(network: "nn.Module", digit: PickedDigit, values: dict[str, float], label: int) -> None:
    """Show the probability of `label` over the whole range of one slider, by default the one moved last."""
    titles = {name: perturbation.label for name, perturbation in PERTURBATIONS.items()}
    name = url_state.choice("The line is for", titles, "watch", "rotate")
    title, unit = titles[name].lower(), PERTURBATIONS[name].unit
    axis_title = f"{title} ({unit})" if unit else title
    points, perturbed = sweep(digit.image, values, name)
    probabilities = pixel_probabilities(network, perturbed / 255)
    st.plotly_chart(
        response_chart(points, probabilities, label, values[name], axis_title),
        key="response_curve",
        config=charts.PLOTLY_CONFIG,
        alt=f"The probability of {label} against {axis_title}",
    )
    st.caption(
        "What to notice: how far you can go before the line falls, and how suddenly it does. The digits along the top "
        "are the predictions, orange where they are wrong. The other sliders stay as they are; the changes are "
        f"applied in this order: {', '.join(title.lower() for title in titles.values())}."
    )
