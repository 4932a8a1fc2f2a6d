"""The Train and Models pages in a browser: train, watch, stop and find a run; two visitors; what may go wrong."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mnist_core.runs import Run

pytestmark = pytest.mark.browser

FIRST_POINT_TIMEOUT = 30  # seconds after Train on a busy machine; a quiet one needs about one
OWN_RUN = re.compile(r"Sample digits, epochs 500.*training")
MANY_EPOCHS = 500  # epochs of the sample digits: more than any test waits for


def test_a_training_goes_on_while_its_visitor_looks_elsewhere_and_can_be_stopped_in_another_tab(training_server, visit):
    first = visit(training_server).open().choose_recipe("sample-digits").set_field("Epochs", MANY_EPOCHS)
    pressed = time.monotonic()
    name = first.train()
    assert time.monotonic() - pressed < FIRST_POINT_TIMEOUT
    before = first.n_points()
    first.page.locator(".stSidebar").get_by_text("Machine", exact=True).click()
    expect(first.page.get_by_role("spinbutton", name="Seed")).to_be_visible()
    first.wait_for_points(before)  # the curve grows while the form is used
    first.go_to("Models").expect_text("training_status", re.compile("training, [1-9]"))
    first.go_to("Train").expect_text("heading", OWN_RUN)
    first.page.reload()
    first.settle().expect_text("heading", OWN_RUN)
    first.wait_for_points(before)

    second = visit(training_server).open()
    second.wait_for_training()
    expect(second.train_button()).to_have_text(re.compile("Train next"))
    second.button("Stop").click()
    for visitor in (first, second):
        visitor.expect_text("heading", "stopped")
        visitor.expect_text("training_status", "Nothing is training")
        expect(visitor.train_button()).to_be_enabled()
    run = Run(training_server.runs / name)
    assert (run.status, run.config.epochs) == ("stopped", MANY_EPOCHS)

    mistake = first.page.locator(".st-key-worst_mistakes button").first
    if mistake.count():
        mistake.click()
        expect(first.page.get_by_role("heading", name="Mistakes", level=1)).to_be_visible()
        expect(first.page).to_have_url(re.compile(r"run=.*digit=\d+"))
    assert first.errors == second.errors == []


def test_training_goes_step_by_step_and_then_on_by_itself(training_server, visit):
    visitor = visit(training_server).open("/?speed=step").choose_recipe("sample-digits").set_field("Epochs", 2)
    visitor.train_button().click()
    visitor.expect_text("heading", "training")
    run = Run(training_server.runs / visitor.run_in_url())

    def n_steps():
        return len([row for row in run.history if "loss" in row])

    visitor.button("Next step").click()
    visitor.wait_until(lambda: n_steps() == 1)
    visitor.button("Next 10").click()
    visitor.wait_until(lambda: n_steps() == 11)
    time.sleep(1)
    assert n_steps() == 11  # it waits
    assert [snapshot.step for snapshot in run.snapshots.snapshots] == list(range(12))
    visitor.page.get_by_role("radio", name="Full speed").click()
    visitor.expect_text("heading", "finished")
    assert visitor.errors == []


def test_an_invalid_entry_disables_train_and_says_why(server, visit):
    visitor = visit(server).open().set_field("Epochs", 100000)
    expect(visitor.page.locator(".stMain .stAlert")).to_contain_text("at most 500, got 100000")
    expect(visitor.train_button()).to_be_disabled()
    visitor.set_field("Epochs", "0,3")
    expect(visitor.train_button()).to_be_enabled()
    expect(visitor.page.locator(".stAlert")).to_have_count(0)


def test_a_stopped_run_is_kept_listed_and_found_by_its_url(training_server, visit):
    visitor = visit(training_server).open().choose_recipe("classic-cnn")
    name = visitor.train()
    visitor.button("Stop").click()
    visitor.expect_text("heading", "stopped")
    accuracy = visitor.test_accuracy()
    assert Run(training_server.runs / name).status == "stopped"

    visitor.go_to("Models")
    stopped = visitor.page.locator(".st-key-run_table tr", has_text="stopped").filter(has_text="Classic CNN")
    expect(stopped).to_have_count(1)

    another = visit(training_server).open(f"/?run={name}")
    another.expect_text("heading", "stopped")
    assert another.test_accuracy() == accuracy


def test_without_mnist_a_visitor_trains_on_the_sample_digits(offline_server, visit):
    visitor = visit(offline_server).open()
    for title in ("Draw", "Models", "Train"):
        visitor.go_to(title).expect_text("banner", "Sample digits, not MNIST")
        visitor.expect_text("banner", "offline")
    visitor.set_field("Epochs", 30).train()  # long enough to be seen training
    visitor.expect_text("heading", "finished")
    visitor.expect_text("heading", "Sample digits")
    assert visitor.test_accuracy() > 50
    mistakes = visitor.page.locator(".st-key-worst_mistakes button").first
    none = visitor.page.get_by_text("every test digit was read correctly")
    expect(mistakes.or_(none)).to_be_visible()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are only seen where there is /proc")
def test_a_killed_server_leaves_no_process_and_the_next_one_goes_on_with_its_run(start_server, mnist, visit):
    server = start_server()
    name = visit(server).open().choose_recipe("sample-digits").set_field("Epochs", MANY_EPOCHS).train()
    server.end_with(server.process.kill, 10)
    visitor = visit(start_server(MNIST_RUNS_DIR=str(server.runs))).open(f"/?run={name}")
    visitor.expect_text("heading", "training")
    expect(visitor.train_button()).to_be_enabled()


def test_on_a_phone_train_and_stop_are_on_the_first_screen(training_server, visit):
    visitor = visit(training_server, 390, 844).open("/?run=mnist-cnn-adam")  # its settings take minutes
    expect(visitor.train_button()).to_be_in_viewport(ratio=1)
    visitor.train()
    expect(visitor.button("Stop")).to_be_in_viewport(ratio=1)
    expect(visitor.picture.locator(".strip")).to_be_in_viewport(ratio=1)
    visitor.button("Stop").click()
    visitor.expect_text("heading", "stopped")
    expect(visitor.train_button()).to_be_in_viewport()


def test_a_run_that_cannot_be_written_is_explained(start_server, mnist, visit, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    visitor = visit(start_server(MNIST_RUNS_DIR=str(tmp_path / "file" / "runs"))).open()
    visitor.train_button().click()
    expect(visitor.page.locator(".stAlert")).to_have_count(1)
    expect(visitor.page.locator(".stAlert")).to_contain_text("The run cannot be written to")
    visitor.go_to("Models").go_to("Train").set_field("Epochs", 2)
    expect(visitor.train_button()).to_be_enabled()
    expect(visitor.page.locator(".stException")).to_have_count(0)


def test_a_shipped_run_opens_with_its_curves(server, visit):
    visitor = visit(server).open("/models")
    title = visitor.page.locator(".st-key-heading h3").inner_text()
    visitor.page.get_by_role("link", name="See its curves").click()
    expect(visitor.page).to_have_url(re.compile(r"\?run="))
    visitor.settle().expect_text("heading", title)
    visitor.wait_for_points()


def test_a_click_on_any_cell_opens_that_model_beside_the_list(server, visit):
    visitor = visit(server).open("/models?run=accurate")
    visitor.expect_text("heading", "Accurate")
    table = visitor.page.locator(".st-key-run_table")
    table.locator("canvas").first.wait_for()
    box = visitor.settle().page.locator(".st-key-run_table").bounding_box()
    assert table.locator(".dvn-scroller").evaluate(
        "scroller => scroller.scrollWidth <= scroller.clientWidth"
    )  # all fit
    for row, x, title in ((1, 230, "Fast, three times as long"), (4, 330, "Robust"), (0, 80, "Fast")):
        visitor.page.mouse.click(box["x"] + x, box["y"] + 35 * (row + 1) + 18)
        expect(visitor.page.locator(".st-key-heading h3")).to_have_text(title)
    expect(visitor.page).to_have_url(re.compile("run=fast$"))
    expect(visitor.page.locator(".st-key-metrics")).to_be_in_viewport(ratio=1)
    visitor.page.go_back()
    expect(visitor.page.locator(".st-key-heading h3")).to_have_text("Robust")
    assert visitor.errors == []
