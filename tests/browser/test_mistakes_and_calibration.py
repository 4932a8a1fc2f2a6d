"""The Mistakes and Calibration pages in a browser: filters, links, the keyboard, the quiz, quick clicks."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.runs import load_run
from ui.mistakes.list import CONFIDENT_PERCENT, PAGE_SIZE
from ui.palette import CORRECT, INCORRECT

pytestmark = pytest.mark.browser

RUN = "mnist-cnn-adam"  # it has mistakes of every kind
SCROLLERS = """(element) => {
    const scrollers = [];
    for (; !element.matches(".stMain"); element = element.parentElement)
        if (/auto|scroll/.test(getComputedStyle(element).overflowY)) scrollers.push(element.className);
    return scrollers;
}"""


@pytest.fixture(scope="module")
def mistakes() -> list[str]:
    """The captions of the run's mistakes, the worst first."""
    return captions()


def captions(min_confidence: float = 0.0) -> list[str]:
    """Return the captions of the run's mistakes of at least this confidence, the worst first."""
    predictions = load_run(RUN).predictions
    log_probabilities, labels = predictions.log_probabilities, predictions.labels
    return [
        f"{labels[i]} → {log_probabilities[i].argmax()}"
        for i in mistakes_by_loss(log_probabilities, labels)
        if np.exp(log_probabilities[i].max()) >= min_confidence
    ]


def digits(visitor) -> Locator:
    return visitor.page.locator(".st-key-mistake_grid button")


def expect_detail(visitor, caption: str) -> None:
    """Wait until the detail is that of a digit with this caption."""
    label, predicted = caption.split(" → ")
    expect(visitor.page.locator(".st-key-detail h3")).to_have_text(f"Written {label}, read as {predicted}")


def test_the_gallery_shows_the_worst_mistakes_first_and_is_used_by_mouse_and_keyboard(server, visit, mistakes):
    visitor = visit(server).open(f"/mistakes?run={RUN}")
    expect(digits(visitor)).to_have_text(mistakes[:PAGE_SIZE])
    expect_detail(visitor, mistakes[0])
    digits(visitor).first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Enter"):
        visitor.page.keyboard.press(key)
    expect_detail(visitor, mistakes[2])
    expect(digits(visitor).nth(2)).to_be_focused()
    visitor.page.locator(".st-key-show_more button").click()
    expect(digits(visitor)).to_have_text(mistakes[: 2 * PAGE_SIZE])
    digits(visitor).last.click()
    expect_detail(visitor, mistakes[2 * PAGE_SIZE - 1])
    expect(visitor.page.locator(".st-key-detail h3")).to_be_in_viewport(ratio=1)  # beside the end of the long list
    visitor.button("Previous").click()
    expect_detail(visitor, mistakes[2 * PAGE_SIZE - 2])
    assert visitor.page.locator(".st-key-mistake_grid").evaluate(SCROLLERS) == []
    assert visitor.errors == []


def test_a_filtered_digit_is_the_same_in_another_browser(server, visit, mistakes):
    visitor = visit(server).open(f"/mistakes?run={RUN}")
    visitor.page.get_by_role("radio", name="Label in doubt").or_(visitor.button("Label in doubt")).click()
    expect(visitor.page).to_have_url(re.compile("filter=doubt"))
    visitor.settle()
    count = digits(visitor).count()
    assert 3 <= count <= 15
    digits(visitor).nth(2).click()
    expect(visitor.page).to_have_url(re.compile(r"digit=\d+"))
    visitor.settle()
    title, note = (visitor.page.locator(f".st-key-detail {part}").inner_text() for part in ("h3", ".stAlert"))
    assert "Of five people who were asked" in note

    another = visit(server, 390, 844)
    another.page.goto(visitor.page.url)
    another.settle()
    expect(digits(another)).to_have_count(count)
    expect(digits(another).nth(2)).to_have_attribute("aria-pressed", "true")
    expect(another.page.locator(".st-key-detail h3")).to_have_text(title)
    expect(another.page.locator(".st-key-detail .stAlert")).to_have_text(note)
    digits(another).first.tap()  # scrolls to the digit
    expect(digits(another).first).not_to_be_in_viewport()
    another.button("↑ Back to the gallery").tap()
    expect(digits(another).first).to_be_in_viewport()
    assert another.errors == []


def test_after_quick_clicks_the_last_digit_is_open(server, visit):
    visitor = visit(server).open(f"/mistakes?run={RUN}")
    expect(digits(visitor)).to_have_count(PAGE_SIZE)
    visitor.page.get_by_role("radio", name="Confident but wrong").or_(visitor.button("Confident but wrong")).click()
    expect(visitor.page).to_have_url(re.compile("filter=confident"))
    for index in (1, 5, 2, 7, 3):
        digits(visitor).nth(index).click()
    expect_detail(visitor, captions(CONFIDENT_PERCENT / 100)[3])
    visitor.settle()
    expect(visitor.page).to_have_url(re.compile("filter=confident"))
    expect(digits(visitor).nth(3)).to_have_attribute("aria-pressed", "true")
    expect(visitor.page.locator(".stException")).to_have_count(0)
    assert visitor.errors == []


def test_a_row_of_the_table_opens_its_digit(server, visit, mistakes):
    visitor = visit(server).open(f"/mistakes?run={RUN}&view=table")
    table = visitor.page.locator(".st-key-mistake_table canvas").first
    expect(table).to_be_visible()
    table.click(position={"x": 250, "y": 36 + 40 + 20}, force=True)  # the second row, below the header
    expect_detail(visitor, mistakes[1])


def test_a_round_of_the_quiz_with_mouse_and_keyboard(server, visit):
    visitor = visit(server).open(f"/mistakes?run={RUN}&view=quiz")
    score = visitor.page.locator(".st-key-quiz_keys").locator("xpath=preceding::h3[1]")
    expect(score).to_contain_text("You 0 : 0 Network")
    points, answered = 0, re.compile(r"It is an? (\d)\.")
    for number in range(10):
        expect(visitor.page.get_by_text(f"Digit {number + 1} of 10")).to_be_visible()
        if number == 1:
            visitor.page.keyboard.press("4")
        else:
            visitor.page.locator(".st-key-quiz_4 button").dblclick()  # counts once
        solution = visitor.page.get_by_text(answered)
        expect(solution).to_be_visible()
        label = answered.search(solution.inner_text())[1]
        points += label == "4"
        expect(score).to_contain_text(f"You {points} :")
        visitor.page.mouse.move(5, 5)
        expect(visitor.page.locator(f".st-key-quiz_{label} button")).to_have_css("background-color", rgb(CORRECT))
        if label != "4":
            expect(visitor.page.locator(".st-key-quiz_4 button")).to_have_css("background-color", rgb(INCORRECT))
        if number == 1:
            visitor.page.keyboard.press("Enter")
        else:
            visitor.page.locator(".st-key-quiz_next button").click()
        expect(solution).to_have_count(0)
    expect(visitor.page.get_by_text(f"You read {points} of 10, the network 5.")).to_be_visible()
    expect(visitor.page.locator(".st-key-quiz_result button")).to_have_count(10)
    assert visitor.errors == []


def test_a_phone_shows_digits_and_the_ten_buttons_without_scrolling_and_scrolls_to_a_tapped_digit(server, visit):
    visitor = visit(server, 390, 844).open(f"/mistakes?run={RUN}")
    expect(digits(visitor).first).to_be_in_viewport(ratio=1)
    digits(visitor).nth(2).tap()
    expect(visitor.page.locator(".st-key-detail img").first).to_be_in_viewport(ratio=1)
    visitor.open(f"/mistakes?run={RUN}&view=quiz")
    for digit in range(10):
        button = visitor.page.locator(f".st-key-quiz_{digit} button")
        expect(button).to_be_in_viewport(ratio=1)
        assert min(button.bounding_box()[side] for side in ("width", "height")) >= 44
    button.tap()
    expect(visitor.page.locator(".st-key-quiz_next button")).to_be_in_viewport(ratio=1)


def test_without_mnist_only_the_pictures_are_missing(offline_server, visit, mistakes):
    visitor = visit(offline_server).open(f"/mistakes?run={RUN}")
    expect(visitor.page.locator(".st-key-mistake_table canvas").first).to_be_visible()  # instead of black squares
    expect_detail(visitor, mistakes[0])
    expect(visitor.page.get_by_text("set the environment variable MNIST_DATA_DIR").last).to_be_visible()
    expect(visitor.page.locator(".st-key-detail img")).to_have_count(0)
    visitor.open("/mistakes")
    expect(visitor.page.get_by_text(re.compile("Sample digits")).first).to_be_visible()
    expect(digits(visitor).first).to_be_visible()
    visitor.open(f"/calibration?run={RUN}")
    expect(visitor.page.locator(".st-key-reliability .js-plotly-plot")).to_be_visible()


def test_the_share_left_unanswered_is_in_the_url_and_moves_the_dot(server, visit):
    visitor = visit(server).open(f"/calibration?run={RUN}&refuse=1")
    dots = visitor.page.locator(".st-key-coverage .scatterlayer .trace:last-child .point")
    dot = dots.last  # while the chart is redrawn there are two
    expect(visitor.page.get_by_text("Without the 100 digits it is least sure of")).to_be_visible()
    before = dot.bounding_box()
    visitor.page.get_by_role("slider").press("End")
    expect(visitor.page).to_have_url(re.compile("refuse=20"))
    expect(visitor.page.get_by_text("Without the 2,000 digits it is least sure of")).to_be_visible()
    visitor.wait_until(lambda: dot.bounding_box()["x"] > before["x"] + 5 and dot.bounding_box()["y"] < before["y"] - 5)
    another = visit(server)
    another.page.goto(visitor.page.url)
    another.settle()
    expect(another.page.get_by_text("Without the 2,000 digits it is least sure of")).to_be_visible()
    assert another.errors == []


def rgb(colour: str) -> str:
    """Return a colour such as #10141C as browsers write it."""
    return f"rgb({', '.join(str(part) for part in bytes.fromhex(colour.removeprefix('#')))})"
