"""The table of results counts finished runs that follow their recipe in all but the seed."""

from dataclasses import replace

import pytest

from benchmarks.results import finished
from mnist_core.config import EnsembleConfig
from mnist_core.recipes import RECIPES
from mnist_core.runs import create_run

CONFIG = RECIPES["sample-digits"].config


@pytest.fixture
def finished_run(trained, tmp_path):
    """Create a finished run with these settings, under this name."""

    def create(name, config=CONFIG, recipe="sample-digits"):
        run = create_run(config, recipe, tmp_path / name)
        run.finish(trained.result, trained.predictions)
        return run

    return create


def counted(folder):
    """The names of the runs that count, by recipe."""
    return {recipe: [run.name for run in runs] for recipe, runs in finished([folder]).items()}


def test_runs_that_differ_in_the_seed_alone_are_kept(finished_run, tmp_path, capsys):
    for seed in (0, 1, 2):
        finished_run(f"seed-{seed}", replace(CONFIG, seed=seed))
    assert counted(tmp_path) == {"sample-digits": ["seed-0", "seed-1", "seed-2"]}
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("change", [{"learning_rate": 0.5}, {"epochs": 1}, {"threads": 2}, {"architecture": "mlp"}])
def test_a_run_that_differs_in_another_setting_is_left_out(finished_run, tmp_path, capsys, change):
    finished_run("as-it-is")
    finished_run("changed", replace(CONFIG, seed=1, **change))
    assert counted(tmp_path) == {"sample-digits": ["as-it-is"]}
    assert "changed is left out: its settings differ from the recipe sample-digits" in capsys.readouterr().err


def test_what_is_not_a_finished_run_of_a_recipe_is_left_out(finished_run, tmp_path, capsys):
    create_run(CONFIG, "sample-digits", tmp_path / "a-unfinished")
    stopped = finished_run("b-stopped")
    stopped.finish(replace(stopped.result, status="stopped"), stopped.predictions)
    finished_run("c-no-recipe", recipe=None)
    finished_run("d-unknown-recipe", recipe="nonsense")
    finished_run("e-ensemble", EnsembleConfig("sample", ("a", "b")))
    (tmp_path / "f-not-a-run").mkdir()
    (finished_run("g-damaged").folder / "result.json").write_text("{")
    assert counted(tmp_path) == {}
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 7
    for line, reason in zip(
        lines,
        ["unfinished", "stopped", "no recipe", "no recipe", "no recipe", "is not a run", "cannot be used"],
        strict=True,
    ):
        assert "is left out: " in line
        assert reason in line


def test_two_folders_are_read_as_one(finished_run, tmp_path):
    finished_run("a/one")
    finished_run("b/two", replace(CONFIG, seed=1))
    runs = finished([tmp_path / "a", tmp_path / "b"])
    assert [run.name for run in runs["sample-digits"]] == ["one", "two"]
