"""Every page as a visitor sees it, with a stand-in for the training process."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from app_helpers import page_text
from streamlit.testing.v1 import AppTest

from mnist_core import download
from mnist_core.analysis.robustness import ROBUSTNESS
from mnist_core.config import EnsembleConfig
from mnist_core.recipes import RECIPES
from mnist_core.runs import CONFIG, HISTORY, PREDICTIONS, RESULT, Run
from ui import caches
from ui.shell import PAGES
from ui.train import form

HOME = Path(__file__).resolve().parent.parent / "Home.py"
SAMPLE = form.OFFLINE_RECIPE


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


@pages_titled(*(page.title for page in PAGES if page.group))  # that about the server shows no run
def test_a_page_opens_with_one_run(app, run, page):
    app.query_params["run"] = run.name
    visit(app, page)
    assert not app.exception
    shown = [metric.value for metric in app.metric] + [option for box in app.selectbox for option in box.options]
    figures = [table.value.to_string() for table in app.table]  # those of Train are in its details
    assert f"{run.result.test.accuracy:.2%}".replace("%", " %") in "\n".join([*shown, *figures])


@every_page
def test_a_page_opens_while_something_trains(app, queue, page):
    queue.submit(RECIPES[SAMPLE].config, SAMPLE)
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


@pages_with_untested_runs
def test_a_failed_run_says_why(app, run, page):
    (run.folder / RESULT).unlink()
    run.fail("The loss was nan after 3 steps; try a smaller rate.")
    app.query_params["run"] = run.name
    open_link(app, page)
    assert "The loss was nan after 3 steps" in page_text(app)
    assert not app.exception


@pages_with_untested_runs
def test_an_interrupted_run_says_so(app, run, page):
    (run.folder / RESULT).unlink()
    app.query_params["run"] = run.name
    open_link(app, page)
    words = page_text(app) + "".join(str(frame.value) for frame in app.dataframe)
    assert "interrupted" in words
    assert not app.exception


DAMAGES = {
    "missing": lambda content: None,
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "foreign": lambda content: b"\x89PNG\r\n\x1a\n\xff\xfe\0\0",
    "a number": lambda content: b"3\n",
    "a list": lambda content: b"[[1]]\n",
    "an object": lambda content: b'{"status": "finished", "test": {}, "config": {"epochs": "many"}}\n',
}


def damage_file(run: Run, file: str, damage: str) -> None:
    """Damage one file of the run."""
    content = DAMAGES[damage]((run.folder / file).read_bytes())
    (run.folder / file).unlink()
    if content is not None:
        (run.folder / file).write_bytes(content)


def test_a_damaged_run_says_what_is_wrong(app, run):
    damages = [(file, damage) for file in (CONFIG, PREDICTIONS, RESULT) for damage in DAMAGES]
    damages += [(HISTORY, damage) for damage in ("foreign", "a number", "a list", "an object")]  # half of one is shown
    for number, (file, damage) in enumerate(damages):
        damaged = Run(shutil.copytree(run.folder, run.folder.parent / f"damaged@{number}"))
        damage_file(damaged, file, damage)
        app.query_params["run"] = damaged.name
        app.run()
        found = page_text(app)
        expected = "interrupted" if (file, damage) == (RESULT, "missing") else file
        assert expected in found, (file, damage, found)
        assert not app.exception
        shutil.rmtree(damaged.folder)


def test_a_damaged_measurement_says_what_is_wrong(app, run):
    (run.folder / ROBUSTNESS).write_text("[1]")
    app.query_params["run"] = run.name
    app.switch_page("pages/robustness.py").run()
    assert f"{ROBUSTNESS} of run {run.name} cannot be used" in app.error[0].value
    assert app.button(key=f"measure_button_{run.name}")


def test_a_run_of_a_network_that_is_gone_never_breaks_a_page(app, run):
    content = json.loads((run.folder / CONFIG).read_text())
    content["config"]["architecture"] = "gone-since"
    (run.folder / CONFIG).write_text(json.dumps(content))
    for page in PAGES:
        app.query_params["run"] = run.name
        open_link(app, page)
        assert not app.exception, page.title


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


@pages_titled("Confusion matrix", "Mistakes", "Calibration", "Robustness", "Draw")
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


def test_an_update_of_the_status_reads_the_history_only_when_it_has_grown(app, queue, trained):
    run = queue.submit(RECIPES[SAMPLE].config, SAMPLE)
    shutil.copy(trained.folder / HISTORY, run.folder / HISTORY)
    first = caches.history(run)
    assert caches.history(run) is first
    run.log({"step": 99, "epoch": 3.0, "seconds": 9.0})
    assert caches.history(run) == [*first, {"step": 99, "epoch": 3.0, "seconds": 9.0}]


def test_a_file_or_empty_folder_among_the_runs_is_left_out(app, run):
    (run.folder.parent / "notes.txt").write_text("mine")
    (run.folder.parent / "empty").mkdir()
    visit(app, next(page for page in PAGES if page.title == "Models"))
    assert [len(frame.value) for frame in app.dataframe] == [1]
