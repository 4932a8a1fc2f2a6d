"""Every page as a visitor meets it, through Home.py, with a stand-in for the training process."""

import json
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from visiting import said

from mnist_core import download, runs
from mnist_core.config import TrainConfig
from mnist_core.data import DataError
from mnist_core.recipes import RECIPES
from mnist_core.runs import CONFIG, ERROR, HISTORY, MODEL, PREDICTIONS, RESULT, Run, RunError
from ui import caches
from ui.shell import PAGES
from ui.train import form

HOME = Path(__file__).resolve().parent.parent / "Home.py"
SAMPLE, MNIST = form.OFFLINE_RECIPE, form.DEFAULT_RECIPE


@pytest.fixture
def mnist_is_here(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)


def visit(app: AppTest, page) -> AppTest:
    """Open the page by way of Home."""
    app.run()
    return app if page.file == HOME.name else app.switch_page(page.file).run()


def values(app: AppTest) -> dict[str, object]:
    """What the form's widgets show, by the name of the setting."""
    widgets = [*app.sidebar.selectbox, *app.sidebar.number_input, *app.sidebar.slider]
    return {w.key.removeprefix("field_"): w.value for w in widgets if w.key.startswith("field_")}


def choose(app: AppTest, recipe: str) -> AppTest:
    return app.selectbox(key="recipe").set_value(recipe).run()


def pages_titled(*titles: str):
    """A test for each page of these titles."""
    return pytest.mark.parametrize(
        "page", [page for page in PAGES if page.title in titles], ids=lambda page: page.title
    )


every_page = pages_titled(*(page.title for page in PAGES))
page_of_runs = pages_titled("Train", "Models")  # others speak of tested runs only


@every_page
def test_a_page_opens_without_any_run(app, page):
    visit(app, page)
    assert not app.exception
    assert app.title[0].value == page.title


@every_page
def test_a_page_opens_with_one_run(app, run, page):
    app.query_params["run"] = run.name
    visit(app, page)
    assert not app.exception
    shown = [metric.value for metric in app.metric] + [option for box in app.selectbox for option in box.options]
    assert f"{run.result.test.accuracy:.2%}".replace("%", " %") in "\n".join(shown)


@every_page
def test_a_page_opens_while_something_trains(app, worker, page):
    worker.start(RECIPES[SAMPLE].config, SAMPLE)
    visit(app, page)
    assert not app.exception
    assert "Nothing is training" not in said(app)


@every_page
def test_a_page_leads_to_all_others(app, page):
    visit(app, page)
    addresses = [other.file.removeprefix("pages/").removesuffix(".py") for other in PAGES]
    assert [link.page or "Home" for link in app.sidebar.get("page_link")] == addresses


@every_page
def test_without_mnist_every_page_says_so(app, page):
    assert "Sample digits, not MNIST" in said(visit(app, page))


@every_page
@pytest.mark.usefixtures("mnist_is_here")
def test_with_mnist_no_page_speaks_of_its_absence(app, page):
    assert "Sample digits, not MNIST" not in said(visit(app, page))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.usefixtures("mnist_is_here")
def test_a_recipe_fills_every_field(app, name):
    choose(app.run(), name)
    assert values(app) == asdict(RECIPES[name].config)
    assert not app.exception


def test_every_setting_is_in_the_form(app):
    assert set(values(app.run())) == {field.name for field in fields(TrainConfig)}


@pytest.mark.usefixtures("mnist_is_here")
def test_the_first_recipe_learns_mnist(app):
    assert app.run().selectbox(key="recipe").value == MNIST


@pytest.mark.usefixtures("mnist_is_here")
def test_a_changed_field_makes_the_recipe_custom_and_undo_restores_it(app):
    app.run().number_input(key="field_epochs").set_value(3.0).run()
    assert f"**Custom:** epochs 3 instead of {RECIPES[MNIST].config.epochs:g}." in said(app)
    app.button(key="undo").click().run()
    assert values(app) == asdict(RECIPES[MNIST].config)
    assert "Custom" not in said(app)


@pytest.mark.usefixtures("mnist_is_here")
def test_the_form_outlives_a_visit_to_another_page(app):
    app.run().number_input(key="field_epochs").set_value(3.0).run()
    app.switch_page(PAGES[-1].file).run()
    app.switch_page(HOME.name).run()
    assert values(app)["epochs"] == 3.0


def test_other_digits_have_another_validation_size(app):
    app.run().selectbox(key="field_dataset").set_value("mnist").run()
    assert values(app)["validation_size"] == 5000


@pytest.mark.parametrize("name", RECIPES)
def test_without_mnist_every_recipe_learns_from_sample_digits(app, name):
    choose(app.run(), name)
    assert (values(app)["dataset"], values(app)["validation_size"]) == ("sample", 200)
    assert not app.button(key="train").disabled


def test_an_untouched_form_turns_to_mnist_when_it_comes(app, mnist_comes):
    choose(app.run(), MNIST)
    mnist_comes()
    assert values(app.run()) == asdict(RECIPES[MNIST].config)


def test_a_form_that_was_changed_is_left_alone_when_mnist_comes(app, mnist_comes):
    choose(app.run(), MNIST).number_input(key="field_epochs").set_value(3.0).run()
    mnist_comes()
    app.run()
    assert (values(app)["dataset"], values(app)["epochs"]) == ("sample", 3.0)


@pytest.fixture
def mnist_comes(monkeypatch, tmp_path):
    """Call it, and the next look finds MNIST."""

    def come() -> None:
        caches.dataset_status()._thread.join()
        monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)
        caches.dataset_status().look()
        caches.dataset_status()._thread.join()

    return come


def test_looking_again_finds_mnist(app, monkeypatch, tmp_path):
    app.run()
    caches.dataset_status()._thread.join()
    app.run()
    monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)
    app.button(key="look_again").click().run()
    caches.dataset_status()._thread.join()
    assert "Sample digits, not MNIST" not in said(app.run())


def test_mnist_that_is_not_here_cannot_be_trained_on(app):
    app.run().selectbox(key="field_dataset").set_value("mnist").run()
    assert app.button(key="train").disabled
    assert "MNIST is not here yet" in app.button(key="train").help


@pytest.mark.usefixtures("mnist_is_here")
def test_a_refused_value_is_one_sentence_and_disables_train(app, monkeypatch):
    monkeypatch.setattr(form, "SMALLEST_POSITIVE", 0)  # so that the widget lets through what the config refuses
    app.run().number_input(key="field_epochs").set_value(0.0).run()
    assert [error.value for error in app.error] == ["epochs must be a number, above 0 and at most 500, got 0.0"]
    assert app.button(key="train").disabled
    assert not app.exception


def test_more_digits_held_out_than_there_are_is_refused_before_training(app):
    app.run().number_input(key="field_validation_size").set_value(30_000).run()
    assert len(app.error) == 1
    assert "validation_size" in app.error[0].value
    assert app.button(key="train").disabled


@pytest.mark.parametrize("button", ["train", "train_on_phone"])
def test_train_starts_the_form_as_it_stands_and_shows_it(app, worker, button):
    app.run().number_input(key="field_epochs").set_value(3.0).run()
    app.button(key=button).click().run()
    assert (worker.run.recipe, worker.run.config.epochs) == (SAMPLE, 3.0)
    assert app.query_params["run"] == worker.run.name
    assert "Sample digits (custom)" in said(app)


def test_train_waits_for_what_is_training_and_stop_does_not(app, worker):
    app.run()
    assert (app.button(key="train").disabled, app.button(key="stop").disabled) == (False, True)
    worker.start(RECIPES[SAMPLE].config, SAMPLE)
    app.run()
    assert (app.button(key="train").disabled, app.button(key="stop").disabled) == (True, False)
    assert "train_on_phone" not in [button.key for button in app.button]


@pytest.mark.parametrize("button", ["stop", "stop_on_phone"])
def test_stop_stops(app, worker, button):
    worker.start(RECIPES[SAMPLE].config, SAMPLE)
    app.run().button(key=button).click().run()
    assert worker.stopping
    assert not app.exception


def test_what_speaks_against_a_training_is_said(app, worker, monkeypatch):
    def refuse(config, recipe):
        raise RunError("The disk is full; free some space.")

    monkeypatch.setattr(worker, "start", refuse)
    app.run().button(key="train").click().run()
    assert [error.value for error in app.error] == ["The disk is full; free some space."]
    assert not app.exception
    assert not app.button(key="train").disabled


def test_a_growing_curve_is_shown_with_its_figures(app, worker, trained):
    run = worker.start(RECIPES[SAMPLE].config, SAMPLE)
    shutil.copy(trained.folder / HISTORY, run.folder / HISTORY)
    app.run()
    assert not app.exception
    assert {metric.label for metric in app.metric} >= {"Epoch", "Training accuracy", "Validation accuracy", "Time left"}


def test_a_training_seen_by_a_visitor_is_still_shown_when_it_ends(app, worker, trained):
    run = worker.start(RECIPES[SAMPLE].config, SAMPLE)
    app.run()
    for file in (HISTORY, PREDICTIONS, RESULT):
        shutil.copy(trained.folder / file, run.folder / file)
    worker.run = None
    app.run()
    assert app.query_params.get("run") == run.name
    assert "Test accuracy" in [metric.label for metric in app.metric]


def test_a_result_is_shown_with_its_interval_and_its_mistakes(app, run):
    app.query_params["run"] = run.name
    app.run()
    accuracy = next(metric for metric in app.metric if metric.label == "Test accuracy")
    assert "95 % interval" in accuracy.delta
    assert "What it still misreads" in said(app)
    wrong = round((1 - run.result.test.accuracy) * run.result.test.images)
    assert f"{wrong} of {run.result.test.images} test digits" in said(app)


def test_a_run_that_reads_everything_has_no_mistakes_to_show(app, run):
    answers = run.predictions
    answers.log_probabilities[range(len(answers.labels)), answers.labels] = 1.0
    run.finish(run.result, answers)
    app.query_params["run"] = run.name
    assert "every test digit was read correctly" in said(app.run())
    assert not app.exception


def test_mistakes_of_digits_that_are_not_here_are_counted_without_pictures(app, run, monkeypatch):
    def no_digits(dataset, part):
        raise DataError("There are none.")

    monkeypatch.setattr(caches, "digits", no_digits)
    app.query_params["run"] = run.name
    assert "which is not on this machine" in said(app.run())
    assert not app.exception


@page_of_runs
def test_a_failed_run_says_why(app, run, page):
    (run.folder / RESULT).unlink()
    run.fail("The loss was nan after 3 steps; try a smaller rate.")
    app.query_params["run"] = run.name
    visit(app, page)
    assert "The loss was nan after 3 steps" in said(app)
    assert not app.exception


def test_a_failure_that_could_not_be_written_is_said_too(app, run, worker):
    (run.folder / RESULT).unlink()
    worker.failures[run.name] = "The training process ended unexpectedly."
    app.query_params["run"] = run.name
    assert "The training process ended unexpectedly." in [error.value for error in app.run().error]


@page_of_runs
def test_a_run_that_was_cut_off_says_so(app, run, page):
    (run.folder / RESULT).unlink()
    app.query_params["run"] = run.name
    visit(app, page)
    words = said(app) + "".join(str(frame.value) for frame in app.dataframe)
    assert "cut off" in words
    assert not app.exception


@pytest.mark.parametrize(
    "name", ["gone", "../../etc/passwd", "<script>alert(1)</script>", "", ".", "..", "/", "\0", "a" * 5000, "x\ny", "é"]
)
def test_an_unknown_run_in_the_url_is_a_sentence(app, run, name):
    app.query_params["run"] = name
    app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [
        "The run in this link is not on this server; it shows the recipe's own run instead."
    ]


def test_a_recipe_that_is_chosen_leaves_the_run_in_the_url(app, run):
    app.query_params["run"] = run.name
    choose(app.run(), "softmax")
    assert "run" not in app.query_params


DAMAGES = {
    "missing": lambda content: None,
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "foreign": lambda content: b"\x89PNG\r\n\x1a\n\xff\xfe\0\0",
    "a number": lambda content: b"3\n",
    "a list": lambda content: b"[[1]]\n",
    "an object": lambda content: b'{"status": "finished", "test": {}, "config": {"epochs": "many"}}\n',
}


def damaged(run: Run, file: str, damage: str) -> bool:
    """Damage one file of the run; is the run then still in the list?"""
    content = DAMAGES[damage]((run.folder / file).read_bytes())
    (run.folder / file).unlink()
    if content is not None:
        (run.folder / file).write_bytes(content)
    return bool(runs.list_runs())


@every_page
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", [CONFIG, HISTORY, MODEL, PREDICTIONS, RESULT])
def test_a_damaged_run_never_breaks_a_page(app, run, page, file, damage):
    damaged(run, file, damage)
    app.query_params["run"] = run.name
    visit(app, page)
    assert not app.exception
    assert app.get("page_link")


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        *((file, damage) for file in (CONFIG, PREDICTIONS, RESULT) for damage in DAMAGES),
        *((HISTORY, damage) for damage in ("foreign", "a number", "a list", "an object")),  # what there is, is shown
    ],
)
def test_a_damaged_run_says_what_is_wrong(app, run, file, damage):
    listed = damaged(run, file, damage)
    app.query_params["run"] = run.name
    app.run()
    if not listed:
        assert "not on this server" in app.warning[0].value
    elif (file, damage) == (RESULT, "missing"):
        assert "cut off" in said(app)
    else:
        assert file in "".join(error.value for error in app.error)


@every_page
@pytest.mark.parametrize("part", ["test", "validation"])
@pytest.mark.parametrize("value", [{}, None, 3], ids=str)
def test_a_result_with_a_part_missing_never_breaks_a_page(app, run, page, part, value):
    (run.folder / RESULT).write_text(json.dumps(run.result | {part: value}))
    app.query_params["run"] = run.name
    visit(app, page)
    assert not app.exception


@every_page
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"error": 3}', b"\xff"])
def test_a_damaged_error_file_never_breaks_a_page(app, run, page, content):
    (run.folder / RESULT).unlink()
    (run.folder / ERROR).write_bytes(content)
    app.query_params["run"] = run.name
    visit(app, page)
    assert not app.exception


@every_page
@pytest.mark.parametrize(
    "change",
    [{"recipe": "gone-since"}, {"recipe": [1]}, {"recipe": None}, {"created": 3}, {"created": None}, {"more": 1}],
    ids=str,
)
def test_a_config_with_a_strange_origin_never_breaks_a_page(app, run, page, change):
    about = json.loads((run.folder / CONFIG).read_text())
    (run.folder / CONFIG).write_text(json.dumps(about | change))
    app.query_params["run"] = run.name
    visit(app, page)
    assert not app.exception


@every_page
def test_a_run_of_a_network_that_is_gone_never_breaks_a_page(app, run, page):
    about = json.loads((run.folder / CONFIG).read_text())
    about["config"]["architecture"] = "gone-since"
    (run.folder / CONFIG).write_text(json.dumps(about))
    app.query_params["run"] = run.name
    visit(app, page)
    assert not app.exception


@pytest.fixture
def vote(run) -> Run:
    """A vote of two beside the run."""
    other = Run(shutil.copytree(run.folder, run.folder.parent / "vote"))
    about = json.loads((other.folder / CONFIG).read_text())
    (other.folder / CONFIG).write_text(json.dumps(about | {"members": [run.name, run.name]}))
    return Run(other.folder)


@pages_titled("Look inside", "Break it")
def test_a_page_about_one_network_says_that_a_vote_is_several(app, vote, page):
    app.query_params["run"] = vote.name
    visit(app, page)
    assert [warning.value for warning in app.warning] == [
        "Vote of 2 is several networks that vote; this page is about one. Another one is shown instead."
    ]


@pages_titled("Confusion matrix", "Mistakes", "Calibration", "Draw")
@pytest.mark.parametrize(("damage", "why"), [("missing", "is not tested"), ("a number", "cannot be used")])
def test_where_votes_can_be_chosen_one_that_cannot_is_told_what_it_lacks(app, vote, page, damage, why):
    damaged(vote, RESULT, damage)
    app.query_params["run"] = vote.name
    visit(app, page)
    (warning,) = app.warning
    assert why in warning.value
    assert "about one" not in warning.value


def test_a_file_among_the_runs_is_left_out(app, run):
    (run.folder.parent / "notes.txt").write_text("mine")
    (run.folder.parent / "empty").mkdir()
    visit(app, PAGES[-1])
    assert [len(frame.value) for frame in app.dataframe] == [1]


def test_who_follows_a_link_finds_its_settings_in_the_form(app, worker):
    run = worker.start(replace(RECIPES[SAMPLE].config, epochs=7, seed=3), SAMPLE)
    app.query_params["run"] = run.name
    assert values(app.run()) == asdict(run.config)
    assert app.selectbox(key="recipe").value == SAMPLE
