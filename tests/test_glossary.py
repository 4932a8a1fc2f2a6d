"""Every term of the glossary has one meaning, and carries it wherever it stands."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from ui import glossary


@pytest.mark.parametrize("term", glossary.TERMS)
def test_a_meaning_is_one_sentence(term):
    meaning = glossary.help(term)
    assert re.fullmatch(r"[A-Z0-9][^.!?]*(\.\d[^.!?]*)*\.", meaning), meaning


def test_no_two_terms_have_the_same_meaning_or_differ_in_case_only():
    assert len({meaning.lower() for meaning in glossary.TERMS.values()}) == len(glossary.TERMS)
    assert len({term.lower() for term in glossary.TERMS}) == len(glossary.TERMS)


def test_a_marked_term_carries_its_meaning():
    html = glossary.with_meanings("After two [[epochs|epoch]].")
    identity = re.search(r'aria-describedby="([^"]+)"', html)[1]
    assert ">epochs<" in html
    assert f'role="tooltip" id="{identity}">{glossary.help("epoch")}</span>' in html
    assert "[[" not in html


def test_the_same_term_twice_has_two_ids():
    identities = re.findall(r'id="([^"]+)"', glossary.with_meanings("An [[epoch]], then another [[epoch]]."))
    assert len(set(identities)) == 2


def test_an_unknown_term_is_an_error():
    with pytest.raises(KeyError):
        glossary.with_meanings("The [[flux capacitor]].")


def test_html_in_a_text_is_shown_and_not_rendered():
    html = glossary.with_meanings("<script>alert(1)</script> [[<b>|epoch]] & so on")
    assert "<script>" not in html
    assert "<b>" not in html


def test_an_insight_has_its_heading_and_its_terms():
    def script() -> None:
        from ui.insight import insight

        insight("The [[loss]] falls.")
        insight("The [[accuracy]] rises.")

    app = AppTest.from_function(script).run()
    assert not app.exception
    texts = [markdown.value for markdown in app.markdown]
    assert texts[::2] == ["**What to notice**"] * 2
    assert glossary.TERMS["loss"] in texts[1]
