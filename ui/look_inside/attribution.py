"""What the network looked at: three attribution methods side by side."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core.analysis.activations import layer_activations
from mnist_core.runs import Run
from ui import caches, charts, glossary, url_state
from ui.digit_picker import PickedDigit
from ui.insight import insight
from ui.look_inside import feature_maps
from ui.palette import EVIDENCE

if TYPE_CHECKING:
    from torch import nn

METHOD_DESCRIPTIONS = {
    "gradient": "**Gradient.** How fast the score rises when a pixel gets brighter. It describes only tiny changes: "
    "distrust it where it is noisy, and remember that a stroke that matters can have a gradient of zero.",
    "integrated gradients": "**Integrated gradients.** The mean gradient on the way from black to this digit, times "
    "the ink. Its values add up to the rise of the score. Distrust it in empty areas: black is its baseline, so they "
    "get nothing.",
    "occlusion": "**Occlusion.** How far the score falls when a black 4 × 4 square covers the pixel. Distrust it for "
    "ink that the rest of the digit can replace, and because the network has never seen a digit with a hole in it.",
}


def attribution_section(run: Run, network: "nn.Sequential", digit: PickedDigit, logits: np.ndarray) -> None:
    """Show three attributions of one class's logit side by side, each with its meaning and when to distrust it.

    `logits` are the digit's, (10,).
    """
    label = int(
        url_state.choice(
            "Evidence for the digit",
            {str(option): str(option) for option in range(10)},
            "for",
            str(logits.argmax()),
            "The maps explain the score of this digit, before the softmax turns the ten scores into probabilities. "
            "Try the one that the network confuses it with.",
        )
    )
    with st.spinner("Working out which pixels counted."):
        attributions = caches.attributions(run, digit.image, label)
    for column, (name, values) in zip(st.columns(3, gap="medium"), attributions.items(), strict=True):
        with column:
            st.plotly_chart(
                feature_maps.attribution_chart(values, digit.image),
                key=f"attribution_{name.partition(' ')[0]}",
                config=charts.PLOTLY_CONFIG,
                alt=f"{name.capitalize()} of the score of {label}",
            )
            glossary.markdown(METHOD_DESCRIPTIONS[name])
    black = layer_activations(network, np.zeros_like(digit.image))[-1].output[label]
    rise, total = float(logits[label] - black), float(attributions["integrated gradients"].sum())
    st.html(feature_maps.colour_bar_html(f"against {label}", f"for {label}", EVIDENCE))
    glossary.caption(
        f"Purple pixels are evidence against {label}, green ones evidence for {label}. The [[score|logit]] of {label} "
        f"is {round_number(logits[label])}, that of a black picture {round_number(black)}: a rise of "
        f"{round_number(rise)}. Integrated gradients divide this rise among the pixels: they sum to "
        f"{round_number(total)}."
    )
    insight("Where the three disagree, do not trust any one of them alone.")


def round_number(value: float) -> str:
    """Format with two decimals and a true minus sign."""
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
