"""Every page by its own URL, before anyone opened Home: on a laptop, presenting on a projector and on a phone.

Everywhere, light and dark, axe-core finds no violation of the rules that WCAG 2.2 AA has for machines.
"""

import tomllib
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ui.shell import PAGES

pytestmark = pytest.mark.browser

HOME, *OTHERS = PAGES
LAPTOP, PROJECTOR, PHONE = (1366, 768), (1920, 1080), (390, 844)
THEMES = tomllib.loads((Path(__file__).parent.parent.parent / ".streamlit/config.toml").read_text("utf-8"))["theme"]
OVERFLOW = """() => [...document.querySelectorAll('html, .stMain, .stSidebarContent')]
    .map(part => part.scrollWidth - part.clientWidth)"""

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VIEWS = {"Draw": "Upload", "Mistakes": "Quiz"}  # of pages that have a view with other contents, how it is chosen
SMALL_TEXTS = """() => {
    const small = [], isText = (node) => node.nodeType === 3 && node.data.trim();
    const search = (root) => root.querySelectorAll('*').forEach((element) => {
        if (element.shadowRoot) search(element.shadowRoot);
        const size = parseFloat(getComputedStyle(element).fontSize);
        if (size < 20 && [...element.childNodes].some(isText) && element.checkVisibility({visibilityProperty: true}))
            small.push(`${element.textContent}: ${size}`);
    });
    search(document.querySelector('.stMainBlockContainer'));
    return small;
}"""
SMALL_TARGETS = """() => [...document.querySelectorAll('.stMain button, [data-testid="stExpandSidebarButton"]')]
    .filter((button) => button.checkVisibility() && !button.matches('.term')) // a term stands in a line of text
    .filter((button) => Math.min(button.getBoundingClientRect().width, button.getBoundingClientRect().height) < 24)
    .map((button) => button.outerHTML)"""


@pytest.mark.parametrize("page", [*OTHERS, HOME], ids=lambda page: page.title)  # Home last
def test_a_page_fits_every_screen_in_light_and_dark_and_is_accessible(fresh_server, visit, page):
    path = "/" if page is HOME else f"/{Path(page.file).stem}"
    visitor = visit(fresh_server, *LAPTOP).open(path)
    check(visitor, page, LAPTOP)
    visitor.page.set_viewport_size(dict(zip(("width", "height"), PROJECTOR, strict=True)))
    assert max(visitor.page.evaluate(OVERFLOW)) <= 0
    visitor.page.locator(".st-key-presentation").get_by_text("Presentation").click()
    expect(visitor.page.locator(".st-key-presentation_bar")).to_be_visible()
    check(visitor.settle(), page, PROJECTOR)
    assert visitor.page.evaluate(SMALL_TEXTS) == []
    check_view(visitor, page, PROJECTOR)

    visitor = visit(fresh_server, *PHONE).open(path)
    check(visitor, page, PHONE)
    assert visitor.page.evaluate(SMALL_TARGETS) == []
    check_view(visitor, page, PHONE)


def check_view(visitor, page, window: tuple[int, int]) -> None:
    """Check the other view of a page, if it has one."""
    if page.title in VIEWS:
        visitor.page.get_by_role("radio", name=VIEWS[page.title]).click()
        expect(visitor.page.get_by_role("radio", name=VIEWS[page.title])).to_be_checked()
        check(visitor.settle(), page, window)


def check(visitor, page, window: tuple[int, int]) -> None:
    """Check that what is on the page now fits a window of this size, is accessible and has no errors."""
    for scheme, rules in (("light", WCAG), ("dark", ["color-contrast"])):  # only the colours depend on the scheme
        visitor.page.emulate_media(color_scheme=scheme)  # the page follows the system without a reload
        expect(visitor.page.locator(".stApp")).to_have_css("background-color", rgb(THEMES[scheme]["backgroundColor"]))
        where = f"{page.title} at {window}, {scheme}"
        expect(visitor.page.get_by_role("heading", name=page.title, exact=True, level=1)).to_be_visible()
        expect(visitor.page.locator(".stException")).to_have_count(0)
        expect(visitor.page.get_by_test_id("stSkeleton")).to_have_count(0)  # the charts are drawn
        assert max(visitor.page.evaluate(OVERFLOW)) <= 0, where
        assert violations(visitor.page, rules) == [], where
        assert visitor.errors == [], where


def violations(page: Page, rules: list[str]) -> list[str]:
    """Return what axe-core finds on the page with these rules or tags, each rule with the elements that break it."""
    options = {"resultTypes": ["violations"], "runOnly": rules}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {', '.join(node['html'][:200] for node in rule['nodes'])}" for rule in found]


def rgb(colour: str) -> str:
    """Return a colour such as #10141C as browsers write it."""
    return f"rgb({', '.join(str(part) for part in bytes.fromhex(colour.removeprefix('#')))})"
