"""The parts of the Break it page: sliders that change a digit, and noise made against the network."""

import math

import numpy as np
import streamlit as st

from mnist_core import breaking
from mnist_core.breaking import CHANGES, EPSILONS
from mnist_core.runs import Run
from ui import address, caches, figures, tiles
from ui.hand import Hand

METHODS = {"fgsm": "FGSM: one step", "pgd": "PGD: 40 small steps"}
HOW = {
    "fgsm": "Every pixel moves by epsilon, brighter or darker, whichever way makes the network more wrong "
    "(Goodfellow et al., 2014).",
    "pgd": "Forty small steps, each the way that makes the network more wrong, and never further than epsilon from the "
    "digit (Madry et al., 2018).",
}
FIRST_EPSILON = 0.2
ANCHORS = (
    "For comparison: within 0.3, a network trained to withstand it still reads 96.4 % of MNIST's test digits under "
    "FGSM and 92.5 % under PGD with 100 steps; an ordinary convolutional network about none"
    " (MadryLab's MNIST challenge)."
)


def settings() -> dict[str, float]:
    """What the address says about each slider; what is missing or impossible is neutral."""
    found = {name: in_address(name) for name in CHANGES}
    return {name: one.neutral if found[name] is None else found[name] for name, one in CHANGES.items()}


def in_address(name: str) -> float | None:
    """A slider's value in the address, at its nearest step; None if there is none that makes sense."""
    known, text = CHANGES[name], st.query_params.get(name)
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
    for place, (name, known) in enumerate(CHANGES.items()):
        key = f"slider_{name}"
        st.session_state[key] = round(values[name], 6)
        columns[2 * place // len(CHANGES)].slider(
            f"{known.label}, {known.unit}" if known.unit else known.label,
            known.low,
            known.high,
            step=known.step,
            key=key,
            on_change=lambda name=name, key=key: moved(name, st.session_state[key]),
            help=known.about,
        )
    st.button(
        "Back to the digit as it was",
        key="neutral",
        icon=":material/undo:",
        on_click=lambda: address.change(**dict.fromkeys(CHANGES)),
        disabled=all(values[name] == known.neutral for name, known in CHANGES.items()),
    )


def moved(name: str, value: float) -> None:
    """A slider was moved: the address gets its value, and the line below follows it."""
    address.change(**{name: None if value == CHANGES[name].neutral else f"{value:g}", "watch": name})


def compared(network, hand: Hand, changed: np.ndarray) -> int:
    """The digit before and after, and how it is read; gives the digit that is right."""
    before, after = breaking.read(network, np.stack([hand.image, changed]) / 255)
    right = int(before.argmax()) if hand.label is None else hand.label
    answer = int(after.argmax())
    with st.container(horizontal=True, key="changed"):
        titles = [f"as it was: {before.argmax()}", f"now: {answer}"]
        for image, title in zip((hand.image, changed), titles, strict=True):
            st.image(figures.address(figures.picture(image)), caption=title, width=112)
        with st.container(width="stretch"):
            st.plotly_chart(
                figures.probabilities(after, right),
                key="changed_probabilities",
                config=figures.NO_BAR,
                alt=f"What the network believes of the changed digit: {answer} with {after[answer]:.1%}",
            )
    wrong = (
        "" if answer == right else f", though it was {'written' if hand.label is not None else 'first read'} as {right}"
    )
    st.markdown(f"It reads a **{answer}** now{wrong}, and gives {right} a probability of **{after[right]:.1%}**.")
    return right


def line(network, hand: Hand, values: dict[str, float], right: int) -> None:
    """The probability of the right digit over the whole range of the slider moved last."""
    labels = {name: known.label for name, known in CHANGES.items()}
    name = address.choice("The line is for", labels, "watch", "rotate")
    known = CHANGES[name]
    stops, images = breaking.along(hand.image, values, name)
    believed = breaking.read(network, images / 255)
    axis = f"{known.label.lower()} ({known.unit})" if known.unit else known.label.lower()
    st.plotly_chart(
        tiles.against(stops, believed, right, values[name], axis),
        key="line",
        config=figures.NO_BAR,
        alt=f"The probability of {right} against {axis}",
    )
    st.caption(
        "What to notice: how far you can go before the line falls, and how suddenly it does. The figures at the top "
        "are what the network reads there, orange where it is wrong. The other sliders stay as they are; changes are "
        f"made in this order: {', '.join(one.label.lower() for one in CHANGES.values())}."
    )


def fool(run: Run, network, hand: Hand) -> None:
    """The Fool it button, and the digit with a perturbation that no person would mind."""
    wanted = st.query_params.get("attack")
    epsilon = chosen_epsilon()
    left, middle, right = st.columns([3, 4, 2], gap="medium", vertical_alignment="bottom")
    with left:
        st.session_state["method"] = wanted if wanted in METHODS else st.session_state.get("method", "fgsm")
        method = st.segmented_control(
            "Method",
            list(METHODS),
            format_func=METHODS.get,
            key="method",
            required=True,
            on_change=lambda: address.change(attack=st.session_state["method"]) if wanted in METHODS else None,
        )
    with middle:
        st.session_state["epsilon"] = epsilon
        st.slider(
            "Epsilon",
            float(EPSILONS[0]),
            float(EPSILONS[-1]),
            step=float(EPSILONS[1]),
            key="epsilon",
            on_change=lambda: address.change(epsilon=f"{st.session_state['epsilon']:g}"),
            help="How far each pixel may move: 0 is not at all, 1 is from black to white.",
        )
    with right:
        st.button(
            "Fool it",
            key="fool",
            type="primary",
            icon=":material/bolt:",
            width="stretch",
            on_click=lambda: address.change(attack=method, epsilon=f"{epsilon:g}"),
        )
    st.caption(f"{HOW[method]} It starts from the digit as it was, without the sliders above.")
    if wanted in METHODS:
        fooled(run, network, hand, wanted, epsilon)
    elif wanted is not None:
        st.warning("The attack in this link is not one of those here; choose one and press Fool it.")
    st.caption(ANCHORS)


def chosen_epsilon() -> float:
    """The epsilon in the address, at its nearest step, else the first."""
    try:
        value = float(st.query_params.get("epsilon", FIRST_EPSILON))
    except ValueError:
        value = math.nan
    if not EPSILONS[0] <= value <= EPSILONS[-1]:
        st.warning(
            f"Epsilon in this link must be a number from 0 to {EPSILONS[-1]:g}; it is {FIRST_EPSILON:g} instead."
        )
        value = FIRST_EPSILON
    return float(EPSILONS[np.abs(EPSILONS - value).argmin()])


def fooled(run: Run, network, hand: Hand, method: str, epsilon: float) -> None:
    """Original, perturbation and result side by side, and how little would have been enough."""
    before = breaking.read(network, hand.image[None] / 255)[0]
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
            st.image(figures.address(figures.picture(image)), caption=title, width=168)
        with st.container(width=420):
            axis = "epsilon (share of the way from black to white)"
            st.plotly_chart(
                tiles.against(EPSILONS, believed, right, epsilon, axis),
                key="against_epsilon",
                config=figures.NO_BAR,
                alt=f"The probability of {right} against epsilon",
            )
    st.markdown(verdict(right, before, after, breaking.first_fooled(believed, right)))


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
