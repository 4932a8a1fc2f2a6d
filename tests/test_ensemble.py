"""Runs that vote are a run like any other."""

import json

import numpy as np
import pytest
import torch

from mnist_core import load_run
from mnist_core.__main__ import main
from mnist_core.config import TrainConfig
from mnist_core.data import load_digits, split_indices
from mnist_core.ensemble import create_ensemble, shared_validation
from mnist_core.runs import Run, RunError, create_run, list_runs
from mnist_core.training import train


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """Two finished runs on the sample digits, of different seeds, in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_RUNS_DIR", str(tmp_path_factory.mktemp("voters")))
        runs = [
            create_run(TrainConfig(dataset="sample", architecture=name, epochs=1, seed=seed, device="cpu"))
            for seed, name in enumerate(("softmax", "mlp"))
        ]
        for run in runs:
            for _ in train(run):
                pass
        yield runs


@pytest.fixture(scope="module")
def together(members):
    return create_ensemble(members)


def test_a_vote_is_the_mean_of_its_members_log_probabilities(members, together):
    mean = sum(torch.tensor(run.predictions.log_probabilities) for run in members) / 2
    np.testing.assert_allclose(together.predictions.log_probabilities, mean.log_softmax(1), atol=1e-5)


def test_a_vote_reads_digits_as_its_stored_answers_say(together):
    test = load_digits("sample", "test")
    read = load_run(together.name).predict(test.images)
    np.testing.assert_allclose(read, np.exp(together.predictions.log_probabilities), atol=1e-6)


def test_a_vote_is_listed_with_its_members(members, together):
    (found,) = [run for run in list_runs() if run.name == together.name]
    assert found.members == tuple(run.name for run in members)
    assert found.status == "finished"
    assert found.result.parameters == sum(run.result.parameters for run in members)


def test_its_validation_digits_taught_no_member(members):
    held_out = shared_validation(members)
    digits = load_digits("sample", "train")
    taught = np.concatenate([split_indices(digits.labels, 200, run.config.seed)[0] for run in members])
    seen = {image.tobytes() for image in digits.images[taught]}
    assert len(held_out) > 0
    assert not seen & {image.tobytes() for image in held_out.images}


def test_one_run_alone_cannot_vote(members):
    with pytest.raises(ValueError, match="at least two"):
        create_ensemble(members[:1])


def test_a_vote_cannot_vote(members, together):
    with pytest.raises(ValueError, match="cannot vote"):
        create_ensemble([members[0], together])


def test_a_run_without_a_result_cannot_vote(members):
    with pytest.raises(ValueError, match="cannot vote"):
        create_ensemble([members[0], create_run(TrainConfig(dataset="sample"))])


def test_runs_on_different_digits_do_not_vote_together(members):
    with pytest.raises(ValueError, match="different data sets"):
        create_ensemble([members[0], load_run("fast")])


@pytest.mark.parametrize("names", [["nobody", "nothing"], ["../../etc"], ["a/b", "c"]])
def test_a_vote_whose_member_is_gone_says_so(together, tmp_path, names):
    about = json.loads((together.folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(about | {"members": names}))
    with pytest.raises(RunError, match="no single network"):
        Run(tmp_path).model()


@pytest.mark.parametrize("members_found", ["mlp", [1, 2], {"a": 1}, None])
def test_members_that_are_no_names_are_refused(together, tmp_path, members_found):
    about = json.loads((together.folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(about | {"members": members_found}))
    with pytest.raises(RunError, match="members"):
        Run(tmp_path)


def test_the_command_line_makes_a_vote(members, tmp_path, capsys):
    assert main(["vote", members[0].name, members[1].name, "--out", str(tmp_path / "both")]) == 0
    assert f"vote of {members[0].name}, {members[1].name}" in capsys.readouterr().out
    assert Run(tmp_path / "both").status == "finished"


def test_the_command_line_refuses_a_path_as_a_voter(members, tmp_path, capsys):
    assert main(["vote", members[0].name, str(members[1].folder)]) == 2
    assert "only runs that `list` names" in capsys.readouterr().err
