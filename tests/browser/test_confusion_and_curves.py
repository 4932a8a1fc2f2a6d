"""The Confusion matrix and the Curves in a browser: clicks, links, the keyboard, a phone, and a curve that grows."""

import re
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from mnist_core import load_run

pytestmark = pytest.mark.browser

RUN = "fast"
MATRIX = ".st-key-matrix .js-plotly-plot"
DIGITS = ".st-key-digits_cell button"
OFFSET = """(plot, [label, predicted]) => {
    const { xaxis, yaxis } = plot._fullLayout;
    return { x: xaxis._offset + xaxis.l2p(predicted), y: yaxis._offset + yaxis.l2p(label) };
}"""
COUNT_POINTS = """() => [...document.querySelectorAll(".st-key-curves .js-plotly-plot")]
    .flatMap((plot) => plot.data ?? []).reduce((sum, line) => sum + line.x.length, 0)"""
HEADER = -0.95  # where the digit beside a row or above a column stands, in cells
CLICK_TIMEOUT = 20.0  # seconds; a page that no longer answers fails the test instead of stopping it


@pytest.fixture(scope="module")
def predictions():
    """The label, the prediction and its log-probability of each test digit, from the run's own file."""
    stored = load_run(RUN).predictions
    return stored.labels, stored.log_probabilities.argmax(1), stored.log_probabilities.max(1)


def cell_indices(predictions, label, predicted):
    """Return the indices of the test digits of one cell, the most confident first."""
    labels, predicted_labels, log_confidences = predictions
    indices = np.flatnonzero((labels == label) & (predicted_labels == predicted))
    return indices[np.argsort(-log_confidences[indices], kind="stable")].tolist()


def shown_indices(visitor):
    """Return the indices of the test digits in the gallery, in order."""
    titles = visitor.page.locator(DIGITS).evaluate_all("buttons => buttons.map((button) => button.title)")
    return [int(re.search(r"Test digit (\d+)", title)[1]) for title in titles]


def expect_digits(visitor, indices):
    """Wait until the gallery has exactly these test digits, in this order."""
    expect(visitor.page.locator(DIGITS)).to_have_count(len(indices))
    visitor.wait_until(lambda: shown_indices(visitor) == indices)


def open_matrix(visitor, path=f"/confusion?run={RUN}"):
    """Open the page and wait until the matrix can be clicked."""
    visitor.open(path)
    visitor.page.wait_for_selector(f"{MATRIX} .scatterlayer")
    return visitor.settle()


def offset(visitor, label, predicted):
    """Return where a cell's centre is, in pixels from the corner of the matrix."""
    return visitor.page.locator(MATRIX).evaluate(OFFSET, [label, predicted])


def click(visitor, position):
    """Click on the matrix at once, whether or not it is being redrawn."""
    visitor.page.locator(MATRIX).click(position=position, force=True, timeout=CLICK_TIMEOUT * 1000)


def expect_heading(visitor, text):
    expect(visitor.page.get_by_text(text)).to_be_visible()
    visitor.settle()


def test_a_clicked_cell_shows_exactly_its_digits_and_is_a_link(server, visit, predictions):
    visitor = open_matrix(visit(server))
    for label, predicted in ((5, 3), (4, 9)):
        indices = cell_indices(predictions, label, predicted)
        centre = offset(visitor, label, predicted)
        click(visitor, {"x": centre["x"] + 12, "y": centre["y"] - 12})  # near the edge
        expect_heading(visitor, f"Written {label}, read as {predicted}: {len(indices)}")
        expect_digits(visitor, indices)
    visitor.page.locator(DIGITS).nth(1).click()
    expect(visitor.page.get_by_text(f"Test digit {indices[1]}, written 4")).to_be_visible()
    expect(visitor.page).to_have_url(f"{server.url}/confusion?run={RUN}&true=4&read=9&digit={indices[1]}&page_cell=1")

    another = visit(server).open(visitor.page.url.removeprefix(server.url))
    expect_heading(another, f"Written 4, read as 9: {len(indices)}")
    expect(another.page.get_by_text(f"Test digit {indices[1]}, written 4")).to_be_visible()
    expect_digits(another, indices)
    expect(another.page.locator(f'{DIGITS}[aria-pressed="true"]')).to_have_attribute(
        "title", re.compile(f"Test digit {indices[1]}:")
    )
    assert visitor.errors == another.errors == []


def test_headers_select_rows_and_columns_and_a_second_click_keeps_a_cell(server, visit, predictions):
    visitor = open_matrix(visit(server))
    labels, predicted_labels, _ = predictions
    n_mistakes = (labels != predicted_labels).sum()
    click(visitor, offset(visitor, 3, HEADER))
    expect_heading(visitor, f"Written as 3: {(labels == 3).sum():,}")
    click(visitor, offset(visitor, HEADER, 8))
    expect_heading(visitor, f"Read as 8: {(predicted_labels == 8).sum():,}")
    click(visitor, offset(visitor, 7, 2))
    expect_heading(visitor, "Written 7, read as 2")
    visitor.button("All mistakes").click()
    expect_heading(visitor, f"All {n_mistakes} mistakes")
    click(visitor, offset(visitor, 7, 2))
    expect_heading(visitor, "Written 7, read as 2")
    expect_digits(visitor, cell_indices(predictions, 7, 2))
    visitor.page.go_back()
    expect_heading(visitor, f"All {n_mistakes} mistakes")


def test_after_many_quick_clicks_the_last_one_counts(server, visit, predictions):
    visitor = open_matrix(visit(server))
    labels, predicted_labels, _ = predictions
    pairs = {
        (label, predicted) for label, predicted in zip(labels, predicted_labels, strict=True) if label != predicted
    }
    cells = [offset(visitor, int(label), int(predicted)) for label, predicted in sorted(pairs)]
    for number in range(15):
        click(visitor, cells[number * 7 % len(cells)])
    visitor.page.wait_for_timeout(400)  # two clicks closer than that are a double click
    click(visitor, offset(visitor, 4, 9))
    expect_heading(visitor, "Written 4, read as 9")
    expected = {"run": RUN, "true": "4", "read": "9"}  # in any order
    visitor.page.wait_for_url(lambda url: dict(parse_qsl(urlsplit(url).query)) == expected)
    expect_digits(visitor, cell_indices(predictions, 4, 9))
    expect(visitor.page.locator(".stException")).to_have_count(0)
    assert visitor.errors == []


def test_a_cell_of_the_table_is_selected_by_keyboard(server, visit, predictions):
    visitor = open_matrix(visit(server))
    table = visitor.page.locator(".st-key-matrix_table")
    table.scroll_into_view_if_needed()
    visitor.settle()
    box = table.bounding_box()
    visitor.page.mouse.click(box["x"] + 40, box["y"] + 52)  # the first cell of the first column
    expect_heading(visitor, "Written as 0:")
    for key in [*["ArrowRight"] * 3, *["ArrowDown"] * 5]:
        visitor.page.keyboard.press(key)
    expect_heading(visitor, f"Written 5, read as 2: {len(cell_indices(predictions, 5, 2))}")


def test_the_matrix_and_its_digits_are_side_by_side_on_the_first_screen(server, visit):
    visitor = open_matrix(visit(server), f"/confusion?run={RUN}&true=5&read=3")
    expect(visitor.page.locator(DIGITS).first).to_be_in_viewport(ratio=1)
    expect(visitor.page.locator(MATRIX)).to_be_in_viewport(ratio=1)


def test_cells_are_tapped_on_a_phone(server, visit, predictions):
    visitor = open_matrix(visit(server, 390, 844))
    for label, predicted in ((5, 3), (7, 2)):
        visitor.page.locator(MATRIX).tap(position=offset(visitor, label, predicted), force=True)
        expect_heading(
            visitor, f"Written {label}, read as {predicted}: {len(cell_indices(predictions, label, predicted))}"
        )
        expect_digits(visitor, cell_indices(predictions, label, predicted))


def test_the_curve_of_a_live_run_grows(training_server, visit):
    visitor = visit(training_server).open().choose_recipe("sample-digits").set_field("Epochs", 500)
    visitor.train()
    visitor.go_to("Curves")
    visitor.page.wait_for_function(f"({COUNT_POINTS})() > 0")
    before = visitor.page.evaluate(COUNT_POINTS)
    visitor.page.wait_for_function(f"({COUNT_POINTS})() > {before}")
    visitor.go_to("Train").button("Stop").click()
    visitor.expect_text("training_status", "Nothing is training")
    assert visitor.errors == []


def test_a_view_of_the_curves_is_a_link(server, visit):
    visitor = visit(server).open(f"/curves?runs={RUN},wide-head&a={RUN}&b=wide-head")
    visitor.page.get_by_role("radio", name="Loss").click()
    expect(visitor.page).to_have_url(re.compile("metric=loss"))
    visitor.page.get_by_role("radio", name="seconds").click()
    expect(visitor.page).to_have_url(re.compile("metric=loss.*by=seconds"))
    another = visit(server).open(visitor.page.url.removeprefix(server.url))
    for page in (visitor.page, another.page):
        expect(page.locator(".st-key-curves .ytitle")).to_have_text("loss (lower is better)")
        expect(page.locator(".st-key-curves .xtitle")).to_have_text("seconds")
        expect(page.get_by_text(re.compile("These two differ|No clear difference"))).to_be_visible()
