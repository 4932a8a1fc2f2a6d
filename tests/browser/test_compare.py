"""The Confusion matrix and the Curves in the real browser: clicks, links, keyboard, phone, and a curve that grows."""

import re
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from mnist_core import load_run

pytestmark = pytest.mark.browser

RUN = "fast"
PLOT = ".st-key-matrix .js-plotly-plot"
DIGITS = ".st-key-digits_cell button"
POSITION = """([written, read]) => {
    const plot = document.querySelector(".st-key-matrix .js-plotly-plot"), box = plot.getBoundingClientRect();
    const { xaxis, yaxis } = plot._fullLayout;
    return [box.left + xaxis._offset + xaxis.l2p(read), box.top + yaxis._offset + yaxis.l2p(written)];
}"""
POINTS = """() => [...document.querySelectorAll(".st-key-curves .js-plotly-plot")]
    .flatMap((plot) => plot.data ?? []).reduce((sum, line) => sum + line.x.length, 0)"""
LABEL = -0.95  # where the digit beside a row or above a column stands


@pytest.fixture(scope="module")
def answers():
    """(written, read, log-probability of what was read) of each test digit, from the predictions file itself."""
    stored = load_run(RUN).predictions
    return stored.labels, stored.log_probabilities.argmax(1), stored.log_probabilities.max(1)


def cell_of(answers, written, read):
    """The test digits of one cell, the most confident first."""
    labels, reads, certain = answers
    places = np.flatnonzero((labels == written) & (reads == read))
    return places[np.argsort(-certain[places], kind="stable")].tolist()


def shown(visitor):
    """The test digits in the gallery, in order."""
    titles = visitor.page.locator(DIGITS).evaluate_all("buttons => buttons.map((button) => button.title)")
    return [int(re.search(r"Test digit (\d+)", title)[1]) for title in titles]


def matrix_of(visitor, path=f"/confusion?run={RUN}"):
    """Open the page and wait until the matrix can be clicked."""
    visitor.open(path)
    visitor.page.wait_for_selector(f"{PLOT} .scatterlayer")
    visitor.settle()
    return visitor


def click(visitor, written, read, dx=0, dy=0):
    x, y = visitor.page.evaluate(POSITION, [written, read])
    visitor.page.mouse.click(x + dx, y + dy)


def heading(visitor, text):
    expect(visitor.page.get_by_text(text)).to_be_visible()
    visitor.settle()


def test_a_clicked_cell_shows_exactly_its_digits_and_its_address_shows_them_again(server, visit, answers):
    visitor = matrix_of(visit(server))
    for written, read in ((5, 3), (4, 9)):
        places = cell_of(answers, written, read)
        click(visitor, written, read, 12, -12)  # near the edge
        heading(visitor, f"Written {written}, read as {read}: {len(places)}")
        assert shown(visitor) == places
    visitor.page.locator(DIGITS).nth(1).click()
    expect(visitor.page.get_by_text(f"Test digit {places[1]}, written 4")).to_be_visible()
    expect(visitor.page).to_have_url(f"{server.url}/confusion?run={RUN}&true=4&read=9&digit={places[1]}&page_cell=1")

    fresh = visit(server).open(visitor.page.url.removeprefix(server.url))
    heading(fresh, f"Written 4, read as 9: {len(places)}")
    expect(fresh.page.get_by_text(f"Test digit {places[1]}, written 4")).to_be_visible()
    expect(fresh.page.locator(DIGITS)).to_have_count(len(places))
    assert shown(fresh) == places
    expect(fresh.page.locator(f'{DIGITS}[aria-pressed="true"]')).to_have_attribute(
        "title", re.compile(f"Test digit {places[1]}:")
    )
    assert visitor.errors == fresh.errors == []


def test_labels_choose_rows_and_columns_and_a_second_click_on_a_cell_keeps_it(server, visit, answers):
    visitor = matrix_of(visit(server))
    labels, reads, _ = answers
    click(visitor, 3, LABEL)
    heading(visitor, f"Written as 3: {(labels == 3).sum():,}")
    click(visitor, LABEL, 8)
    heading(visitor, f"Read as 8: {(reads == 8).sum():,}")
    click(visitor, 7, 2)
    heading(visitor, "Written 7, read as 2")
    visitor.button("All mistakes").click()
    heading(visitor, f"All {(labels != reads).sum()} mistakes")
    click(visitor, 7, 2)
    heading(visitor, "Written 7, read as 2")
    assert shown(visitor) == cell_of(answers, 7, 2)
    visitor.page.go_back()
    heading(visitor, f"All {(labels != reads).sum()} mistakes")


def test_a_hundred_quick_clicks_leave_the_page_right(server, visit, answers):
    visitor = matrix_of(visit(server))
    labels, reads, _ = answers
    cells = [(int(w), int(r)) for w, r in sorted({(w, r) for w, r in zip(labels, reads, strict=True) if w != r})]
    for number in range(100):
        click(visitor, *cells[number * 7 % len(cells)])
    visitor.page.wait_for_timeout(400)  # two clicks closer than that are a double click
    click(visitor, 4, 9)
    heading(visitor, "Written 4, read as 9")
    asked = {"run": RUN, "true": "4", "read": "9"}  # in any order: a click on a moving matrix may hit a label first
    visitor.page.wait_for_url(lambda url: dict(parse_qsl(urlsplit(url).query)) == asked)
    expect(visitor.page.locator(DIGITS)).to_have_count(len(cell_of(answers, 4, 9)))
    assert shown(visitor) == cell_of(answers, 4, 9)
    expect(visitor.page.locator(".stException")).to_have_count(0)
    assert visitor.errors == []


def test_a_cell_is_chosen_by_keyboard_in_the_table(server, visit, answers):
    visitor = matrix_of(visit(server))
    table = visitor.page.locator(".st-key-matrix_table")
    table.scroll_into_view_if_needed()
    visitor.settle()
    box = table.bounding_box()
    visitor.page.mouse.click(box["x"] + 40, box["y"] + 52)  # the first written digit
    heading(visitor, "Written as 0:")
    for key in [*["ArrowRight"] * 3, *["ArrowDown"] * 5]:
        visitor.page.keyboard.press(key)
    heading(visitor, f"Written 5, read as 2: {len(cell_of(answers, 5, 2))}")


def test_the_matrix_and_its_digits_are_side_by_side_on_the_first_screen(server, visit):
    visitor = matrix_of(visit(server), f"/confusion?run={RUN}&true=5&read=3")
    expect(visitor.page.locator(DIGITS).first).to_be_in_viewport(ratio=1)
    expect(visitor.page.locator(PLOT)).to_be_in_viewport(ratio=1)


def test_the_matrix_is_used_on_a_phone(server, visit, answers):
    visitor = matrix_of(visit(server, 390, 844))
    for written, read in ((5, 3), (7, 2)):
        x, y = visitor.page.evaluate(POSITION, [written, read])
        visitor.page.touchscreen.tap(x, y)
        heading(visitor, f"Written {written}, read as {read}: {len(cell_of(answers, written, read))}")
        assert shown(visitor) == cell_of(answers, written, read)


def test_a_live_run_grows_on_the_curves_page(school, visit):
    visitor = visit(school).open().choose("sample-digits").set("Epochs", 500)
    visitor.train()
    visitor.turn_to("Curves")
    visitor.page.wait_for_function(f"({POINTS})() > 0")
    before = visitor.page.evaluate(POINTS)
    visitor.page.wait_for_function(f"({POINTS})() > {before}")
    visitor.turn_to("Train").button("Stop").click()
    visitor.shows("strip", "Nothing is training")
    assert visitor.errors == []


def test_a_view_of_the_curves_is_a_link(server, visit):
    visitor = visit(server).open(f"/curves?runs={RUN},wide-head&a={RUN}&b=wide-head")
    visitor.page.get_by_role("radio", name="Loss").click()
    expect(visitor.page).to_have_url(re.compile("metric=loss"))
    visitor.page.get_by_role("radio", name="seconds").click()
    expect(visitor.page).to_have_url(re.compile("metric=loss.*by=seconds"))
    fresh = visit(server).open(visitor.page.url.removeprefix(server.url))
    for page in (visitor.page, fresh.page):
        expect(page.locator(".st-key-curves .ytitle")).to_have_text("loss (nats)")
        expect(page.locator(".st-key-curves .xtitle")).to_have_text("seconds")
        expect(page.get_by_text(re.compile("These two (do not )?differ"))).to_be_visible()
