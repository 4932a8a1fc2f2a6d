"""The frame of every page: navigation in groups, next steps, presentation, the mark."""

import re
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from streamlit.testing.v1 import AppTest

from ui import charts, glossary, mark, shell
from ui.shell import GROUPS, PAGES

ROOT = Path(__file__).resolve().parent.parent
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)


def test_the_pages_of_a_group_stand_together():
    groups = [page.group for page in PAGES if page.group]
    assert groups == sorted(groups, key=GROUPS.index)
    assert GROUPS == ["Train", "Try", "Understand", "Compare"]


@every_page
def test_a_page_has_two_next_steps_to_other_pages_with_one_sentence_each(page):
    titles = [step.title for step in page.next]
    assert len(set(titles)) == 2
    assert set(titles) <= {other.title for other in PAGES} - {page.title}
    assert all(re.fullmatch(r"[A-Z][^.!?]*([.!?]|\. [A-Z][^.!?]*\?)", step.why) for step in page.next)


def test_every_page_is_a_next_step_of_another():
    assert {step.title for page in PAGES for step in page.next} == {page.title for page in PAGES if page.group}


def test_only_the_page_about_the_server_stands_apart_and_last():
    assert [page.title for page in PAGES if not page.group] == [PAGES[-1].title] == ["About this server"]


@every_page
def test_a_page_ends_with_its_next_steps(page):
    assert f'\nnext_steps("{page.title}")\n' in (ROOT / page.file).read_text("utf-8")


@every_page
def test_the_terms_in_a_pages_words_are_in_the_glossary(page):
    for text in (page.purpose, *(step.why for step in page.next)):
        assert "[[" not in glossary.with_meanings(text)


def open_page(app: AppTest, file: str, **query: str) -> AppTest:
    """Open the page of this file by a link with these query parameters."""
    app.query_params.update(query)
    app.switch_page(file).run()
    assert not app.exception
    return app


def queries(app: AppTest) -> list[dict[str, list[str]]]:
    """Return the query parameters of all links on the page."""
    return [parse_qs(link.query_string) for link in app.get("page_link")]


def test_the_links_of_the_frame_keep_the_run_and_the_digit(app, run):
    links = queries(open_page(app, "pages/confusion.py", run=run.name, digit="3", show="rates"))
    assert [link for link in links if link.get("run") != [run.name]] == []
    assert [link for link in links if "show" in link] == []


def test_a_phone_has_the_groups_in_a_bar_and_the_pages_of_the_group_above_the_title(app):
    open_page(app, "pages/confusion.py")
    bar, pages = app.get_by_key("group_bar"), app.get_by_key("group_pages")
    assert [link.label for link in bar.get("page_link")] == GROUPS
    assert [link.page for link in bar.get("page_link")] == ["", "draw", "look_inside", "curves"]
    assert [link.label for link in pages.get("page_link")] == [
        "Look inside", "Confusion matrix", "Mistakes", "Calibration", "Robustness",
    ]  # fmt: skip


@every_page
def test_presenting_shows_the_links_to_all_pages_above_the_page_and_keeps_on_presenting(app, run, page):
    open_page(app, page.file, present="1", run=run.name)
    bar = app.get_by_key("presentation_bar")
    assert [link.label for link in bar.get("page_link")] == [other.title for other in PAGES if other.group]
    assert [link for link in queries(app) if link.get("present") != ["1"]] == []
    assert app.toggle(key="presentation").value


def test_the_toggle_begins_and_the_button_ends_the_presentation(app):
    open_page(app, "pages/models.py").toggle(key="presentation").set_value(True).run()
    assert app.query_params["present"] == "1"
    app.button(key="end_presentation").click().run()
    assert "present" not in app.query_params
    assert "end_presentation" not in [button.key for button in app.button]


@pytest.mark.parametrize("value", ["0", "", "yes", "11", "<b>"])
def test_nothing_but_one_presents(app, value):
    open_page(app, "pages/models.py", present=value)
    assert not app.toggle(key="presentation").value
    assert [link for link in queries(app) if "present" in link] == []


def test_figures_are_larger_while_presenting(monkeypatch):
    import plotly.graph_objects as go

    laptop = charts.finish(go.Figure(), 200, left=10)
    monkeypatch.setattr(shell, "presenting", lambda: True)
    projector = charts.finish(go.Figure(), 200, left=10)
    assert (laptop.layout.height, projector.layout.height) == (200, 300)
    assert (laptop.layout.margin.l, projector.layout.margin.l) == (10, 15)
    assert projector.layout.xaxis.tickfont.size == projector.layout.font.size == charts.PRESENTED_FONT_SIZE
    assert (charts.text_px(), charts.text_px(14)) == (20, 21)


def test_type_is_at_least_20_pixels_while_presenting():
    (size,) = re.findall(r"font-size: clamp\((\d+)px, ([\d.]+)vw", (ROOT / "ui/presentation.css").read_text("utf-8"))
    assert int(size[0]) >= 20
    assert 1920 * float(size[1]) / 100 == 16 * shell.PRESENTATION_SCALE


@pytest.mark.parametrize("draw", [mark.mark_svg, mark.logo_svg])
def test_the_mark_is_svg_that_loads_nothing(draw):
    svg = ElementTree.fromstring(draw())
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)|href|url\(", draw()) == []
