"""Every page by its own URL, before anyone opened Home: on a projector, a laptop and a phone, light and dark.

On the laptop, axe-core finds no violation of the rules that WCAG 2.2 AA has for machines.
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

WCAG = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("page", [*OTHERS, HOME], ids=lambda page: page.title)  # Home last
def test_a_page_fits_every_screen_in_light_and_dark(fresh_server, visit, page):
    path = "/" if page is HOME else f"/{Path(page.file).stem}"
    for window, *resized in ((LAPTOP, PROJECTOR), (PHONE,)):
        visitor = visit(fresh_server, *window).open(path)
        for width, height in (window, *resized):
            visitor.page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                visitor.page.emulate_media(color_scheme=scheme)  # the page follows the system without a reload
                expect(visitor.page.locator(".stApp")).to_have_css(
                    "background-color", rgb(THEMES[scheme]["backgroundColor"])
                )
                where = f"{page.title} at {width} x {height}, {scheme}"
                expect(visitor.page.get_by_role("heading", name=page.title, exact=True, level=1)).to_be_visible()
                expect(visitor.page.locator(".stException")).to_have_count(0)
                assert max(visitor.page.evaluate(OVERFLOW)) <= 0, where
                if (width, height) == LAPTOP:
                    expect(visitor.page.get_by_test_id("stSkeleton")).to_have_count(0)  # the charts are drawn
                    assert violations(visitor.page) == [], where
                assert visitor.errors == [], where


def violations(page: Page) -> list[str]:
    """Return what axe-core finds on the page, each rule with the elements that break it."""
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {', '.join(node['html'][:200] for node in rule['nodes'])}" for rule in found]


def rgb(colour: str) -> str:
    """Return a colour such as #10141C as browsers write it."""
    return f"rgb({', '.join(str(part) for part in bytes.fromhex(colour.removeprefix('#')))})"
