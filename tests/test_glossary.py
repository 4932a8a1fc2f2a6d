"""Every term of the glossary has one meaning, and carries it wherever it stands."""

import json
import re

import pytest
from app_helpers import visit
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


@pytest.mark.parametrize("name", glossary.UNMISTAKABLE)
def test_an_unmistakable_term_carries_its_meaning_unmarked_and_once(name):
    html = glossary.with_meanings(f"Here is {name}, and again {name}.")
    assert html.count(glossary.TERMS[name]) == 1
    assert f">{name}<" in html


def test_a_term_is_found_at_the_start_and_in_the_plural_but_not_inside_a_word_or_marked_already():
    assert glossary.mark_terms("Epochs go by.") == "[[Epochs|epoch]] go by."
    assert glossary.mark_terms("lossless ECEs-like batch size") == "lossless ECEs-like [[batch size|batch size]]"
    assert glossary.mark_terms("The [[learning rates|learning rate]]: a learning rate.").count("[[") == 1


def test_a_help_can_say_more_than_the_meaning():
    assert glossary.help("ECE", "There are 15 bins.") == f"{glossary.TERMS['ECE']} There are 15 bins."


COLUMNS = {  # heads of columns that are a term of the glossary
    "Accuracy": "accuracy", "Test accuracy": "accuracy", "Validation": "accuracy", "Loss": "loss",
    "95 % interval": "confidence interval", "Parameters": "parameters", "Precision": "precision", "Recall": "recall",
    "F1": "F1", "Support": "support", "Confidence": "confidence",
}  # fmt: skip


@pytest.mark.parametrize(
    ("page", "query", "expected"),
    [
        ("models", {}, {"Test accuracy", "95 % interval", "Parameters", "Loss"}),
        ("curves", {}, {"Test accuracy", "95 % interval", "Parameters", "Validation"}),
        ("confusion", {}, {"Precision", "Recall", "F1", "Support"}),
        ("mistakes", {"view": "table"}, {"Confidence"}),
    ],
)
def test_the_heads_of_columns_carry_their_meaning(app, run, page, query, expected):
    visit(app, page, run=run.name, **query)
    described = set()
    for table in app.dataframe:
        for head, column in json.loads(table.proto.columns or "{}").items():
            if head in expected and (column or {}).get("help", "").startswith(glossary.TERMS[COLUMNS[head]]):
                described.add(head)
    assert described == expected


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
