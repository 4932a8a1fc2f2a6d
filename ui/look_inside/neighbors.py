"""What a digit resembles: nearest neighbors and the PCA map."""

import numpy as np
import streamlit as st

from mnist_core.analysis import embeddings, neighbors
from mnist_core.runs import Run
from ui import caches, url_state
from ui.components.gallery.gallery import gallery
from ui.components.scatter.scatter import embedding_scatter
from ui.digit_picker import PickedDigit, available_dataset


def neighbors_section(run: Run, hand: PickedDigit, network) -> None:
    """The training digits that are most alike in the last hidden layer, and a map of test digits there."""
    dataset = available_dataset(run)
    with st.spinner("Showing thousands of digits to the network, once for every visitor; this takes some seconds."):
        known, places = caches.digits(dataset, "train"), caches.neighbor_candidates(run, dataset)
        chosen, surface, points = caches.pca_map(run, dataset)
    here = embeddings.embeddings(network, hand.image[None])[0]
    order, distances = neighbors.nearest_embeddings(here, places[1], 10)
    where = places[0][order]
    st.markdown("**The most similar training digits**, as the last hidden layer sees them")
    gallery(
        "nearest",
        "The nearest training digits",
        where,
        known.images[where],
        [f"{known.labels[one]} · {distance:.1f}" for one, distance in zip(where, distances, strict=True)],
        [f"training digit {one}, a {known.labels[one]}" for one in where],
        size=72,
    )
    votes = np.bincount(known.labels[where], minlength=10)
    st.caption(
        f"What to notice: {votes.max()} of these 10 were written as {votes.argmax()}. Below each: its digit, and how "
        f"far away it is. Looked for among {len(places[0]):,} of the {len(known):,} training digits, chosen by chance."
    )
    st.markdown(f"**A map of {len(chosen):,} test digits** in that layer of {len(here):,} numbers")
    test = caches.digits(dataset, "test")
    clicked = embedding_scatter(
        "plane", points, test.labels[chosen], test.images[chosen], surface.place(here[None])[0], hand.image
    )
    st.caption(
        f"What to notice: each figure is a test digit; like lies beside like. The ring is the digit at hand. Rest the "
        f"mouse on one to see it, click it to look inside. The map is flat: its two directions (principal components) "
        f"show {surface.shares.sum():.0%} of how the digits differ there, so neighbours on it may be far apart."
    )
    if clicked is not None:
        url_state.update(digit=chosen[clicked], **{"from": None})
        st.rerun()
