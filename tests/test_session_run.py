"""The run that a session looked at or trained last is the one that every page shows."""

import pytest
from app_helpers import visit

PICKERS = ["draw", "break_it", "look_inside", "confusion", "mistakes", "calibration"]


def links(app) -> set[str]:
    """The runs that the links of the sidebar carry."""
    queries = [link.proto.query_string for link in app.sidebar.get("page_link")]
    return {part for query in queries for part in query.split("&") if part.startswith("run=")}


@pytest.fixture
def second(copy_run):
    """Another run, which no page shows unless it is chosen."""
    return copy_run("second")


def test_a_run_chosen_on_one_page_is_shown_by_every_other(app, second):
    visit(app, "calibration")
    app.selectbox(key="choice_of_run").set_value("second").run()
    for page in PICKERS:
        app.query_params.clear()
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert app.selectbox(key="choice_of_run").value == "second"
        assert app.query_params["run"] == "second"
        assert links(app) == {"run=second"}


def test_a_session_that_has_chosen_nothing_has_nothing_in_its_url(app, second):
    for page in PICKERS:
        visit(app, page)
        assert "run" not in app.query_params
        assert links(app) == set()


def test_a_run_trained_here_is_carried_by_the_links_and_shown_elsewhere(app, second, executor):
    app.run()
    app.button(key="train").click().run()
    name = executor.end().name
    app.query_params.clear()
    visit(app, "models")
    assert app.query_params["run"] == name


def test_train_begins_untrained_where_its_url_names_no_run_but_its_links_remember(app, second):
    visit(app, "calibration", run="second")
    app.query_params.clear()
    app.switch_page("Home.py").run()
    assert "run" not in app.query_params
    assert links(app) == {"run=second"}


def test_back_to_a_time_before_the_choice_forgets_it(app, second, run):
    visit(app, "calibration")
    app.selectbox(key="choice_of_run").set_value("second").run()
    app.query_params.clear()  # as the browser's Back button does
    app.run()
    assert app.selectbox(key="choice_of_run").value != "second"
    assert "run" not in app.query_params


def test_a_link_to_another_run_replaces_the_one_remembered(app, second, run):
    visit(app, "calibration", run="second")
    visit(app, "mistakes", run=run.name)
    app.query_params.clear()
    app.switch_page("pages/calibration.py").run()
    assert app.query_params["run"] == run.name


def test_an_unknown_run_is_not_remembered(app, second):
    visit(app, "calibration", run="gone")
    app.query_params.clear()
    app.switch_page("pages/mistakes.py").run()
    assert "run" not in app.query_params
