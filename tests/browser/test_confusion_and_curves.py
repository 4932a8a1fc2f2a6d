"""The Confusion matrix and the Curves in a browser: clicks, links, the keyboard, a phone, and a curve that grows."""

import re
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from mnist_core import load_run

pytestmark = pytest.mark.browser

RUN = "fast"
MATRIX = ".st-key-matrix table"
DIGITS = ".st-key-digits_cell button"
COLOURS = """() => [...document.querySelectorAll(".stApp *")].filter((element) => element.shadowRoot)
    .concat(document).flatMap((root) => [...(root.shadowRoot ?? root).querySelectorAll("table button")])
    .map((button) => [getComputedStyle(button).color, getComputedStyle(button).backgroundColor, button.textContent])"""
COUNT_POINTS = """() => [...document.querySelectorAll(".st-key-curves .js-plotly-plot")]
    .flatMap((plot) => plot.data ?? []).reduce((sum, line) => sum + line.x.length, 0)"""


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
    expect(visitor.page.locator(f"{MATRIX} button")).to_have_count(120)
    return visitor


def cell(visitor, label, predicted):
    """Return the button of a cell, or with None for one of the digits that of a row or column."""
    row, column = (0 if digit is None else digit + 1 for digit in (label, predicted))
    return visitor.page.locator(f"{MATRIX} tr").nth(row).locator("td, th").nth(column).locator("button")


def colours(visitor, scheme):
    """Return the colour, the background and the text of every button of the matrix in a light or dark scheme."""
    visitor.page.emulate_media(color_scheme=scheme)
    expect(visitor.page.locator(".stApp")).to_have_css("color-scheme", scheme)
    return visitor.page.evaluate(COLOURS)


def expect_heading(visitor, text):
    expect(visitor.page.locator(".st-key-cell_digits")).to_contain_text(text)
    visitor.settle()


def test_a_clicked_cell_shows_exactly_its_digits_fades_no_number_and_is_a_link(server, visit, predictions):
    visitor = open_matrix(visit(server))
    before = {scheme: colours(visitor, scheme) for scheme in ("dark", "light")}
    assert len(before["light"]) == 120
    assert before["light"] != before["dark"]
    for label, predicted in ((5, 3), (4, 9)):
        indices = cell_indices(predictions, label, predicted)
        cell(visitor, label, predicted).click()
        expect_heading(visitor, f"Written {label}, read as {predicted}: {len(indices)} digits")
        expect_digits(visitor, indices)
        expect(cell(visitor, label, predicted)).to_have_attribute("aria-pressed", "true")
    expect(visitor.page.locator(f'{MATRIX} [aria-pressed="true"]')).to_have_count(1)
    expect(visitor.page.locator(DIGITS).first).to_be_in_viewport(ratio=1)  # beside the matrix on the first screen
    expect(cell(visitor, 9, 9)).to_be_in_viewport(ratio=1)
    visitor.page.mouse.move(5, 5)
    assert {scheme: colours(visitor, scheme) for scheme in ("dark", "light")} == before

    visitor.page.locator(DIGITS).nth(1).click()
    detail = visitor.page.locator(".st-key-detail")
    expect(detail).to_contain_text(f"Test digit {indices[1]}, written 4")
    expect(detail.locator("img")).to_be_in_viewport()
    expect(visitor.page).to_have_url(f"{server.url}/confusion?run={RUN}&true=4&read=9&digit={indices[1]}&page_cell=1")

    another = open_matrix(visit(server), visitor.page.url.removeprefix(server.url))
    expect_heading(another, f"Written 4, read as 9: {len(indices)} digits")
    expect(another.page.locator(".st-key-detail")).to_contain_text(f"Test digit {indices[1]}, written 4")
    expect_digits(another, indices)
    expect(another.page.locator(f'{DIGITS}[aria-pressed="true"]')).to_have_attribute(
        "title", re.compile(f"Test digit {indices[1]}:")
    )
    assert visitor.errors == another.errors == []


def test_rows_columns_and_cells_are_selected_by_mouse_and_keyboard(server, visit, predictions):
    visitor = open_matrix(visit(server))
    labels, predicted_labels, _ = predictions
    n_mistakes = (labels != predicted_labels).sum()
    cell(visitor, 3, None).click()
    expect_heading(visitor, f"Written 3: {(labels == 3).sum():,}")
    cell(visitor, None, 8).click()
    expect_heading(visitor, f"Read as 8: {(predicted_labels == 8).sum():,}")
    cell(visitor, 7, 2).click()
    expect_heading(visitor, "Written 7, read as 2")
    visitor.button("All mistakes").click()
    expect_heading(visitor, f"All {n_mistakes} mistakes")
    cell(visitor, 7, 2).click()
    expect_heading(visitor, "Written 7, read as 2")
    expect_digits(visitor, cell_indices(predictions, 7, 2))
    visitor.page.go_back()
    expect_heading(visitor, f"All {n_mistakes} mistakes")

    cell(visitor, None, 0).focus()
    for key in [*["ArrowRight"] * 3, *["ArrowDown"] * 6, "ArrowLeft"]:
        visitor.page.keyboard.press(key)
    expect(cell(visitor, 5, 2)).to_be_focused()
    readout = visitor.page.locator(".st-key-matrix .readout")
    expect(readout).to_have_text(re.compile("^Written 5, read as 2: "))
    visitor.page.keyboard.press("Enter")
    expect_heading(visitor, "Written 5, read as 2: 0 digits")
    expect(cell(visitor, 5, 2)).to_be_focused()
    assert visitor.errors == []


def test_after_many_quick_clicks_the_last_one_counts(server, visit, predictions):
    visitor = open_matrix(visit(server))
    labels, predicted_labels, _ = predictions
    pairs = sorted({(int(t), int(p)) for t, p in zip(labels, predicted_labels, strict=True) if t != p})
    for number in range(15):
        cell(visitor, *pairs[number * 7 % len(pairs)]).click()
    cell(visitor, 4, 9).dblclick()
    expect_heading(visitor, "Written 4, read as 9")
    expected = {"run": RUN, "true": "4", "read": "9"}  # in any order
    visitor.page.wait_for_url(lambda url: dict(parse_qsl(urlsplit(url).query)) == expected)
    expect_digits(visitor, cell_indices(predictions, 4, 9))
    expect(visitor.page.locator(".stException")).to_have_count(0)
    assert visitor.errors == []


def test_on_a_phone_a_tapped_cell_scrolls_to_its_digits_and_a_digit_to_its_detail(server, visit, predictions):
    visitor = open_matrix(visit(server, 390, 844))
    for label, predicted in ((5, 3), (7, 2)):
        button = cell(visitor, label, predicted)
        assert min(button.bounding_box()[side] for side in ("width", "height")) >= 24  # WCAG 2.2, target size
        button.tap()
        expect_digits(visitor, cell_indices(predictions, label, predicted))
        expect(visitor.page.locator(DIGITS).last).to_be_in_viewport(ratio=1)
    visitor.page.locator(DIGITS).first.tap()
    expect(visitor.page.locator(".st-key-detail h3")).to_be_in_viewport(ratio=1)
    expect(visitor.page.locator(".st-key-detail img")).to_be_in_viewport(ratio=1)
    assert visitor.errors == []


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
