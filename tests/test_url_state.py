"""Query parameters are read, checked and written in one place."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ui import url_state


@pytest.fixture
def query(monkeypatch) -> dict[str, str]:
    """The query parameters, as a plain dict."""
    parameters: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", parameters)
    return parameters


@pytest.mark.parametrize(("value", "chosen"), [("a", "a"), ("b", "b"), ("c", "a"), ("", "a"), ("A", "a")])
def test_a_value_that_is_not_allowed_means_the_first(query, value, chosen):
    query["view"] = value
    assert url_state.one_of("view", ["a", "b"]) == chosen


def test_a_missing_value_means_the_first_even_where_an_empty_one_is_allowed(query):
    assert url_state.one_of("other", ["a", ""]) == "a"
    query["other"] = ""
    assert url_state.one_of("other", ["a", ""]) == ""


@pytest.mark.parametrize("value", ["0", "7", "9", "007"])
def test_an_integer_in_range_is_read(query, value):
    query["digit"] = value
    assert url_state.integer("digit", 10) == int(value)
    assert not url_state.is_invalid_integer("digit", 10)


@pytest.mark.parametrize("value", ["10", "-1", "1.0", "", " 1", "1e0", "٣", "²", "x", "9" * 5000])
def test_anything_else_is_not_an_integer(query, value):
    query["digit"] = value
    assert url_state.integer("digit", 10) is None
    assert url_state.is_invalid_integer("digit", 10)


def test_a_range_can_start_above_zero(query):
    query["epoch"] = "1"
    assert url_state.integer("epoch", 5, start=1) == 1
    assert url_state.integer("epoch", 5, start=2) is None


def test_a_missing_integer_is_not_invalid(query):
    assert url_state.integer("digit", 10) is None
    assert not url_state.is_invalid_integer("digit", 10)


def test_links_keep_the_run_and_the_digit_only(query):
    query.update(run="fast", digit="3", view="table")
    assert url_state.shared_parameters() == {"run": "fast", "digit": "3"}


def script() -> None:
    import streamlit as st

    from ui import url_state

    options = {"a": "First", "b": "Second"}
    st.text(url_state.choice("View", options, "view", "a"))
    st.text(url_state.select("Label", options, "label", "b", resets=("digit",)))
    st.text(str(url_state.toggle("Smooth", "smooth", "yes", "no", True)))
    st.text(str(url_state.integer_or_warn("digit", 10)))
    st.button("Update", on_click=lambda: url_state.update(view=None, digit=4))


def shown(app: AppTest) -> list[str]:
    assert not app.exception
    return [text.value for text in app.text]


@pytest.fixture
def page() -> AppTest:
    """A page with one control of each kind."""
    return AppTest.from_function(script)


def test_without_parameters_controls_show_their_defaults(page):
    assert shown(page.run()) == ["a", "b", "True", "None"]
    assert dict(page.query_params) == {}


def test_a_link_sets_the_controls(page):
    page.query_params.update(view="b", label="a", smooth="no", digit="7")
    assert shown(page.run()) == ["b", "a", "False", "7"]


def test_an_invalid_link_shows_the_defaults_and_warns_of_the_integer(page):
    page.query_params.update(view="x", label="", smooth="maybe", digit="x")
    assert shown(page.run()) == ["a", "b", "True", "None"]
    assert [warning.value for warning in page.warning] == [
        "The digit in this link must be a whole number from 0 to 9; another one is shown instead."
    ]


def test_a_changed_control_is_written_to_the_url(page):
    page.run().toggle[0].set_value(False).run()
    assert shown(page)[2] == "False"
    page.selectbox[0].set_value("a").run()
    assert page.query_params["smooth"] == "no"
    assert page.query_params["label"] == "a"


def test_a_new_selection_removes_the_parameters_it_resets(page):
    page.query_params["digit"] = "7"
    page.run().selectbox[0].set_value("a").run()
    assert "digit" not in page.query_params


def test_update_sets_and_removes_parameters_and_leaves_the_others(page):
    page.query_params.update(view="b", label="a")
    page.run().button[0].click().run()
    assert "view" not in page.query_params
    assert (page.query_params["label"], page.query_params["digit"]) == ("a", "4")
