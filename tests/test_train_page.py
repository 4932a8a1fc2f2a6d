"""The Train page: the form, the buttons, the picture before, during and after a training run."""

import shutil
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from app_helpers import page_text
from streamlit.testing.v1 import AppTest

from mnist_core import download
from mnist_core.config import TrainConfig, setting_of
from mnist_core.recipes import RECIPES
from mnist_core.runs import HISTORY, PREDICTIONS, RESULT, RunError, create_run
from ui import caches, run_picker, run_summary
from ui.train import buttons, form, picture

SAMPLE, MNIST = form.OFFLINE_RECIPE, form.DEFAULT_RECIPE


@pytest.fixture
def mnist_is_here(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)


@pytest.fixture
def mnist_comes(monkeypatch, tmp_path):
    """A function after whose call MNIST is on this machine and found."""

    def come() -> None:
        caches.dataset_status().wait()
        monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)
        caches.dataset_status().search()
        caches.dataset_status().wait()

    return come


def values(app: AppTest) -> dict[str, object]:
    """The values of the form, by the name of the setting; what is not shown has kept its value."""
    return {field.name: app.session_state[form.field_key(field.name)] for field in fields(TrainConfig)}


def shown_fields(app: AppTest) -> set[str]:
    """The names of the settings that have a widget."""
    widgets = [*app.sidebar.selectbox, *app.sidebar.number_input, *app.sidebar.slider]
    return {w.key.removeprefix("field_") for w in widgets if w.key.startswith("field_")}


def choose(app: AppTest, recipe: str) -> AppTest:
    return app.selectbox(key="recipe").set_value(recipe).run()


def open_group(app: AppTest, group: str) -> AppTest:
    """Open a group of settings in the form."""
    app.session_state[form.group_key(group)] = True
    return app.run()


def enter(app: AppTest, name: str, value: object) -> AppTest:
    """Choose a value in the field of this setting, or type one that is not offered."""
    if name not in shown_fields(app):
        open_group(app, setting_of(name).group)
    box = app.selectbox(key=form.field_key(name))
    if box.format_func(value) not in box.options:
        value = str(value)
        box.options.append(value)
    box.set_value(value).run()
    assert not app.exception
    return app


def button_keys(app: AppTest) -> list[str]:
    return [button.key for button in app.button]


# The form


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.usefixtures("mnist_is_here")
def test_a_recipe_fills_every_field(app, name):
    choose(app.run(), name)
    assert values(app) == asdict(RECIPES[name].config)
    assert not app.exception


def test_every_setting_is_in_the_form_where_it_matters(app):
    for group in {setting_of(field.name).group for field in fields(TrainConfig)}:
        open_group(app, group)
    shown: set[str] = set()
    for optimizer, augmentation in (("sgd", "none"), ("adam", "affine")):
        enter(app, "optimizer", optimizer)
        enter(app, "augmentation", augmentation)
        shown |= shown_fields(app)
    assert shown == {field.name for field in fields(TrainConfig)}


@pytest.mark.parametrize("name", [field.name for field in fields(TrainConfig) if setting_of(field.name).used_with])
def test_a_setting_that_does_nothing_is_not_shown_and_keeps_its_value(app, name):
    other, meaningful = setting_of(name).used_with
    enter(app.run(), other, meaningful[0])
    assert name in shown_fields(app)
    before = values(app)[name]
    without = next(choice for choice in setting_of(other).choices if choice not in meaningful)
    enter(app, other, without)
    assert name not in shown_fields(app)
    enter(app, other, meaningful[0])
    assert values(app)[name] == before


def test_a_group_of_settings_is_filled_once_it_is_open_and_keeps_its_values(app):
    assert shown_fields(app.run()) == {*form.MAIN_FIELDS}
    enter(app, "optimizer", "sgd")
    app.session_state[form.group_key("Learning")] = False
    assert shown_fields(app.run()) == {*form.MAIN_FIELDS}
    assert values(app)["optimizer"] == "sgd"


@pytest.mark.usefixtures("mnist_is_here")
def test_the_default_recipe_trains_on_mnist(app):
    assert app.run().selectbox(key="recipe").value == MNIST


@pytest.mark.usefixtures("mnist_is_here")
def test_a_changed_field_makes_the_recipe_custom_and_undo_restores_it(app):
    enter(app.run(), "epochs", 3)
    assert f"**Custom:** epochs 3 instead of {RECIPES[MNIST].config.epochs:g}." in page_text(app)
    app.button(key="undo").click().run()
    assert values(app) == asdict(RECIPES[MNIST].config)
    assert "Custom" not in page_text(app)


def test_undo_restores_the_settings_of_a_linked_run(app):
    linked = create_run(replace(RECIPES[SAMPLE].config, epochs=7.0, batch_size=32), SAMPLE)
    app.query_params["run"] = linked.name
    enter(app.run(), "epochs", 9)
    assert "epochs 9 instead of 7" in page_text(app)
    app.button(key="undo").click().run()
    assert values(app) == asdict(linked.config)


@pytest.mark.usefixtures("mnist_is_here")
def test_the_form_keeps_its_values_on_a_visit_to_another_page(app):
    enter(app.run(), "epochs", 2)
    app.switch_page("pages/models.py").run()
    app.switch_page("Home.py").run()
    assert values(app)["epochs"] == 2


def test_choosing_a_data_set_sets_its_validation_size(app):
    enter(app.run(), "dataset", "mnist")
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
    enter(choose(app.run(), MNIST), "epochs", 2)
    mnist_comes()
    app.run()
    assert (values(app)["dataset"], values(app)["epochs"]) == ("sample", 2)


def test_looking_again_finds_mnist(app, monkeypatch, tmp_path):
    app.run()
    caches.dataset_status().wait()
    app.run()
    monkeypatch.setattr(download, "mnist_folder", lambda: tmp_path)
    app.button(key="look_again").click().run()
    caches.dataset_status().wait()
    assert "Sample digits, not MNIST" not in page_text(app.run())


def test_mnist_that_is_not_here_cannot_be_trained_on(app):
    enter(app.run(), "dataset", "mnist")
    assert app.button(key="train").disabled
    assert "MNIST is not here yet" in app.button(key="train").help


@pytest.mark.parametrize(
    ("name", "typed", "value"), [("epochs", "0.3", 0.3), ("learning_rate", " 0,02 ", 0.02), ("batch_size", "100", 100)]
)
def test_a_value_of_ones_own_can_be_typed(app, name, typed, value):
    enter(app.run(), name, typed)
    assert values(app)[name] == value
    assert not app.error
    assert not app.button(key="train").disabled


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("epochs", "100000", "Epochs must be a number, above 0 and at most 500, got 100000.0."),
        ("epochs", "0", "Epochs must be a number, above 0 and at most 500, got 0.0."),
        ("epochs", "many", "Epochs must be a number, above 0 and at most 500, got 'many'."),
        ("learning_rate", "nan", "Learning rate must be a number, above 0 and at most 100, got nan."),
        ("batch_size", "64.5", "Batch size must be a whole number, at least 1 and at most 4096, got 64.5."),
        ("batch_size", "1e999", "Batch size must be a whole number, at least 1 and at most 4096, got inf."),
    ],
)
def test_an_invalid_value_shows_one_sentence_and_disables_train(app, name, typed, sentence):
    enter(app.run(), name, typed)
    at_the_field = sentence.removeprefix(f"{setting_of(name).label} ").capitalize()
    assert {error.value for error in app.error} == {sentence, at_the_field}
    assert app.button(key="train").disabled
    assert sentence in app.button(key="train").help
    enter(app, name, setting_of(name).suggestions[1])
    assert not app.error
    assert not app.button(key="train").disabled


def test_all_invalid_values_are_named_at_once_and_where_they_stand(app):
    enter(enter(enter(app.run(), "epochs", "0"), "learning_rate", "fast"), "ema", "2")
    listed, *at_fields = dict.fromkeys(error.value for error in app.error)
    assert "3 settings cannot be as they are" in listed
    assert [line.split()[1] for line in listed.splitlines() if line.startswith("- ")] == ["Epochs", "Learning", "EMA"]
    assert [text.partition(", got ")[2] for text in at_fields] == ["0.0.", "'fast'.", "2.0."]
    app.session_state[form.group_key("Learning")] = False
    assert "ema" in shown_fields(app.run())  # what is wrong is never out of sight
    assert app.button(key="train").disabled
    enter(app, "epochs", "1")
    assert "2 settings" in app.error[0].value


def test_what_was_typed_is_shown_and_never_rendered(app):
    enter(app.run(), "epochs", "[x](http://a.b) <b>")
    assert not {*"[]<>"} & {*"".join(error.value for error in app.error)}


def test_holding_out_too_many_digits_is_refused_before_training(app):
    enter(app.run(), "validation_size", "30000")
    assert "Held out for validation must be at most" in app.error[0].value
    assert app.button(key="train").disabled


def test_a_link_to_a_run_fills_the_form_with_its_settings(app, queue):
    run = queue.submit(replace(RECIPES[SAMPLE].config, epochs=7, seed=3), SAMPLE)
    app.query_params["run"] = run.name
    assert values(app.run()) == asdict(run.config)
    assert app.selectbox(key="recipe").value == SAMPLE


# Training


def test_before_the_first_run_an_untrained_network_is_shown(app):
    app.run()
    assert "can only guess" in page_text(app)
    assert "run" not in app.query_params


def test_the_finished_network_of_a_recipe_is_one_link_away(app, run):
    shutil.copytree(run.folder, run.folder.parent / SAMPLE)
    (link,) = [link for link in app.run().main.get("page_link") if "has finished" in link.label]
    assert f"run={SAMPLE}" in link.query_string


def test_train_starts_a_run_with_the_forms_values_and_shows_it(app, executor):
    enter(app.run(), "epochs", 2)
    app.button(key="train").click().run()
    assert (executor.run.recipe, executor.run.config.epochs) == (SAMPLE, 2)
    assert app.query_params["run"] == executor.run.name
    assert "Sample digits, epochs 2" in page_text(app)


@pytest.mark.parametrize("speed", buttons.SPEEDS)
def test_training_starts_at_the_chosen_speed(app, executor, speed):
    app.query_params["speed"] = speed
    app.run().button(key="train").click().run()
    assert executor.speed == buttons.SPEEDS[speed][1]


def test_a_new_speed_reaches_the_run_that_trains(app, executor, queue):
    queue.submit(RECIPES[SAMPLE].config, SAMPLE)
    app.query_params["speed"] = "10"
    app.run()
    assert executor.speed == 10


def test_step_by_step_has_buttons_for_the_next_steps(app, executor, queue):
    app.query_params["speed"] = "step"
    queue.submit(RECIPES[SAMPLE].config, SAMPLE, speed=0.0)
    app.run().button(key="advance_1").click().run()
    app.button(key="advance_10").click().run()
    assert executor.advanced == [1, 10]


def test_while_a_run_trains_it_can_be_stopped_or_paused_and_another_one_can_be_put_in_line(app, queue):
    assert {"train", "stop", "pause"} & set(button_keys(app.run())) == {"train"}
    queue.submit(RECIPES[SAMPLE].config, SAMPLE)
    assert {"train", "stop", "pause"} <= set(button_keys(app.run()))
    assert app.button(key="train").label == "Train next"


@pytest.mark.parametrize("action", ["stop", "pause"])
def test_a_run_is_stopped_or_paused_once(app, executor, queue, action):
    queue.submit(RECIPES[SAMPLE].config, SAMPLE)
    app.run().button(key=action).click().run()
    assert executor.ending == action
    assert app.button(key="stop").disabled
    assert app.button(key="pause").disabled
    assert not app.exception


def test_a_run_that_cannot_be_created_shows_the_reason(app, queue, monkeypatch):
    def refuse(config, recipe, owner, speed):
        raise RunError("The disk is full; free some space.")

    monkeypatch.setattr(queue, "submit", refuse)
    app.run().button(key="train").click().run()
    assert [error.value for error in app.error] == ["The disk is full; free some space."]
    assert not app.exception
    assert not app.button(key="train").disabled


def test_a_run_in_progress_says_how_far_it_is(app, queue, trained):
    run = queue.submit(RECIPES[SAMPLE].config, SAMPLE)
    shutil.copy(trained.folder / HISTORY, run.folder / HISTORY)
    app.run()
    assert not app.exception
    assert "digits per second" in page_text(app)


# Its result


def test_a_run_that_ends_stays_in_view(app, executor, trained, queue):
    run = queue.submit(RECIPES[SAMPLE].config, SAMPLE)
    app.run()
    for file in (HISTORY, PREDICTIONS, RESULT):
        shutil.copy(trained.folder / file, run.folder / file)
    executor.end()
    app.run()
    assert app.query_params.get("run") == run.name
    assert run_summary.accuracy_in_words(run) in page_text(app)


def test_a_result_is_shown_with_its_diagnosis_and_its_mistakes(app, run):
    app.query_params["run"] = run.name
    app.run()
    assert len([*app.success, *app.info, *app.warning, *app.error]) >= 1
    assert "What it still misreads" in page_text(app)
    wrong = round((1 - run.result.test.accuracy) * run.result.test.images)
    assert f"{wrong} of {run.result.test.images} test digits" in page_text(app)


def test_a_form_that_differs_from_the_run_says_so_and_can_be_filled_from_it(app, run):
    app.query_params["run"] = run.name
    enter(app.run(), "epochs", 5)
    assert f"epochs 5 instead of {run.config.epochs:g}" in page_text(app)
    app.button(key="use_settings").click().run()
    assert values(app) == asdict(run.config)
    assert "The settings say something else now" not in page_text(app)


def test_the_network_in_the_table_is_that_of_the_run(app, run):
    app.query_params["run"] = run.name
    enter(app.run(), "architecture", "lenet-5")
    assert app.table[-1].value["Layer"].tolist() == ["flatten", "dropout", "output"]  # softmax, as it was trained


def test_a_run_is_compared_with_the_one_before_it(run, copy_run, monkeypatch):
    monkeypatch.setenv("MNIST_RUNS_DIR", str(run.folder.parent))
    later = copy_run("later")
    later.created = "2030-01-01T00:00:00+00:00"
    assert (
        run_picker.run_before(later).name
        == max(
            [run, *[other for other in caches.runs() if not other.shipped]],
            key=lambda other: (other.created, other.name),
        ).name
    )


def test_the_same_settings_are_trained_again_with_the_next_seed(app, run, executor):
    app.query_params["run"] = run.name
    app.run().button(key="use_settings").click().run()
    app.button(key="another_seed").click().run()
    assert executor.run.config == replace(run.config, seed=run.config.seed + 1)
    assert app.query_params["run"] == executor.run.name


def test_the_speed_stays_while_other_pages_are_visited(app, executor, queue):
    queue.submit(RECIPES[SAMPLE].config, SAMPLE, speed=0.0)
    app.run().switch_page("pages/models.py").run()
    app.query_params.clear()
    app.switch_page("Home.py").run()
    assert executor.speed == 0
    assert "advance_1" in button_keys(app)


def test_a_run_without_mistakes_says_so(app, run):
    predictions = run.predictions
    predictions.log_probabilities[:] = np.float32(-100)
    predictions.log_probabilities[range(len(predictions.labels)), predictions.labels] = 0  # certain, and right
    run.finish(run.result, predictions)
    app.query_params["run"] = run.name
    assert "every test digit was read correctly" in page_text(app.run())
    assert not app.exception


@pytest.mark.usefixtures("without_images")
def test_without_the_digits_mistakes_are_counted_but_not_shown(app, run):
    app.query_params["run"] = run.name
    assert "which is not on this machine" in page_text(app.run())
    assert not app.exception


def test_a_failure_that_only_the_executor_knows_is_shown_too(app, run, executor):
    (run.folder / RESULT).unlink()
    executor.failures[run.name] = "The training process ended unexpectedly."
    app.query_params["run"] = run.name
    assert "The training process ended unexpectedly." in page_text(app.run())


@pytest.mark.parametrize(
    "name", ["gone", "../../etc/passwd", "<script>alert(1)</script>", "", ".", "..", "/", "\0", "a" * 5000, "x\ny", "é"]
)
def test_an_unknown_run_in_the_url_shows_a_warning(app, run, name):
    app.query_params["run"] = name
    app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [
        "The run in this link is not on this server. Train one of your own instead."
    ]


def test_choosing_a_recipe_removes_the_run_from_the_url(app, run):
    app.query_params["run"] = run.name
    choose(app.run(), "softmax")
    assert "run" not in app.query_params


def test_the_last_picture_of_a_tested_run_is_as_confident_as_its_predictions(trained):
    shown = picture.with_last_confidence(trained.snapshots, 0.5)
    before, after = shown.snapshots[-2:]
    assert after.step > before.step
    assert (after.probabilities.argmax(1) == before.probabilities.argmax(1)).all()
    squared = before.probabilities**2
    np.testing.assert_allclose(after.probabilities, squared / squared.sum(1, keepdims=True), atol=1e-4)
