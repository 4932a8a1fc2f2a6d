"""Two visitors with a browser each on one server: one waits for the other, and each is known again after a reload."""

import re

import pytest
from playwright.sync_api import expect

from mnist_core.runs import Run

pytestmark = pytest.mark.browser


def test_one_waits_for_the_other_who_is_known_again_and_pauses(training_server, visit):
    first = visit(training_server).open("/?run=sample-digits").set_field("Epochs", 500)
    name = first.train()
    assert Run(training_server.runs / name).owner is not None

    second = visit(training_server, 390, 844).open(
        "/?run=sample-digits"
    )  # with its settings; a phone has other cookies
    expect(second.page.get_by_text(re.compile("yours would be next"))).to_be_visible()
    expect(second.button("Stop")).to_have_count(0)
    second.train_button().click()
    second.expect_text("heading", "queued")
    expect(second.page.locator(".stMain .stAlert")).to_contain_text("You are next")
    waiting = second.run_in_url()
    second.page.goto(f"{training_server.url}/?run={name}")
    second.settle()
    expect(second.page.get_by_text("somebody else’s")).to_be_visible()
    expect(second.button("Pause")).to_have_count(0)
    second.open(f"/?run={waiting}").expect_text("heading", "yours")

    first.page.reload()
    first.settle().expect_text("heading", "yours")
    first.button("Pause").click()
    first.expect_text("heading", "paused")
    second.expect_text("heading", "finished")  # it began by itself when the other was paused
    first.button("Resume").click()
    first.expect_text("heading", "training")
    first.button("Stop").click()
    first.expect_text("heading", "stopped")
    (cookie,) = [cookie for cookie in first.page.context.cookies() if cookie["name"] == "mnist_lab_visitor"]
    assert (cookie["sameSite"], len(cookie["value"])) == ("Strict", 43)
    assert cookie["value"] not in first.page.url
    assert first.errors == second.errors == []
