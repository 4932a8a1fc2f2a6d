"""An ensemble is a run like any other, and averages its members' predictions."""

import json

import numpy as np
import pytest
import torch

from mnist_core import load_run
from mnist_core.__main__ import main
from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.data import load_digits, split_indices
from mnist_core.ensemble import create_ensemble, shared_validation
from mnist_core.runs import CONFIG, Run, RunError, create_run, list_runs
from mnist_core.temperature import with_temperature
from mnist_core.training import train


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """Two finished runs on the sample digits, with different seeds, in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_RUNS_DIR", str(tmp_path_factory.mktemp("members")))
        runs = [
            create_run(TrainConfig(dataset="sample", architecture=name, epochs=1, seed=seed, device="cpu"))
            for seed, name in enumerate(("softmax", "mlp"))
        ]
        for run in runs:
            for _ in train(run):
                pass
        yield runs


@pytest.fixture(scope="module")
def ensemble(members):
    return create_ensemble(members)


def test_an_ensemble_averages_its_members_log_probabilities_as_trained_and_has_its_own_temperature(members, ensemble):
    mean = sum(
        torch.tensor(with_temperature(run.predictions.log_probabilities, 1 / run.temperature)) for run in members
    )
    expected = (mean / 2 / ensemble.temperature).log_softmax(1)
    np.testing.assert_allclose(ensemble.predictions.log_probabilities, expected, atol=1e-4)
    assert ensemble.temperature == ensemble.outcome.temperature != 1


def test_an_ensemble_predicts_what_its_stored_predictions_say(ensemble):
    test = load_digits("sample", "test")
    predicted = load_run(ensemble.name).predict(test.images)
    np.testing.assert_allclose(predicted, np.exp(ensemble.predictions.log_probabilities), atol=1e-6)


def test_an_ensemble_is_listed_with_its_members(members, ensemble):
    (listed,) = [run for run in list_runs() if run.name == ensemble.name]
    assert listed.members == tuple(run.name for run in members)
    assert listed.config == EnsembleConfig("sample", listed.members)
    assert listed.status == "finished"
    assert listed.result.parameters == sum(run.result.parameters for run in members)
    assert listed.result.best_epoch is listed.result.epochs is listed.result.steps is None


def test_no_member_was_trained_on_the_validation_digits(members):
    held_out = shared_validation(members)
    digits = load_digits("sample", "train")
    trained_on = np.concatenate([split_indices(digits.labels, 200, run.config.seed)[0] for run in members])
    images = {image.tobytes() for image in digits.images[trained_on]}
    assert len(held_out) > 0
    assert not images & {image.tobytes() for image in held_out.images}


def test_one_run_is_not_an_ensemble(members):
    with pytest.raises(RunError, match="at least two"):
        create_ensemble(members[:1])


def test_an_ensemble_cannot_be_a_member(members, ensemble):
    with pytest.raises(RunError, match="cannot be a member"):
        create_ensemble([members[0], ensemble])


def test_a_run_without_a_result_cannot_be_a_member(members):
    with pytest.raises(RunError, match="cannot be a member"):
        create_ensemble([members[0], create_run(TrainConfig(dataset="sample"))])


def test_runs_on_different_data_sets_cannot_be_combined(members):
    with pytest.raises(RunError, match="different data sets"):
        create_ensemble([members[0], load_run("fast")])


def copy_of_config(ensemble, folder, members):
    """Write the config.json of an ensemble with other members into the folder."""
    content = json.loads((ensemble.folder / CONFIG).read_text())
    content["config"]["members"] = members
    (folder / CONFIG).write_text(json.dumps(content))


@pytest.mark.parametrize("names", [["nobody", "nothing"], ["gone"]])
def test_a_missing_member_is_reported_in_a_sentence(ensemble, tmp_path, names):
    copy_of_config(ensemble, tmp_path, names)
    with pytest.raises(RunError, match=f"its member '{names[0]}' is not a single network"):
        Run(tmp_path).model()


@pytest.mark.parametrize("names", ["mlp", [1, 2], {"a": 1}, None, ["../../etc"], ["a/b", "c"]])
def test_members_that_are_not_names_are_rejected(ensemble, tmp_path, names):
    copy_of_config(ensemble, tmp_path, names)
    with pytest.raises(RunError, match="members must be names"):
        Run(tmp_path)


def test_the_command_vote_creates_an_ensemble(members, tmp_path, capsys):
    assert main(["vote", members[0].name, members[1].name, "--out", str(tmp_path / "both")]) == 0
    assert f"ensemble of {members[0].name}, {members[1].name}" in capsys.readouterr().out
    assert Run(tmp_path / "both").status == "finished"


def test_the_command_vote_rejects_a_path(members, capsys):
    assert main(["vote", members[0].name, str(members[1].folder)]) == 2
    assert "only runs that `list` names" in capsys.readouterr().err
