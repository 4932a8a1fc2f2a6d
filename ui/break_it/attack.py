"""Adversarial attacks on the digit: the controls, the perturbed image and what came of it."""

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core.analysis.attacks import EPSILONS, smallest_epsilon
from mnist_core.inference import pixel_probabilities
from mnist_core.runs import Run
from ui import caches, charts, glossary, images, url_state
from ui.break_it.response_chart import response_chart
from ui.digit_picker import PickedDigit
from ui.labels import article, probability_text

if TYPE_CHECKING:
    from torch import nn

METHODS = {"fgsm": "FGSM: one step", "pgd": "PGD: 40 small steps"}
DEFAULT_METHOD = "pgd"  # the stronger one: at the default epsilon it fools an ordinary network on nearly every digit
METHOD_DESCRIPTIONS = {
    "fgsm": "Every pixel becomes brighter or darker by epsilon, whichever makes the network more wrong "
    "(Goodfellow et al., 2014).",
    "pgd": "Forty small steps, each in the direction that makes the network more wrong, and never further than epsilon "
    "from the digit (Madry et al., 2018).",
}
DEFAULT_EPSILON = 0.2
REFERENCE_RESULTS = (
    "For comparison: within an epsilon of 0.3, a network trained to withstand attacks still reads 96.4 % of MNIST's "
    "test digits correctly under FGSM and 92.5 % under PGD with 100 steps; an ordinary convolutional network almost "
    "none (MadryLab's MNIST challenge)."
)


def attack_section(run: Run, network: "nn.Module", digit: PickedDigit) -> None:
    """Show the controls of the attack and, once the URL names one, its result."""
    requested = st.query_params.get("attack")
    epsilon = epsilon_in_url()
    left, middle, right = st.columns([3, 4, 2], gap="medium", vertical_alignment="bottom")
    with left:
        method = requested if requested in METHODS else st.session_state.get("method", DEFAULT_METHOD)
        st.session_state["method"] = method
        st.segmented_control(
            "Method",
            list(METHODS),
            format_func=lambda name: METHODS[name],
            key="method",
            required=True,
            on_change=lambda: url_state.update(attack=st.session_state["method"]) if requested in METHODS else None,
        )
    with middle:
        st.session_state["epsilon"] = epsilon
        st.slider(
            "Epsilon",
            float(EPSILONS[0]),
            float(EPSILONS[-1]),
            step=float(EPSILONS[1]),
            key="epsilon",
            on_change=lambda: url_state.update(epsilon=f"{st.session_state['epsilon']:g}"),
            help=glossary.help("epsilon", "0 is not at all, 1 is from black to white."),
        )
    with right:
        st.button(
            "Fool it",
            key="fool",
            type="primary",
            icon=":material/bolt:",
            width="stretch",
            on_click=lambda: url_state.update(attack=method, epsilon=f"{epsilon:g}"),
        )
    glossary.caption(
        f"{METHOD_DESCRIPTIONS[method]} The attack starts from the original digit, without the sliders' changes."
    )
    if requested in METHODS:
        show_attack(run, network, digit, requested, epsilon)
    elif requested is not None:
        st.warning("The attack in this link does not exist; choose one and press Fool it.")
    glossary.caption(REFERENCE_RESULTS)


def epsilon_in_url() -> float:
    """Return the epsilon in the URL, rounded to one of `EPSILONS`; if it is invalid, warn and return the default."""
    try:
        value = float(st.query_params.get("epsilon", DEFAULT_EPSILON))
    except ValueError:
        value = math.nan
    if not EPSILONS[0] <= value <= EPSILONS[-1]:
        st.warning(
            f"Epsilon in this link must be a number from 0 to {EPSILONS[-1]:g}; {DEFAULT_EPSILON:g} is used instead."
        )
        value = DEFAULT_EPSILON
    return float(EPSILONS[np.abs(EPSILONS - value).argmin()])


def show_attack(run: Run, network: "nn.Module", digit: PickedDigit, method: str, epsilon: float) -> None:
    """Show the original, the perturbation and the result side by side, and the smallest epsilon that fools."""
    before = pixel_probabilities(network, digit.image[None] / 255)[0]
    label = int(before.argmax()) if digit.label is None else digit.label
    with st.spinner("Searching for the noise, for every epsilon."):
        attacked, probabilities = caches.attack(run, method, digit.image, label)
    index = int(np.abs(EPSILONS - epsilon).argmin())
    after = probabilities[index]
    noise = attacked[index] - digit.image / 255
    noise_image = (127.5 + 127.5 * noise / max(np.abs(noise).max(), 1e-6)).round().astype(np.uint8)
    result = (255 * attacked[index]).round().astype(np.uint8)
    with st.container(horizontal=True, key="fooled"):
        captions = [
            f"Original: read as {before.argmax()}, {probability_text(before.max())}",
            f"Noise, at most {epsilon:g}: white is brighter, black darker, grey unchanged",
            f"Result: read as {after.argmax()}, {probability_text(after.max())}",
        ]
        alts = ["The digit", "The noise", "The digit with the noise"]
        st.html(images.pictures_html([digit.image, noise_image, result], captions, alts), width="content")
        with st.container(width=round(charts.px(420))):
            st.plotly_chart(
                response_chart(EPSILONS, probabilities, label, epsilon, "epsilon (1: black to white)"),
                key="epsilon_curve",
                config=charts.PLOTLY_CONFIG,
                alt=f"The probability of {label} against epsilon",
            )
    st.markdown(verdict(label, before, after, smallest_epsilon(probabilities, label)))


def verdict(label: int, before: np.ndarray, after: np.ndarray, smallest: float | None) -> str:
    """Say what came of an attack, from the (10,) probabilities before and after and the `smallest_epsilon`."""
    if before.argmax() != label:
        read = article(int(before.argmax()))
        return f"It reads this {label} as {read} even without noise: there is nothing left to fool."
    if after.argmax() != label:
        return (
            f"**Fooled:** it reads {article(int(after.argmax()))}, and gives the {label} only "
            f"{probability_text(after[label])}. A person still sees the {label}. For this digit, an epsilon of "
            f"{smallest:g} is enough."
        )
    hint = (
        f"Not even {EPSILONS[-1]:g} is enough for this digit: try the other method."
        if smallest is None
        else f"This digit takes an epsilon of {smallest:g}: move the slider there."
    )
    return f"**Not fooled:** it still reads the {label}, with {probability_text(after[label])}. {hint}"
