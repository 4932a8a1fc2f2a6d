"""Figures that are made once for all visitors: the cache, and what its key must tell apart."""

import plotly.graph_objects as go
import pytest
import streamlit as st
from app_helpers import visit

from ui import caches, charts, magnification


@pytest.fixture(autouse=True)
def empty_cache():
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def test_a_figure_is_made_once_for_each_key():
    made = []

    def draw() -> go.Figure:
        made.append(go.Figure())
        return made[-1]

    assert caches.figure(("curve", 1), draw) is caches.figure(("curve", 1), draw)
    assert caches.figure(("curve", 2), draw) is not caches.figure(("curve", 1), draw)
    assert len(made) == 2


def test_a_figure_for_a_projector_is_another_one(monkeypatch):
    laptop = caches.figure(("one",), lambda: charts.new_figure(200))
    monkeypatch.setattr(magnification, "factor", lambda: 1.5)
    assert caches.figure(("one",), lambda: charts.new_figure(200)).layout.height == 1.5 * laptop.layout.height


def test_a_second_look_draws_nothing_and_shows_the_same(app, run, monkeypatch):
    first = charts_of(visit(app, "curves", run=run.name))
    assert first
    monkeypatch.setattr(go.Figure, "add_scatter", None)
    assert charts_of(app.run()) == first


def test_another_name_of_a_run_is_another_figure(app, run):
    first = charts_of(visit(app, "curves", run=run.name))
    run.rename("Renamed")
    assert charts_of(app.run()) != first


def charts_of(app) -> list[str]:
    """Return the figures of the page as Streamlit sends them."""
    assert not app.exception
    return [chart.proto.spec for chart in app.get("plotly_chart")]
