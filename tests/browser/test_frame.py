"""The frame of the pages: a phone's menu and bar, the presentation, and the meanings of terms."""

import pytest
from playwright.sync_api import expect

from ui import glossary
from ui.shell import GROUPS, PAGES

pytestmark = pytest.mark.browser

PHONE, PROJECTOR = (390, 844), (1920, 1080)
KEPT_OPEN = "() => Object.entries(localStorage).filter(([key, value]) => key.startsWith('stSidebarCollapsed'))"
END_OF_CONTENT = """() => {
    const main = document.querySelector('.stMain');
    main.scrollTo(0, main.scrollHeight);
    return document.querySelector('.st-key-next_steps').getBoundingClientRect().bottom;
}"""


def test_a_phones_menu_closes_when_a_page_is_chosen_and_never_covers_a_page_that_is_opened(server, visit):
    visitor = visit(server, *PHONE)
    visitor.page.add_init_script("localStorage.setItem('stSidebarCollapsed-', 'false')")  # as earlier visits left it
    visitor.open("/models")
    sidebar = visitor.page.get_by_test_id("stSidebar")
    expect(sidebar).to_have_attribute("data-collapsed", "true")
    menu = visitor.page.get_by_test_id("stExpandSidebarButton")
    assert min(menu.bounding_box()["width"], menu.bounding_box()["height"]) >= 44
    menu.tap()
    expect(sidebar).to_have_attribute("data-collapsed", "false")
    visitor.go_to("Curves")
    expect(sidebar).to_have_attribute("data-collapsed", "true")
    assert visitor.page.evaluate(KEPT_OPEN) == []


def test_a_sidebar_that_was_closed_on_a_laptop_stays_closed(server, visit):
    visitor = visit(server).open("/models")
    sidebar = visitor.page.get_by_test_id("stSidebar")
    expect(sidebar).to_have_attribute("data-collapsed", "false")
    sidebar.hover()
    visitor.page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(sidebar).to_have_attribute("data-collapsed", "true")
    visitor.open("/curves")
    expect(sidebar).to_have_attribute("data-collapsed", "true")


def test_a_thumb_reaches_every_page_from_the_bar_of_a_phone(server, visit):
    visitor = visit(server, *PHONE).open("/models")
    bar = visitor.page.locator(".st-key-group_bar")
    reached = set()
    for group in GROUPS:
        bar.get_by_role("link", name=group).tap()
        expect(bar.locator("[aria-current] p")).to_have_text(group)
        titles = [page.title for page in PAGES if page.group == group]
        for title in titles:
            if len(titles) > 1:
                visitor.page.locator(".st-key-group_pages").get_by_role("link", name=title).tap()
            expect(visitor.page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
            reached.add(title)
    assert reached == {page.title for page in PAGES if page.group}
    visitor.settle()
    targets = visitor.page.locator(":is(.st-key-group_bar, .st-key-group_pages) a").all()
    assert min(min(link.bounding_box()["width"], link.bounding_box()["height"]) for link in targets) >= 44
    assert visitor.page.evaluate(END_OF_CONTENT) < bar.bounding_box()["y"]  # nothing hides behind the bar


def test_a_page_is_presented_until_the_presentation_ends(server, visit):
    visitor = visit(server, *PROJECTOR).open("/models?present=1")
    bar = visitor.page.locator(".st-key-presentation_bar")
    expect(visitor.page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
    for title in ("Calibration", "Confusion matrix"):
        bar.get_by_role("link", name=title).click()
        expect(visitor.page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
        visitor.settle()
    expect(visitor.page.locator(".st-key-matrix table")).to_be_in_viewport(ratio=1)  # with all its rows
    assert "present=1" in visitor.page.url
    visitor.button("End presentation").click()
    expect(bar).to_have_count(0)
    expect(visitor.page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "false")
    assert "present" not in visitor.page.url


@pytest.mark.parametrize("window", [(1366, 768), PHONE], ids=["laptop", "phone"])
def test_a_term_shows_its_meaning_under_the_mouse_the_finger_and_the_keyboard(server, visit, window):
    visitor = visit(server, *window).open("/mistakes")
    term = visitor.page.locator(".st-key-page_title .term")
    meaning = term.get_by_role("tooltip", include_hidden=True)
    visitor.page.locator('[aria-current="page"]').first.wait_for(state="attached")  # the frame's script is here
    expect(term).to_have_accessible_description(glossary.help("test set"))
    expect(meaning).not_to_be_visible()
    term.tap() if window == PHONE else term.hover()
    expect(meaning).to_be_visible()
    box, (width, height) = meaning.bounding_box(), window
    assert 0 <= box["x"] <= width - box["width"]
    assert box["y"] + box["height"] <= height
    visitor.page.keyboard.press("Escape")
    expect(meaning).not_to_be_visible()
    visitor.page.mouse.move(5, 400)
    visitor.page.locator("h1").click()
    term.focus()
    expect(meaning).to_be_visible()
