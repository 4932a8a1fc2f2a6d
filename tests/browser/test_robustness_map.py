"""The Robustness page in a browser: a click on a cell shows the digits behind it; the keyboard walks the table."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1366, 390])
def test_a_click_on_a_cell_shows_the_digits_that_are_misread(server, visit, width):
    visitor = visit(server, width).open("/robustness?run=mnist-cnn-adam&corruption=fog&runs=fast,mnist-cnn-adam")
    page = visitor.page
    expect(page.locator(".st-key-corrupted_digits h3")).to_have_text("Fog, read by MNIST CNN with Adam")
    cell = page.get_by_role("button", name="Canny edges: Fast misreads")
    cell.click()
    expect(page.locator(".st-key-corrupted_digits h3")).to_have_text("Canny edges, read by Fast")
    expect(page.locator(".st-key-corrupted_digits h3")).to_be_in_viewport()
    expect(page.locator(".misread-pairs figure")).to_have_count(15)
    expect(page).to_have_url(re.compile(r"[?&]run=fast\b"))
    expect(page).to_have_url(re.compile(r"[?&]corruption=canny_edges\b"))
    expect(cell).to_have_attribute("aria-pressed", "true")
    if width > 640:
        cell.focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(page.locator(".st-key-corrupted_digits h3")).to_have_text("Zigzag, read by Fast")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert visitor.errors == []
