"""Every page as a visitor sees it, with a stand-in for the training process."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path

import pytest
from app_helpers import page_text
from streamlit.testing.v1 import AppTest

from mnist_core import download, runs
from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.data import DataError
from mnist_core.recipes import RECIPES
from mnist_core.runs import CONFIG, ERROR, HISTORY, MODEL, PREDICTIONS, RESULT, Run, RunError, create_run
from ui import caches
from ui.shell import PAGES, Page
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


def open_link(app: AppTest, page) -> AppTest:
    """Open the page without Home, as a link to it does."""
    return app.switch_page(page.file).run()


def values(app: AppTest) -> dict[str, object]:
    """The values of the form's widgets, by the name of the setting."""
    widgets = [*app.sidebar.selectbox, *app.sidebar.number_input, *app.sidebar.slider]
    return {w.key.removeprefix("field_"): w.value for w in widgets if w.key.startswith("field_")}


def choose(app: AppTest, recipe: str) -> AppTest:
    return app.selectbox(key="recipe").set_value(recipe).run()


def pages_titled(*titles: str):
    """Parametrize a test with the pages of these titles."""
    return pytest.mark.parametrize(
        "page", [page for page in PAGES if page.title in titles], ids=lambda page: page.title
    )


every_page = pages_titled(*(page.title for page in PAGES))
pages_with_untested_runs = pages_titled("Train", "Models")


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
def test_a_page_opens_while_something_trains(app, executor, page):
    executor.start(RECIPES[SAMPLE].config, SAMPLE)
    visit(app, page)
    assert not app.exception
    assert "Nothing is training" not in page_text(app)


@every_page
def test_every_page_links_to_every_page(app, page):
    open_link(app, page)
    addresses = [other.file.removeprefix("pages/").removesuffix(".py") for other in PAGES]
    assert [link.page or "Home" for link in app.sidebar.get("page_link")] == addresses


@every_page
def test_without_mnist_every_page_says_so(app, page):
    assert "Sample digits, not MNIST" in page_text(open_link(app, page))


@every_page
@pytest.mark.usefixtures("mnist_is_here")
def test_with_mnist_no_page_says_that_it_is_missing(app, page):
    assert "Sample digits, not MNIST" not in page_text(open_link(app, page))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.usefixtures("mnist_is_here")
def test_a_recipe_fills_every_field(app, name):
    choose(app.run(), name)
    assert values(app) == asdict(RECIPES[name].config)
    assert not app.exception


def test_every_setting_is_in_the_form(app):
    assert set(values(app.run())) == {field.name for field in fields(TrainConfig)}


@pytest.mark.usefixtures("mnist_is_here")
def test_the_default_recipe_trains_on_mnist(app):
    assert app.run().selectbox(key="recipe").value == MNIST


@pytest.mark.usefixtures("mnist_is_here")
def test_a_changed_field_makes_the_recipe_custom_and_undo_restores_it(app):
    app.run().number_input(key="field_epochs").set_value(3.0).run()
    assert f"**Custom:** epochs 3 instead of {RECIPES[MNIST].config.epochs:g}." in page_text(app)
    app.button(key="undo").click().run()
    assert values(app) == asdict(RECIPES[MNIST].config)
    assert "Custom" not in page_text(app)


def test_undo_restores_the_settings_of_a_linked_run(app):
    linked = create_run(replace(RECIPES[SAMPLE].config, epochs=7.0, batch_size=32), SAMPLE)
    app.query_params["run"] = linked.name
    app.run().number_input(key="field_epochs").set_value(9.0).run()
    assert "epochs 9 instead of 7" in page_text(app)
    app.button(key="undo").click().run()
    assert values(app) == asdict(linked.config)


@pytest.mark.usefixtures("mnist_is_here")
def test_the_form_keeps_its_values_on_a_visit_to_another_page(app):
    app.run().number_input(key="field_epochs").set_value(3.0).run()
    app.switch_page(PAGES[-1].file).run()
    app.switch_page(HOME.name).run()
    assert values(app)["epochs"] == 3.0


def test_choosing_a_data_set_sets_its_validation_size(app):
    app.run().selectbox(key="field_dataset").set_value("mnist").run()
    assert values(app)["validation_size"] == 5000


@pytest.mark.parametrize("name", RECIPES)
def test_without_mnist_every_recipe_trains_on_sample_digits(app, name):
    choose(app.run(), name)
    assert (values(app)["dataset"], values(app)["validation_size"]) == ("sample", 200)
    assert not app.button(key="train").disabled


def test_an_unchanged_form_switches_to_mnist_when_it_comes(app, mnist_comes):
    choose(app.run(), MNIST)
    mnist_comes()
    assert values(app.run()) == asdict(RECIPES[MNIST].config)


def test_a_changed_form_keeps_its_values_when_mnist_comes(app, mnist_comes):
    choose(app.run(), MNIST).number_input(key="field_epochs").set_value(3.0).run()
    mnist_comes()
    app.run()
    assert (values(app)["dataset"], values(app)["epochs"]) == ("sample", 3.0)


@pytest.fixture
def mnist_comes(monkeypatch, tmp_path):
    """A function after whose call MNIST is on this machine and found."""

    def come() -> None:
        caches.dataset_status().wait()
        monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)
        caches.dataset_status().search()
        caches.dataset_status().wait()

    return come


def test_looking_again_finds_mnist(app, monkeypatch, tmp_path):
    app.run()
    caches.dataset_status().wait()
    app.run()
    monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)
    app.button(key="look_again").click().run()
    caches.dataset_status().wait()
    assert "Sample digits, not MNIST" not in page_text(app.run())


def test_mnist_that_is_not_here_cannot_be_trained_on(app):
    app.run().selectbox(key="field_dataset").set_value("mnist").run()
    assert app.button(key="train").disabled
    assert "MNIST is not here yet" in app.button(key="train").help


@pytest.mark.usefixtures("mnist_is_here")
def test_an_invalid_value_shows_one_sentence_and_disables_train(app, monkeypatch):
    monkeypatch.setattr(form, "SMALLEST_POSITIVE", 0)  # so that the widget accepts what the config does not
    app.run().number_input(key="field_epochs").set_value(0.0).run()
    assert [error.value for error in app.error] == ["epochs must be a number, above 0 and at most 500, got 0.0"]
    assert app.button(key="train").disabled
    assert not app.exception


def test_holding_out_too_many_digits_is_refused_before_training(app):
    app.run().number_input(key="field_validation_size").set_value(30_000).run()
    assert len(app.error) == 1
    assert "validation_size" in app.error[0].value
    assert app.button(key="train").disabled


@pytest.mark.parametrize("button", ["train", "train_on_phone"])
def test_train_starts_a_run_with_the_forms_values_and_shows_it(app, executor, button):
    app.run().number_input(key="field_epochs").set_value(3.0).run()
    app.button(key=button).click().run()
    assert (executor.run.recipe, executor.run.config.epochs) == (SAMPLE, 3.0)
    assert app.query_params["run"] == executor.run.name
    assert "Sample digits (custom)" in page_text(app)


def test_while_something_trains_train_is_disabled_and_stop_enabled(app, executor):
    app.run()
    assert (app.button(key="train").disabled, app.button(key="stop").disabled) == (False, True)
    executor.start(RECIPES[SAMPLE].config, SAMPLE)
    app.run()
    assert (app.button(key="train").disabled, app.button(key="stop").disabled) == (True, False)
    assert "train_on_phone" not in [button.key for button in app.button]


@pytest.mark.parametrize("button", ["stop", "stop_on_phone"])
def test_stop_stops_the_training_run(app, executor, button):
    executor.start(RECIPES[SAMPLE].config, SAMPLE)
    app.run().button(key=button).click().run()
    assert executor.stopping
    assert not app.exception


def test_a_run_that_cannot_be_started_shows_the_reason(app, executor, monkeypatch):
    def refuse(config, recipe):
        raise RunError("The disk is full; free some space.")

    monkeypatch.setattr(executor, "start", refuse)
    app.run().button(key="train").click().run()
    assert [error.value for error in app.error] == ["The disk is full; free some space."]
    assert not app.exception
    assert not app.button(key="train").disabled


def test_a_run_in_progress_is_shown_with_its_metrics(app, executor, trained):
    run = executor.start(RECIPES[SAMPLE].config, SAMPLE)
    shutil.copy(trained.folder / HISTORY, run.folder / HISTORY)
    app.run()
    assert not app.exception
    assert {metric.label for metric in app.metric} >= {"Epoch", "Training accuracy", "Validation accuracy", "Time left"}


def test_a_run_that_ends_stays_in_view(app, executor, trained):
    run = executor.start(RECIPES[SAMPLE].config, SAMPLE)
    app.run()
    for file in (HISTORY, PREDICTIONS, RESULT):
        shutil.copy(trained.folder / file, run.folder / file)
    executor.run = None
    app.run()
    assert app.query_params.get("run") == run.name
    assert "Test accuracy" in [metric.label for metric in app.metric]


def test_a_result_is_shown_with_its_interval_and_its_mistakes(app, run):
    app.query_params["run"] = run.name
    app.run()
    accuracy = next(metric for metric in app.metric if metric.label == "Test accuracy")
    assert "95 % interval" in accuracy.delta
    assert "What it still misreads" in page_text(app)
    wrong = round((1 - run.result.test.accuracy) * run.result.test.images)
    assert f"{wrong} of {run.result.test.images} test digits" in page_text(app)


def test_a_run_without_mistakes_says_so(app, run):
    predictions = run.predictions
    predictions.log_probabilities[range(len(predictions.labels)), predictions.labels] = 1.0
    run.finish(run.result, predictions)
    app.query_params["run"] = run.name
    assert "every test digit was read correctly" in page_text(app.run())
    assert not app.exception


def test_without_the_digits_mistakes_are_counted_but_not_shown(app, run, monkeypatch):
    def no_digits(dataset, part):
        raise DataError("There are none.")

    monkeypatch.setattr(caches, "digits", no_digits)
    app.query_params["run"] = run.name
    assert "which is not on this machine" in page_text(app.run())
    assert not app.exception


@pages_with_untested_runs
def test_a_failed_run_says_why(app, run, page):
    (run.folder / RESULT).unlink()
    run.fail("The loss was nan after 3 steps; try a smaller rate.")
    app.query_params["run"] = run.name
    open_link(app, page)
    assert "The loss was nan after 3 steps" in page_text(app)
    assert not app.exception


def test_a_failure_that_only_the_executor_knows_is_shown_too(app, run, executor):
    (run.folder / RESULT).unlink()
    executor.failures[run.name] = "The training process ended unexpectedly."
    app.query_params["run"] = run.name
    assert "The training process ended unexpectedly." in [error.value for error in app.run().error]


@pages_with_untested_runs
def test_an_interrupted_run_says_so(app, run, page):
    (run.folder / RESULT).unlink()
    app.query_params["run"] = run.name
    open_link(app, page)
    words = page_text(app) + "".join(str(frame.value) for frame in app.dataframe)
    assert "interrupted" in words
    assert not app.exception


@pytest.mark.parametrize(
    "name", ["gone", "../../etc/passwd", "<script>alert(1)</script>", "", ".", "..", "/", "\0", "a" * 5000, "x\ny", "é"]
)
def test_an_unknown_run_in_the_url_shows_a_warning(app, run, name):
    app.query_params["run"] = name
    app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [
        "The run in this link is not on this server; the recipe's own run is shown instead."
    ]


def test_choosing_a_recipe_removes_the_run_from_the_url(app, run):
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


def damage_file(run: Run, file: str, damage: str) -> bool:
    """Damage one file of the run, and return whether the run is still listed."""
    content = DAMAGES[damage]((run.folder / file).read_bytes())
    (run.folder / file).unlink()
    if content is not None:
        (run.folder / file).write_bytes(content)
    return bool(runs.list_runs())


def open_each(app: AppTest, page: Page, original: Run, changes: dict[str, Callable[[Run], object]]) -> None:
    """Open the page for one changed copy of the run after the other, each the only run there is."""
    untouched = shutil.move(original.folder, original.folder.parent.parent / "untouched")
    for number, (name, change) in enumerate(changes.items()):
        copy = Run(shutil.copytree(untouched, original.folder.parent / f"{original.name}-{number}"))
        change(copy)
        app.query_params["run"] = copy.name
        open_link(app, page)
        assert not app.exception, f"{name}: {app.exception}"
        assert app.get("page_link"), name
        shutil.rmtree(copy.folder)


def change_json(file: str, values: dict[str, object]) -> Callable[[Run], object]:
    """Return what changes these values in a JSON file of a run."""

    def change(run: Run) -> None:
        content = json.loads((run.folder / file).read_text())
        (run.folder / file).write_text(json.dumps(content | values))

    return change


@every_page
@pytest.mark.parametrize("file", [CONFIG, HISTORY, MODEL, PREDICTIONS, RESULT])
def test_a_damaged_run_never_breaks_a_page(app, run, page, file):
    open_each(app, page, run, {damage: partial(damage_file, file=file, damage=damage) for damage in DAMAGES})


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        *((file, damage) for file in (CONFIG, PREDICTIONS, RESULT) for damage in DAMAGES),
        *(
            (HISTORY, damage) for damage in ("foreign", "a number", "a list", "an object")
        ),  # an incomplete history is shown
    ],
)
def test_a_damaged_run_says_what_is_wrong(app, run, file, damage):
    listed = damage_file(run, file, damage)
    app.query_params["run"] = run.name
    app.run()
    if not listed:
        assert "not on this server" in app.warning[0].value
    elif (file, damage) == (RESULT, "missing"):
        assert "interrupted" in page_text(app)
    else:
        assert file in "".join(error.value for error in app.error)


@every_page
def test_a_result_with_a_part_missing_never_breaks_a_page(app, run, page):
    values = [{part: value} for part in ("test", "validation") for value in ({}, None, 3)]
    open_each(app, page, run, {str(value): change_json(RESULT, value) for value in values})


@every_page
def test_a_damaged_error_file_never_breaks_a_page(app, run, page):
    def fail_with(content: bytes) -> Callable[[Run], object]:
        def change(run: Run) -> None:
            (run.folder / RESULT).unlink()
            (run.folder / ERROR).write_bytes(content)

        return change

    contents = [b"", b"[]", b"{}", b'{"error": 3}', b"\xff"]
    open_each(app, page, run, {str(content): fail_with(content) for content in contents})


@every_page
def test_a_config_with_a_strange_origin_never_breaks_a_page(app, run, page):
    values = [
        {"recipe": "gone-since"}, {"recipe": [1]}, {"recipe": None}, {"created": 3}, {"created": None}, {"more": 1},
    ]  # fmt: skip
    open_each(app, page, run, {str(value): change_json(CONFIG, value) for value in values})


@every_page
def test_a_run_of_a_network_that_is_gone_never_breaks_a_page(app, run, page):
    content = json.loads((run.folder / CONFIG).read_text())
    content["config"]["architecture"] = "gone-since"
    (run.folder / CONFIG).write_text(json.dumps(content))
    app.query_params["run"] = run.name
    open_link(app, page)
    assert not app.exception


@pytest.fixture
def ensemble(run) -> Run:
    """A tested ensemble of two beside the run."""
    folder = Path(shutil.copytree(run.folder, run.folder.parent / "ensemble"))
    config = asdict(EnsembleConfig(run.config.dataset, (run.name, run.name)))
    (folder / CONFIG).write_text(json.dumps({"kind": "ensemble", "created": run.created, "config": config}))
    return Run(folder)


@pages_titled("Look inside", "Break it")
def test_a_page_about_one_network_says_that_an_ensemble_is_several(app, ensemble, page):
    app.query_params["run"] = ensemble.name
    open_link(app, page)
    assert [warning.value for warning in app.warning] == [
        "Ensemble of 2 combines several networks; this page is about a single one. Another one is shown instead."
    ]


@pages_titled("Confusion matrix", "Mistakes", "Calibration", "Draw")
@pytest.mark.parametrize(("damage", "reason"), [("missing", "is not tested"), ("a number", "cannot be used")])
def test_where_ensembles_can_be_chosen_an_unavailable_one_shows_the_reason(app, ensemble, page, damage, reason):
    damage_file(ensemble, RESULT, damage)
    app.query_params["run"] = ensemble.name
    open_link(app, page)
    (warning,) = app.warning
    assert reason in warning.value
    assert "single one" not in warning.value


@pages_with_untested_runs
def test_an_ensemble_is_shown_with_its_members(app, ensemble, page):
    app.query_params["run"] = ensemble.name
    open_link(app, page)
    assert not app.exception
    assert "Ensemble of 2" in page_text(app) + "".join(str(frame.value) for frame in app.dataframe)


@pages_with_untested_runs
def test_an_ensemble_without_result_says_so(app, ensemble, page):
    (ensemble.folder / RESULT).unlink()
    app.query_params["run"] = ensemble.name
    open_link(app, page)
    assert not app.exception
    assert "interrupted" in page_text(app) + "".join(str(frame.value) for frame in app.dataframe)


def test_an_update_of_the_status_reads_the_history_only_when_it_has_grown(app, executor, trained):
    run = executor.start(RECIPES[SAMPLE].config, SAMPLE)
    shutil.copy(trained.folder / HISTORY, run.folder / HISTORY)
    first = caches.history(run)
    assert caches.history(run) is first
    run.log({"step": 99, "epoch": 3.0, "seconds": 9.0})
    assert caches.history(run) == [*first, {"step": 99, "epoch": 3.0, "seconds": 9.0}]


def test_a_file_or_empty_folder_among_the_runs_is_left_out(app, run):
    (run.folder.parent / "notes.txt").write_text("mine")
    (run.folder.parent / "empty").mkdir()
    visit(app, PAGES[-1])
    assert [len(frame.value) for frame in app.dataframe] == [1]


def test_a_link_to_a_run_fills_the_form_with_its_settings(app, executor):
    run = executor.start(replace(RECIPES[SAMPLE].config, epochs=7, seed=3), SAMPLE)
    app.query_params["run"] = run.name
    assert values(app.run()) == asdict(run.config)
    assert app.selectbox(key="recipe").value == SAMPLE
