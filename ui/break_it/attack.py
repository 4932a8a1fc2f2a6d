"""Adversarial attacks on the digit."""

import math

import numpy as np
import streamlit as st

from mnist_core import inference
from mnist_core.analysis import attacks
from mnist_core.analysis.attacks import EPSILONS
from mnist_core.runs import Run
from ui import caches, charts, images, url_state
from ui.break_it import response_chart
from ui.digit_picker import PickedDigit

METHODS = {"fgsm": "FGSM: one step", "pgd": "PGD: 40 small steps"}
METHOD_DESCRIPTIONS = {
    "fgsm": "Every pixel moves by epsilon, brighter or darker, whichever way makes the network more wrong "
    "(Goodfellow et al., 2014).",
    "pgd": "Forty small steps, each the way that makes the network more wrong, and never further than epsilon from the "
    "digit (Madry et al., 2018).",
}
DEFAULT_EPSILON = 0.2
REFERENCE_RESULTS = (
    "For comparison: within 0.3, a network trained to withstand it still reads 96.4 % of MNIST's test digits under "
    "FGSM and 92.5 % under PGD with 100 steps; an ordinary convolutional network about none"
    " (MadryLab's MNIST challenge)."
)


def attack_section(run: Run, network, hand: PickedDigit) -> None:
    """The Fool it button, and the digit with a perturbation that no person would mind."""
    wanted = st.query_params.get("attack")
    epsilon = epsilon_in_url()
    left, middle, right = st.columns([3, 4, 2], gap="medium", vertical_alignment="bottom")
    with left:
        st.session_state["method"] = wanted if wanted in METHODS else st.session_state.get("method", "fgsm")
        method = st.segmented_control(
            "Method",
            list(METHODS),
            format_func=METHODS.get,
            key="method",
            required=True,
            on_change=lambda: url_state.update(attack=st.session_state["method"]) if wanted in METHODS else None,
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
            help="How far each pixel may move: 0 is not at all, 1 is from black to white.",
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
    st.caption(f"{METHOD_DESCRIPTIONS[method]} It starts from the digit as it was, without the sliders above.")
    if wanted in METHODS:
        show_attack(run, network, hand, wanted, epsilon)
    elif wanted is not None:
        st.warning("The attack in this link is not one of those here; choose one and press Fool it.")
    st.caption(REFERENCE_RESULTS)


def epsilon_in_url() -> float:
    """The epsilon in the address, at its nearest step, else the first."""
    try:
        value = float(st.query_params.get("epsilon", DEFAULT_EPSILON))
    except ValueError:
        value = math.nan
    if not EPSILONS[0] <= value <= EPSILONS[-1]:
        st.warning(
            f"Epsilon in this link must be a number from 0 to {EPSILONS[-1]:g}; it is {DEFAULT_EPSILON:g} instead."
        )
        value = DEFAULT_EPSILON
    return float(EPSILONS[np.abs(EPSILONS - value).argmin()])


def show_attack(run: Run, network, hand: PickedDigit, method: str, epsilon: float) -> None:
    """Original, perturbation and result side by side, and how little would have been enough."""
    before = inference.pixel_probabilities(network, hand.image[None] / 255)[0]
    right = int(before.argmax()) if hand.label is None else hand.label
    with st.spinner("Looking for the noise that the network minds most."):
        found, believed = caches.attack(run, method, hand.image, right)
    place = int(np.abs(EPSILONS - epsilon).argmin())
    noise, after = found[place] - hand.image / 255, believed[place]
    grey = (127.5 + 127.5 * noise / max(np.abs(noise).max(), 1e-6)).round().astype(np.uint8)
    result = (255 * found[place]).round().astype(np.uint8)
    with st.container(horizontal=True, key="fooled"):
        for image, title in (
            (hand.image, f"Original: read as {before.argmax()}, {before.max():.1%}"),
            (grey, f"Perturbation: at most {epsilon:g}, drawn stronger; grey is none"),
            (result, f"Result: read as {after.argmax()}, {after.max():.1%}"),
        ):
            st.image(images.data_uri(images.enlarge(image)), caption=title, width=168)
        with st.container(width=420):
            axis = "epsilon (share of the way from black to white)"
            st.plotly_chart(
                response_chart.response_chart(EPSILONS, believed, right, epsilon, axis),
                key="against_epsilon",
                config=charts.PLOTLY_CONFIG,
                alt=f"The probability of {right} against epsilon",
            )
    st.markdown(verdict(right, before, after, attacks.smallest_epsilon(believed, right)))


def verdict(right: int, before: np.ndarray, after: np.ndarray, smallest: float | None) -> str:
    """What came of an attack, in a sentence or two."""
    if before.argmax() != right:
        return f"It reads this {right} as {before.argmax()} even without an attack: there is nothing left to fool."
    enough = (
        "not even 0.4 is enough" if smallest is None else f"the smallest of these steps that fools it is {smallest:g}"
    )
    if after.argmax() == right:
        return f"**Not fooled:** it still reads {right}, with {after[right]:.1%}. On this digit, {enough}."
    return (
        f"**Fooled:** it reads {after.argmax()}, and gives {right} only {after[right]:.1%}. A person still sees the "
        f"{right}. On this digit, {enough}."
    )
