"""What the network looked at: three attribution methods."""

import numpy as np
import streamlit as st

from mnist_core.analysis import activations
from mnist_core.runs import Run
from ui import caches, charts, url_state
from ui.digit_picker import PickedDigit
from ui.look_inside import feature_maps

METHOD_DESCRIPTIONS = {
    "gradient": "**Gradient.** How fast the score rises when a pixel gets brighter. It looks only at tiny changes: "
    "distrust it where it is noisy, and remember that a stroke that matters can have a slope of zero.",
    "integrated gradients": "**Integrated gradients.** The slope on the whole way from black to this digit, times the "
    "ink. Its parts add up to the score. Distrust it about empty places: black is its zero, so they get nothing.",
    "occlusion": "**Occlusion.** How far the score falls when a black 4 × 4 square covers the place. Distrust it for "
    "ink that the rest of the digit can replace, and because a cut digit is one it has never seen.",
}


def attribution_section(run: Run, hand: PickedDigit, scores: np.ndarray) -> None:
    """Three attributions side by side, each with what it means and when to distrust it."""
    answer = int(
        url_state.choice(
            "What speaks for the digit …",
            {str(digit): str(digit) for digit in range(10)},
            "for",
            str(scores.argmax()),
            "Its score, before the softmax turns the ten scores into probabilities. Try the one it confuses it with.",
        )
    )
    with st.spinner("Covering and lighting every place of the digit once."):
        found = caches.attributions(run, hand.image, answer)
    for place, (name, values) in zip(st.columns(3, gap="medium"), found.items(), strict=True):
        with place:
            alt = f"{name} for {answer}"
            figure = feature_maps.attribution_chart(values, hand.image)
            st.plotly_chart(figure, key=f"why_{name.partition(' ')[0]}", config=charts.PLOTLY_CONFIG, alt=alt)
            st.markdown(METHOD_DESCRIPTIONS[name])
    black = activations.layer_activations(caches.model(run), np.zeros_like(hand.image))[-1].after[answer]
    rise, total = float(scores[answer] - black), float(found["integrated gradients"].sum())
    st.caption(
        f"What to notice: orange speaks for {answer}, blue against it. The score of {answer} is {scores[answer]:.2f}, "
        f"that of a black picture {black:.2f}: a rise of {rise:.2f}. Integrated gradients share it out, and sum to "
        f"{total:.2f}. Where the three disagree, trust none of them alone."
    )
