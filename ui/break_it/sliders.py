"""Sliders that perturb a digit, and how the network's prediction changes with them."""

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core.analysis.perturbations import PERTURBATIONS, Perturbation, sweep
from mnist_core.inference import pixel_probabilities
from ui import charts, images, url_state
from ui.break_it.response_chart import response_chart
from ui.digit_picker import PickedDigit
from ui.insight import insight
from ui.labels import article, probability_text

if TYPE_CHECKING:
    from torch import nn

PRESETS = {  # title -> sliders; the first one is plotted
    "Tilted": {"rotate": 40},
    "Upside down": {"rotate": 180},
    "Off centre": {"shift_right": 8, "shift_down": 6},
    "Tiny": {"scale": 0.4},
    "Very thick": {"thickness": 2},
    "Noisy": {"noise": 0.6},
    "Inverted": {"invert": 1},
}


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


def presets(values: dict[str, float]) -> None:
    """Show buttons that set the sliders to classic ways of breaking a network, and one that resets them."""
    with st.container(horizontal=True, key="presets", gap="small"):
        for title, preset in PRESETS.items():
            st.button(
                title,
                key=f"preset_{title}",
                on_click=lambda preset=preset: url_state.update(
                    **dict.fromkeys(PERTURBATIONS) | {name: f"{value:g}" for name, value in preset.items()},
                    watch=next(iter(preset)),
                ),
            )
        st.button(
            "Reset",
            key="reset_sliders",
            icon=":material/undo:",
            on_click=lambda: url_state.update(**dict.fromkeys(PERTURBATIONS)),
            disabled=all(values[name] == perturbation.neutral for name, perturbation in PERTURBATIONS.items()),
        )


def sliders(values: dict[str, float]) -> None:
    """Show a slider for each perturbation, in the order in which they are applied."""
    columns = st.columns(2, gap="medium")
    for position, (name, perturbation) in enumerate(PERTURBATIONS.items()):
        key = f"slider_{name}"
        st.session_state[key] = round(values[name], 6)
        columns[2 * position // len(PERTURBATIONS)].slider(
            label_with_unit(perturbation),
            perturbation.minimum,
            perturbation.maximum,
            step=perturbation.step,
            format="%.0f" if perturbation.step >= 1 else "%.2f",
            key=key,
            on_change=lambda name=name, key=key: on_slider_change(name, st.session_state[key]),
            help=perturbation.description,
        )


def label_with_unit(perturbation: Perturbation) -> str:
    """Return the label of a perturbation with its unit, if it has one: "Size (×)"."""
    return f"{perturbation.label} ({perturbation.unit})" if perturbation.unit else perturbation.label


def on_slider_change(name: str, value: float) -> None:
    """Write a slider's new value to the URL, and show the curve of that slider."""
    url_state.update(**{name: None if value == PERTURBATIONS[name].neutral else f"{value:g}", "watch": name})


def predict(network: "nn.Module", digit: PickedDigit, perturbed: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the probabilities (10,) of the perturbed digit, and its label.

    For a drawing, which has no label, the prediction for the unchanged digit counts as correct.
    """
    before, after = pixel_probabilities(network, np.stack([digit.image, perturbed]) / 255)
    return after, int(before.argmax()) if digit.label is None else digit.label


def show_answer(digit: PickedDigit, perturbed: np.ndarray, probabilities: np.ndarray, label: int) -> None:
    """Show the digit before and after the perturbation, and what the network reads now, in large.

    `probabilities` are those of the perturbed digit, (10,).
    """
    predicted = int(probabilities.argmax())
    with st.container(horizontal=True, key="changed", vertical_alignment="center"):
        pictures = images.pictures_html([digit.image, perturbed], ["before", "now"], ["the digit before", "and now"])
        st.html(pictures, width="content")
        with st.container(key="changed_answer", gap=None):
            st.metric(
                "It reads",
                str(predicted),
                f"with {probability_text(probabilities[predicted])}",
                delta_color="off",
                delta_arrow="off",
            )
    if predicted == label:
        st.caption(f"It still reads the {label}. Move a slider until it does not.")
    else:
        first = "first read as" if digit.label is None else "written as"
        st.caption(
            f"**It is fooled:** this was {first} {article(label)}, which it now gives "
            f"{probability_text(probabilities[label])}."
        )


def show_probabilities(probabilities: np.ndarray, label: int) -> None:
    """Show the ten probabilities (10,) of the perturbed digit as bars."""
    predicted = int(probabilities.argmax())
    confidence = probability_text(probabilities[predicted])
    st.plotly_chart(
        charts.probability_chart(probabilities, label),
        key="changed_probabilities",
        config=charts.PLOTLY_CONFIG,
        alt=f"The ten probabilities of the changed digit: {predicted} with {confidence}",
    )


def response_curve(network: "nn.Module", digit: PickedDigit, values: dict[str, float], label: int) -> None:
    """Show the probability of `label` over the whole range of one slider, by default the one moved last."""
    titles = {name: perturbation.label for name, perturbation in PERTURBATIONS.items()}
    name = url_state.select("Plot against", titles, "watch", "rotate")
    axis_title = label_with_unit(PERTURBATIONS[name]).lower()
    points, perturbed = sweep(digit.image, values, name)
    probabilities = pixel_probabilities(network, perturbed / 255)
    st.plotly_chart(
        response_chart(points, probabilities, label, values[name], axis_title),
        key="response_curve",
        config=charts.PLOTLY_CONFIG,
        alt=f"The probability of {label} against {axis_title}",
    )
    st.caption(
        "The digits along the top are what it reads, orange where that is wrong. The other sliders stay as they are; "
        f"the changes are made in this order: {', '.join(title.lower() for title in titles.values())}."
    )
    insight("See how far you can go before the line falls, and how suddenly it does.")
