"""The parts of the Look inside page: the chain of layers, their maps, attribution, neighbours."""

import numpy as np
import streamlit as st

from mnist_core import explain
from mnist_core.explain import Step
from mnist_core.runs import Run
from ui import address, by_hand, caches, figures, tiles
from ui.gallery import gallery
from ui.hand import Hand, dataset_of, number_in_address
from ui.plane import scatter

PARTS = {"layers": "Layer by layer", "why": "What it looked at", "nearest": "What it resembles"}
MANY = 40  # maps: more than that scroll in their own frame
MEANINGS = {
    "gradient": "**Gradient.** How fast the score rises when a pixel gets brighter. It looks only at tiny changes: "
    "distrust it where it is noisy, and remember that a stroke that matters can have a slope of zero.",
    "integrated gradients": "**Integrated gradients.** The slope on the whole way from black to this digit, times the "
    "ink. Its parts add up to the score. Distrust it about empty places: black is its zero, so they get nothing.",
    "occlusion": "**Occlusion.** How far the score falls when a black 4 × 4 square covers the place. Distrust it for "
    "ink that the rest of the digit can replace, and because a cut digit is one it has never seen.",
}


def chain(hand: Hand, passed: list[Step], layer: Step, believed: np.ndarray) -> None:
    """The digit, every layer as a picture of its maps, and the ten probabilities at the end."""
    left, middle, right = st.columns([1.1, 5.4, 2.1], gap="medium", vertical_alignment="center")
    with left:
        answered(hand, believed)
    with middle:
        names = [step.name for step in passed]
        clicked = gallery(
            "chain",
            "The layers, from the digit to the scores",
            range(len(passed)),
            np.stack([tiles.layer_picture(step.after) for step in passed]),
            names,
            [f"{step.name}: {step.about}; {shape(step.after)}" for step in passed],
            selected=names.index(layer.name),
            size=56,
        )
    with right:
        st.plotly_chart(
            figures.probabilities(believed, hand.label),
            key="probabilities",
            config=figures.NO_BAR,
            alt=f"What the network believes: {believed.argmax()} with {believed.max():.1%}",
        )
    if clicked is not None and names[clicked] != layer.name:
        address.change(layer=names[clicked], part=None, map=None, row=None, column=None)
        st.rerun()


def answered(hand: Hand, believed: np.ndarray) -> None:
    """The picture, and how it is read."""
    with st.container(key="digit"):
        st.image(figures.address(figures.picture(hand.image)), width=112)
    written = "" if hand.label is None else f", written as **{hand.label}**"
    st.markdown(f"Read as **{believed.argmax()}**{written}")


def shape(values: np.ndarray) -> str:
    """(32, 28, 28) as "32 maps of 28 × 28", (128,) as "128 numbers"."""
    if values.ndim == 1:
        return f"{len(values):,} numbers"
    return f"{len(values)} maps of {values.shape[1]} × {values.shape[2]}"


def chosen_layer(passed: list[Step]) -> Step:
    """The layer that the address names, else the first that makes sums of patches."""
    named = {step.name: step for step in passed}
    wanted = st.query_params.get("layer")
    if wanted in named:
        return named[wanted]
    if wanted is not None:
        st.warning("This network has no layer of the name in this link; another one is shown instead.")
    return next((step for step in passed if step.kind == "Conv2d"), passed[-1])


def maps(network, passed: list[Step], step: Step) -> None:
    """The maps of one layer, one of them enlarged, and the arithmetic of one of its values."""
    layer = network.get_submodule(step.name)
    values = explain.exact(layer, step.before)
    st.markdown(f"**{step.name}** {step.about}: {shape(values)} come out.")
    left, right = st.columns([3, 2], gap="large")
    if values.ndim == 1:
        with right:
            place, row, column = unit(step, values)
    else:
        with left:
            place = one_of_the_maps(step, values)
        with right:
            row, column = pixel(values[place], place)
    with left if values.ndim == 1 else st.container():
        by_hand.arithmetic(layer, passed, step, values, place, row, column)


def one_of_the_maps(step: Step, values: np.ndarray) -> int:
    """A grid of all maps of a layer; gives the one that was clicked last, at first the one with most in it."""
    count = len(values)
    place = number_in_address("map", count)
    place = int(np.abs(values).sum((1, 2)).argmax()) if place is None else place
    with st.container(height=460 if count > MANY else "content", border=False):
        clicked = gallery(
            "maps",
            f"The maps of {step.name}",
            range(count),
            tiles.coloured(values, tiles.top_of(values)),
            [f"map {number}" for number in range(count)],
            [f"map {number}, from {one.min():.2f} to {one.max():.2f}" for number, one in enumerate(values)],
            selected=place,
            size=48,
            values=values,
        )
    st.caption("What to notice: black is 0, orange above it, blue below. Each map answers to a shape of its own.")
    if clicked is not None and clicked != place:
        address.change(layer=step.name, map=clicked)
        st.rerun()
    return place


def pixel(values: np.ndarray, place: int) -> tuple[int, int]:
    """The map, enlarged, to choose one of its pixels: by a click, or by row and column."""
    height, width = values.shape
    best = np.unravel_index(np.abs(values).argmax(), values.shape)
    row, column = number_in_address("row", height), number_in_address("column", width)
    row, column = int(best[0]) if row is None else row, int(best[1]) if column is None else column
    st.markdown(f"**Map {place}**, enlarged. Click a pixel to see how it came about.")
    names = [f"row {r}, column {c}" for r, c in np.ndindex(height, width)]
    show_to_click(
        tiles.map_to_click(values, names, (row, column), tiles.top_of(values)),
        lambda at: address.change(map=place, row=at // width, column=at % width),
        f"Map {place} enlarged",
    )
    with st.container(horizontal=True):
        for name, value, size in (("row", row, height), ("column", column, width)):
            st.session_state[f"pixel_{name}"] = value
            st.number_input(
                name.title(),
                0,
                size - 1,
                key=f"pixel_{name}",
                on_change=lambda name=name: address.change(map=place, **{name: st.session_state[f"pixel_{name}"]}),
            )
    return row, column


def unit(step: Step, values: np.ndarray) -> tuple[int, int, int]:
    """The numbers of a layer without maps, in rows, to choose one of them."""
    place = number_in_address("map", len(values))
    place = int(np.abs(values).argmax()) if place is None else place
    across = len(values) if len(values) <= 10 else int(np.ceil(np.sqrt(len(values))))
    st.markdown(f"**Number {place}** of {len(values):,}, written in rows. Click one to see how it came about.")
    sheet = tiles.arranged(values, across)
    names = [f"number {number}" for number in range(sheet.size)]
    show_to_click(
        tiles.map_to_click(sheet, names, divmod(place, across), tiles.top_of(values)),
        lambda at: address.change(map=min(at, len(values) - 1)),
        f"The numbers of {step.name}",
    )
    st.session_state["unit"] = place
    st.number_input(
        "Number", 0, len(values) - 1, key="unit", on_change=lambda: address.change(map=st.session_state["unit"])
    )
    return place, 0, 0


def show_to_click(figure, chosen, alt: str) -> None:
    """A map to click; `chosen` gets the place of the pixel, counted along the rows."""

    def clicked() -> None:
        points = st.session_state["enlarged"]["selection"]["points"]
        if points:
            chosen(int(points[0]["point_index"]))

    st.plotly_chart(figure, key="enlarged", on_select=clicked, selection_mode="points", config=figures.NO_BAR, alt=alt)


def why(run: Run, hand: Hand, scores: np.ndarray) -> None:
    """Three attributions side by side, each with what it means and when to distrust it."""
    answer = int(
        address.choice(
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
            figure = tiles.attribution(values, hand.image)
            st.plotly_chart(figure, key=f"why_{name.partition(' ')[0]}", config=figures.NO_BAR, alt=alt)
            st.markdown(MEANINGS[name])
    black = explain.steps(caches.model(run), np.zeros_like(hand.image))[-1].after[answer]
    rise, total = float(scores[answer] - black), float(found["integrated gradients"].sum())
    st.caption(
        f"What to notice: orange speaks for {answer}, blue against it. The score of {answer} is {scores[answer]:.2f}, "
        f"that of a black picture {black:.2f}: a rise of {rise:.2f}. Integrated gradients share it out, and sum to "
        f"{total:.2f}. Where the three disagree, trust none of them alone."
    )


def nearest(run: Run, hand: Hand, network) -> None:
    """The training digits that are most alike in the last hidden layer, and a map of test digits there."""
    dataset = dataset_of(run)
    with st.spinner("Showing thousands of digits to the network, once for every visitor; this takes some seconds."):
        known, places = caches.digits(dataset, "train"), caches.landmarks(run, dataset)
        chosen, surface, points = caches.plane(run, dataset)
    here = explain.embeddings(network, hand.image[None])[0]
    order, distances = explain.nearest(here, places[1], 10)
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
    clicked = scatter(
        "plane", points, test.labels[chosen], test.images[chosen], surface.place(here[None])[0], hand.image
    )
    st.caption(
        f"What to notice: each figure is a test digit; like lies beside like. The ring is the digit at hand. Rest the "
        f"mouse on one to see it, click it to look inside. The map is flat: its two directions (principal components) "
        f"show {surface.shares.sum():.0%} of how the digits differ there, so neighbours on it may be far apart."
    )
    if clicked is not None:
        address.change(digit=chosen[clicked], **{"from": None})
        st.rerun()
