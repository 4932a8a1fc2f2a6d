"""The Look inside and Break it pages in a browser: one digit through a network, its perturbations, an attack, links."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SUMMED = re.compile(r"= (\N{MINUS SIGN}?\d+\.\d{4})\s*$")
SHOWN = re.compile(r" is (\N{MINUS SIGN}?\d+\.\d{4})$")


def arithmetic(visitor):
    """Return the heading of the selected value, the value in it, and what its weighted sum comes to."""
    heading = visitor.page.get_by_role("heading", level=3, name=re.compile("^(Map|Unit) .* is "))
    shown, summed = heading.inner_text(), visitor.page.locator(".st-key-sum").inner_text()
    return shown, SHOWN.search(shown)[1], SUMMED.search(summed)[1]


def test_a_value_is_the_sum_shown_and_an_attack_is_a_link(server, visit):
    visitor = visit(server).open("/look_inside?run=mnist-cnn-adam&digit=247")
    page = visitor.page
    visitor.expect_text("chain", "conv2")
    page.locator(".st-key-chain").get_by_role("button", name=re.compile("^conv2")).click()
    expect(page.get_by_text("conv2 slides 64 filters")).to_be_visible()
    visitor.settle()
    page.get_by_role("button", name=re.compile("^map 7,")).click()
    expect(page).to_have_url(re.compile("layer=conv2.*map=7"))
    expect(page.get_by_text("Map 7, enlarged")).to_be_visible()
    visitor.settle()

    page.get_by_role("button", name=re.compile("^map 7,")).locator(".digit").hover()
    expect(page.locator(".st-key-maps .readout")).to_contain_text(
        re.compile(r"map 7 · row \d+, column \d+: .*\d\.\d{4}")
    )

    pixel = page.locator(".st-key-enlarged .scatterlayer path.point").nth(5 * 14 + 9)
    pixel.scroll_into_view_if_needed()
    box = pixel.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile("row=5&column=9"))
    expect(page.get_by_role("heading", name=re.compile("^Map 7 at row 5, column 9 is "))).to_be_visible()
    visitor.settle()
    title, shown, summed = arithmetic(visitor)
    assert shown == summed

    another = visit(server).open(page.url.removeprefix(server.url))
    another.expect_text("sum", summed)
    assert arithmetic(another) == (title, shown, summed)

    visitor.go_to("Break it")
    expect(page).to_have_url(re.compile("digit=247"))
    slider = page.get_by_role("slider", name=re.compile("Rotate"))
    slider.press("ArrowRight")
    expect(page).to_have_url(re.compile("rotate=5.*watch=rotate"))
    page.get_by_role("spinbutton", name="Test digit").fill("0")
    page.get_by_role("spinbutton", name="Test digit").press("Enter")
    expect(page).to_have_url(re.compile("digit=0"))
    visitor.settle()
    visitor.button("Fool it").click()
    expect(page.get_by_text("Fooled:", exact=True)).to_be_visible()
    visitor.expect_text("fooled", "Noise, at most 0.2")
    visitor.settle()

    another = visit(server).open(page.url.removeprefix(server.url))
    another.expect_text("fooled", "Noise, at most 0.2")
    verdict = another.page.get_by_text("Fooled:", exact=True).locator("..")
    expect(verdict).to_have_text(page.get_by_text("Fooled:", exact=True).locator("..").inner_text())
    expect(another.page.get_by_role("slider", name=re.compile("Rotate"))).to_have_value("5")
    assert visitor.errors == another.errors == []


def test_a_digit_of_the_map_is_previewed_and_opened(server, visit):
    visitor = visit(server).open("/look_inside?run=fast&digit=3&part=nearest")
    page, canvas = visitor.page, visitor.page.locator(".scatter canvas")
    expect(page.get_by_text("A map of 2,000 test digits")).to_be_visible()
    canvas.scroll_into_view_if_needed()
    visitor.settle()
    box = canvas.bounding_box()
    preview = page.locator(".scatter .preview")
    for part in (0.5, 0.45, 0.4, 0.6, 0.3, 0.7):  # until there is a digit below the mouse
        x, y = box["x"] + part * box["width"], box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        if preview.is_visible() and int(preview.get_attribute("data-index")) < 2000:
            break
    expect(preview).to_be_visible()
    page.mouse.click(x, y)
    expect(page).not_to_have_url(re.compile("digit=3(&|$)"))
    assert visitor.errors == []


@pytest.mark.parametrize("path", ["/look_inside?digit=247&part=why", "/break_it?digit=247&attack=fgsm&epsilon=0.1"])
def test_on_a_phone_nothing_is_wider_than_the_screen(server, visit, path):
    visitor = visit(server, 390, 844).open(path)
    width = visitor.page.evaluate("() => document.querySelector('.stMain').scrollWidth")
    assert width <= 390
    if path.startswith("/break_it"):
        visitor.page.get_by_role("slider", name="Invert").scroll_into_view_if_needed()
        expect(visitor.page.get_by_text("now", exact=True)).to_be_in_viewport()
        expect(visitor.page.locator(".st-key-changed_answer")).to_be_in_viewport(ratio=1)
    assert visitor.errors == []


def test_a_finger_that_scrolls_over_a_slider_does_not_move_it_and_a_tap_does(server, visit):
    visitor = visit(server, 390, 844).open("/break_it?digit=247")
    page = visitor.page
    slider, track = page.get_by_role("slider", name="Noise"), page.locator(".st-key-slider_noise [role=group]")
    box_at_rest(visitor, track)
    centre = "(track) => track.scrollIntoView({block: 'center'})"  # the answer stays over the top of the page
    for part in (0, 0.7):  # of the track: on the thumb, and elsewhere
        track.evaluate(centre)
        box = box_at_rest(visitor, track)
        swipe_up(page, box["x"] + part * box["width"], box["y"] + box["height"] / 2)
        assert box_at_rest(visitor, track)["y"] < box["y"] - 30
        assert slider.input_value() == "0"
    track.evaluate(centre)
    box = box_at_rest(visitor, track)
    page.touchscreen.tap(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
    expect(slider).to_have_value("0.7")
    expect(page).to_have_url(re.compile("noise=0.7"))


def box_at_rest(visitor, element):
    """Return where an element is once the page has not moved for a second: charts that are drawn late move it too."""
    boxes = [element.bounding_box()]

    def rests():
        visitor.settle().page.wait_for_timeout(500)
        boxes.append(element.bounding_box())
        return boxes[-3:].count(boxes[-1]) == 3

    visitor.wait_until(rests)
    return boxes[-1]


def swipe_up(page: Page, x: float, y: float) -> None:
    """Swipe with one finger from this point 100 pixels upwards."""
    browser = page.context.new_cdp_session(page)
    browser.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for moved in range(10, 101, 10):
        browser.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - moved}]})
    browser.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
