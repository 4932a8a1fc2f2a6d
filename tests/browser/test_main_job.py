"""What a visitor comes for: train a network, watch it, stop it, find it again; and what may go wrong meanwhile."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mnist_core.runs import Run
from ui.shell import PAGES

pytestmark = pytest.mark.browser

FIRST_POINT = 30  # seconds after Train on a busy machine; a quiet one needs about one
ONE_EPOCH = 120
MINE = re.compile(r"MNIST CNN with Adam \(custom\).*(training|finished)")
LONG = 500  # epochs of the sample digits: more than any test waits for


def test_a_visitor_trains_on_mnist_and_reads_the_result(school, visit):
    visitor = visit(school).open().choose("mnist-cnn-adam").set("Epochs", 1)
    pressed = time.monotonic()
    name = visitor.train()
    assert time.monotonic() - pressed < FIRST_POINT

    before = visitor.points()
    visitor.page.locator(".stSidebar").get_by_text("Machine", exact=True).click()
    expect(visitor.page.get_by_role("spinbutton", name="Seed")).to_be_visible()
    visitor.sees_more_points(before)
    visitor.turn_to("Models").shows("strip", re.compile("training, [1-9]"))
    visitor.turn_to("Train").shows("heading", MINE)
    visitor.page.reload()
    visitor.settle().shows("heading", MINE)
    visitor.sees_more_points(before)

    visitor.shows("heading", "finished", ONE_EPOCH)
    visitor.shows("heading", MINE)
    assert visitor.accuracy() >= 97.0
    visitor.shows("misread", "→")
    visitor.shows("strip", "Nothing is training")
    run = Run(school.runs / name)
    assert (run.status, run.config.epochs) == ("finished", 1)
    assert f"{100 * run.result.test.accuracy:.2f}" == f"{visitor.accuracy():.2f}"
    assert visitor.errors == []


def test_a_stopped_training_is_kept_listed_and_found_by_its_address(school, visit):
    visitor = visit(school).open().choose("classic-cnn")
    name = visitor.train()
    visitor.button("Stop").click()
    visitor.shows("heading", "stopped")
    accuracy = visitor.accuracy()
    assert Run(school.runs / name).status == "stopped"

    visitor.turn_to("Models")
    stopped = visitor.page.locator(".st-key-shelf tr", has_text="stopped").filter(has_text="Classic CNN")
    expect(stopped).to_have_count(1)

    another = visit(school).open(f"/?run={name}")
    another.shows("heading", "stopped")
    assert another.accuracy() == accuracy


def test_another_visitor_sees_the_training_and_can_only_stop_it(school, visit):
    first = visit(school).open().choose("sample-digits").set("Epochs", LONG)
    name = first.train()
    second = visit(school).open()
    second.sees_training()
    expect(second.button("Train")).to_be_disabled()
    second.button("Stop").click()
    for visitor in (first, second):
        visitor.shows("heading", "stopped")
        expect(visitor.button("Train")).to_be_enabled()
    assert Run(school.runs / name).status == "stopped"


def test_without_mnist_a_visitor_trains_on_the_sample_digits(offline, visit):
    visitor = visit(offline).open()
    for page in PAGES:
        visitor.turn_to(page.title).shows("banner", "Sample digits, not MNIST")
        visitor.shows("banner", "offline")
    visitor.turn_to("Train").set("Epochs", 60).train()  # long enough to be seen training
    visitor.shows("heading", "finished")
    visitor.shows("heading", "Sample digits")
    assert visitor.accuracy() > 50
    mistakes = visitor.page.locator(".st-key-misread img").first
    none = visitor.page.get_by_text("every test digit was read correctly")
    expect(mistakes.or_(none)).to_be_visible()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="where there is no /proc, its processes cannot be seen")
def test_a_killed_server_leaves_no_process_and_a_run_that_is_recognised(serve, mnist, visit):
    server = serve()
    name = visit(server).open().choose("sample-digits").set("Epochs", LONG).train()
    server.ends_with(server.process.kill, 10)
    visitor = visit(serve(MNIST_RUNS_DIR=str(server.runs))).open(f"/?run={name}")
    visitor.shows("heading", re.compile("stopped|cut off"))
    expect(visitor.button("Train")).to_be_enabled()


def test_on_a_phone_train_and_stop_are_on_the_page(school, visit):
    visitor = visit(school, 390, 844).open("/?run=mnist-cnn-adam")  # its settings take minutes
    button = visitor.button("Train this recipe")
    expect(button).to_be_in_viewport()
    expect(visitor.button("Train")).not_to_be_in_viewport()
    button.click()
    visitor.sees_training()
    visitor.button("Stop the training").click()
    visitor.shows("heading", "stopped")
    expect(button).to_be_in_viewport()


def test_a_run_that_cannot_be_written_is_one_sentence(serve, mnist, visit, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    visitor = visit(serve(MNIST_RUNS_DIR=str(tmp_path / "file" / "runs"))).open()
    visitor.button("Train").click()
    expect(visitor.page.locator(".stAlert")).to_have_count(1)
    expect(visitor.page.locator(".stAlert")).to_contain_text("The run cannot be written to")
    visitor.turn_to("Models").turn_to("Train").set("Epochs", 2)
    expect(visitor.button("Train")).to_be_enabled()
    expect(visitor.page.locator(".stException")).to_have_count(0)


def test_a_model_of_the_shelf_opens_with_its_curves(server, visit):
    visitor = visit(server).open("/models")
    title = visitor.page.locator(".st-key-heading h3").inner_text()
    visitor.page.get_by_role("link", name="Open it").click()
    expect(visitor.page).to_have_url(re.compile(r"\?run="))
    visitor.settle().shows("heading", title)
    visitor.sees_more_points()
