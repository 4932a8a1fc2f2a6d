"""Ten digits with what the network takes them for now, one large number, and the network with its first filters."""

import base64
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from mnist_core.snapshots import Snapshot, Snapshots
from ui import network_diagram
from ui.images import data_uri
from ui.palette import diverging_colours

FOLDER = Path(__file__).parent
MAX_FRAMES = 16  # sent at a time: those since the last update, which comes four times a second
_component = st.components.v2.component(
    "living_picture",
    html='<div class="living-picture"><div class="strip" role="group" '
    'aria-label="Ten digits that the network never learns from, with its present answers"></div>'
    '<div class="below"><div class="number"><strong></strong><small></small></div>'
    '<div class="network-place"></div></div></div>',
    css=network_diagram.STYLESHEET + (FOLDER / "living_picture.css").read_text("utf-8"),
    js=(FOLDER / "living_picture.js").read_text("utf-8"),
)


class Number(NamedTuple):
    """The large number, as text, and a line that says what it is."""

    text: str
    note: str


def living_picture(
    key: str, id: str, snapshots: Snapshots, number: Number, *, interval: float = 0.25, selected: int = 4
) -> None:
    """Show the last of the snapshots; the same `id` continues the picture that is on the page.

    Snapshots that came since the last call are shown one after the other within `interval` seconds. `selected` is the
    index of the digit, 0..9, that goes through the network until the visitor chooses another.
    """
    latest = snapshots.snapshots[-MAX_FRAMES:]
    _component(
        key=key,
        data={
            "id": id,
            "sheet": data_uri(np.hstack(list(snapshots.images))),
            "labels": snapshots.labels.tolist(),
            "frames": [frame(snapshot) for snapshot in latest],
            "filters": latest[-1].filters.shape[:2],
            "palette": diverging_colours(),
            "number": number._asdict(),
            "network": network_diagram.network_diagram(snapshots.layers, digit=snapshots.images[selected]),
            "first_layer": next((layer.name for layer in snapshots.layers if layer.parameters), ""),
            "interval": 1000 * interval,
            "selected": selected,
        },
    )


def frame(snapshot: Snapshot) -> dict[str, object]:
    """Return a snapshot as JSON: probabilities with three decimals, filters as one byte a value."""
    values = np.clip(np.round(127 * snapshot.filters) + 128, 1, 255).astype(np.uint8)
    return {
        "step": snapshot.step,
        "probabilities": np.round(snapshot.probabilities.astype(float), 3).tolist(),
        "filters": base64.b64encode(values.tobytes()).decode(),
    }
