"""The Robustness page: errors, the digits behind them, measuring, the visitor's own digit, and its URL."""

import json

import numpy as np
import pytest
from app_helpers import page_text, visit

from mnist_core.analysis.corruptions import CORRUPTIONS, SEVERITIES
from mnist_core.analysis.robustness import ROBUSTNESS, Robustness, to_dict
from mnist_core.data import load_digits
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run
from ui import caches, digit_browser
from ui.components.heat_map.heat_map import parse_place
from ui.digit_picker import DRAWN_DIGIT_KEY
from ui.robustness import errors, misread, selection, severity


def made_up_result(wrong: int = 30) -> Robustness:
    """A result on all 360 sample digits in which the first digits are misread as the next one."""
    labels = load_digits("sample", "test").labels.astype(np.uint8)
    predicted = {}
    for number, name in enumerate(CORRUPTIONS):
        predicted[name] = labels.copy()
        predicted[name][: wrong + number] = (labels[: wrong + number] + 1) % 10
    misread_counts = {
        name: tuple(min(360, round((wrong + number) * severity)) for severity in SEVERITIES)
        for number, name in enumerate(CORRUPTIONS)
    }
    confidence = {name: np.arange(360).astype(np.uint8) % 100 for name in CORRUPTIONS}
    return Robustness("sample", 360, 0, 6, misread_counts, predicted, confidence)


def store(run: Run, wrong: int = 30) -> None:
    (run.folder / ROBUSTNESS).write_text(json.dumps(to_dict(made_up_result(wrong))))


@pytest.fixture
def measured(run) -> Run:
    """The only run, with a result."""
    store(run)
    return run


def html_of(app) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def test_a_cell_shows_its_digits_before_and_after(app, measured):
    visit(app, "robustness", run=measured.name, corruption="stripe")
    number = 30 + list(CORRUPTIONS).index("stripe")
    assert f"**{number} digits** of 360" in page_text(app)
    assert "Stripe, read by" in page_text(app)
    figures = html_of(app).partition('<div class="misread-pairs">')[2].partition("</div>")[0]
    assert figures.count("<figure>") == misread.PAGE_SIZE
    assert "· 38 %" in figures.partition("</figure>")[0]  # the surest first


def test_the_url_keeps_the_page_of_digits(app, measured):
    first = html_of(visit(app, "robustness", run=measured.name, corruption="fog"))
    second = html_of(visit(app, "robustness", run=measured.name, corruption="fog", page_misread=2))
    assert first != second


@pytest.mark.parametrize("value", ["nonsense", "", "../fog", "<b>"])
def test_an_unknown_corruption_in_the_url_shows_fog_and_says_so(app, measured, value):
    visit(app, "robustness", run=measured.name, corruption=value)
    assert "does not exist" in app.warning[0].value
    assert "Fog, read by" in page_text(app)


@pytest.mark.parametrize("value", ["nonsense", "", ",,", "a,b," * 50, "../..", "<script>"])
def test_nonsense_among_the_compared_runs_is_left_out(app, measured, value):
    visit(app, "robustness", run=measured.name, runs=value)
    assert "Fog, read by" in page_text(app)


def test_a_click_writes_run_and_corruption_into_the_url(monkeypatch):
    written = {}
    monkeypatch.setattr(selection.url_state, "update", lambda **values: written.update(values))
    selection.select("fog", None)
    assert written == {"corruption": "fog", "page_misread": None}
    selection.select("scale", "fast")
    assert (written["corruption"], written["run"]) == ("scale", "fast")


@pytest.mark.parametrize(
    "value", [None, 3, "x", [1], [1, 2, 3], [None, 1], [0, 1], [9, 0], [1, 9], [1, -1], [1, "0"], [True, 0], [1.0, 0]]
)
def test_what_is_no_cell_is_ignored(value):
    assert parse_place(value, [False, True, True], 2) is None


def test_a_cell_and_a_row_are_accepted():
    assert parse_place([1, 0], [False, True, True], 2) == (1, 0)
    assert parse_place([2, None], [False, True, True], 2) == (2, None)


def test_the_heat_map_has_a_row_for_every_corruption_and_the_mean_at_the_edge(app, measured, copy_run):
    other = copy_run("unmeasured")
    result = made_up_result()
    rows = errors.heat_map_rows(
        selection.Measured([measured, other], {measured.name: result}, {measured.name: "A", other.name: "B"}), "sample"
    )
    assert [row.title for row in rows[1:-1]] == [corruption.title for corruption in CORRUPTIONS.values()]
    assert [row.pressable for row in rows] == [False, *[True] * 15, False]
    assert all(row.picture for row in rows[1:-1])
    assert rows[-1].cells[0].text == errors.percent_text(result.mean_error())
    assert {row.cells[1].text for row in rows} == {"–"}
    assert rows[1].cells[0].description == "Shot noise: A misreads 8.3 % of the digits"


def test_percentages_below_ten_have_a_decimal():
    assert [errors.percent_text(value) for value in (0, 0.0123, 0.0994, 0.0995, 0.9, 1)] == [
        "0.0", "1.2", "9.9", "10", "90", "100",
    ]  # fmt: skip


def test_what_to_notice_names_the_best_on_clean_and_on_damaged_digits(app, measured, copy_run):
    assert "stands damage better" not in page_text(visit(app, "robustness", run=measured.name))
    other = copy_run("other", epochs=3)
    store(other, wrong=10)
    visit(app, "robustness", run=measured.name, runs=f"{measured.name},{other.name}")
    assert "What to notice" in page_text(app)


def test_the_curves_have_a_point_for_every_severity_and_begin_at_the_clean_error():
    result = made_up_result()
    (line,) = severity.severity_chart({"a": result}, {"a": "A"}, "fog").data
    assert list(line.x) == [0, *SEVERITIES]
    assert line.y[0] == result.clean_error
    (mean,) = severity.severity_chart({"a": result}, {"a": "A"}, None).data
    assert mean.y[4] == pytest.approx(result.mean_error())


def test_a_run_that_was_not_measured_can_be(app, run, executor):
    visit(app, "robustness", run=run.name)
    assert "Not measured yet" in page_text(app)
    app.button(key=f"measure_button_{run.name}").click().run()
    assert executor.measurement.run.name == run.name
    assert [button.key for button in app.button if button.key.startswith("measure_button")] == []
    app.button(key="cancel_measurement").click().run()
    executor.end_measurement()
    app.run()
    assert app.button(key=f"measure_button_{run.name}")


def test_why_a_measurement_failed_is_said(app, run, executor):
    executor.measurement_failures[run.name] = "A training run took the place of this measurement."
    assert "took the place" in page_text(visit(app, "robustness", run=run.name))


def test_while_something_trains_a_measurement_waits_and_can_be_cancelled(app, run, executor, queue):
    queue.submit(RECIPES["sample-digits"].config, "sample-digits")
    visit(app, "robustness", run=run.name)
    app.button(key=f"measure_button_{run.name}").click().run()
    assert executor.measurement is None
    assert "is measured as soon as nothing trains" in page_text(app)
    app.button(key=f"cancel_waiting_{run.name}").click().run()
    assert app.button(key=f"measure_button_{run.name}")
    assert queue.waiting_measurements == []


def test_without_the_digits_the_errors_are_still_shown(app, measured, monkeypatch):
    monkeypatch.setattr(caches, "digits_or_none", lambda dataset, part: None)
    visit(app, "robustness", run=measured.name, corruption="scale")
    assert "digits** of 360" in page_text(app)
    assert digit_browser.NO_IMAGES in page_text(app)


def test_the_drawn_digit_goes_through_every_corruption(app, measured):
    assert "Draw a digit, come back" in page_text(visit(app, "robustness", run=measured.name))
    app.session_state[DRAWN_DIGIT_KEY] = load_digits("sample", "test").images[0]
    app.run()
    assert not app.exception
    own = html_of(app).partition('<div class="own-damaged">')[2]
    assert own.count("<figure") == 1 + len(CORRUPTIONS)
    assert "reads your drawing as" in page_text(app)
