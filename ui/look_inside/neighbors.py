"""What a digit resembles: its nearest neighbours and a PCA map of the last hidden layer."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core.analysis.embeddings import embeddings
from mnist_core.analysis.neighbors import nearest_embeddings
from mnist_core.runs import Run
from ui import caches, glossary, images, url_state
from ui.components.scatter.scatter import embedding_scatter
from ui.digit_picker import PickedDigit, available_dataset
from ui.insight import insight
from ui.labels import article

if TYPE_CHECKING:
    from torch import nn

N_NEIGHBORS = 10


def neighbors_section(run: Run, network: "nn.Sequential", digit: PickedDigit) -> None:
    """Show the training digits nearest to the digit in the last hidden layer, and a map of test digits there."""
    dataset = available_dataset(run)
    with st.spinner(
        "Reading thousands of digits to find the most similar ones. This takes a few seconds, once for all visitors."
    ):
        candidates, candidate_embeddings = caches.neighbor_candidates(run, dataset)
        map_indices, pca, points = caches.pca_map(run, dataset)
    embedding = embeddings(network, digit.image[None])[0]
    show_nearest(dataset, embedding, candidates, candidate_embeddings)
    st.markdown(f"**A map of {len(map_indices):,} test digits** in that layer of {len(embedding):,} units")
    test = caches.digits(dataset, "test")
    clicked = embedding_scatter(
        "pca_map",
        points,
        test.labels[map_indices],
        test.images[map_indices],
        pca.transform(embedding[None])[0],
        digit.image,
    )
    glossary.caption(
        "Each numeral is a test digit, and the ring marks the digit you picked. Rest the mouse on a digit to see "
        "it, and click it to look inside; with a finger, tap it twice. The map is flat: its two axes "
        "([[principal components|PCA]]) show "
        f"{100 * pca.explained_variance_ratio.sum():.0f} % of the variance in that layer, so neighbours on the map may "
        "be far apart there."
    )
    insight("Digits that the network takes for the same lie close together, and the ten classes form islands.")
    if clicked is not None:
        url_state.update(digit=map_indices[clicked], **{"from": None})
        st.rerun()


def show_nearest(dataset: str, embedding: np.ndarray, candidates: np.ndarray, candidate_embeddings: np.ndarray) -> None:
    """Show the training digits whose embeddings are nearest, among the candidates (indices and (N, D) embeddings)."""
    training = caches.digits(dataset, "train")
    order, distances = nearest_embeddings(embedding, candidate_embeddings, N_NEIGHBORS)
    indices = candidates[order]
    labels = training.labels[indices]
    st.markdown("**The most similar training digits**, as the last hidden layer sees them")
    st.html(
        images.pictures_html(
            training.images[indices],
            [f"{label} · {distance:.1f}" for label, distance in zip(labels, distances, strict=True)],
            [f"A training digit: {article(label)}" for label in labels.tolist()],
        )
    )
    counts = np.bincount(labels, minlength=10)
    glossary.caption(
        f"{counts.max()} of these {len(indices)} were written as {article(int(counts.argmax()))}. Below each digit "
        f"stand its label and its distance. They are the nearest among {len(candidates):,} of the {len(training):,} "
        "training digits, chosen at random."
    )
