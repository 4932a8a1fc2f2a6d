"""Training beside the app: it ends as told, and whatever else ends it leaves a sentence."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.config import TrainConfig
from mnist_core.execution.local import LocalExecutor
from mnist_core.runs import Run, RunError, load_run

ROOT = Path(__file__).resolve().parent.parent
QUICK = TrainConfig(dataset="sample", architecture="softmax", epochs=0.5, device="cpu")
LONG = replace(QUICK, architecture="lenet-5", epochs=500)
WILD = replace(QUICK, optimizer="sgd", learning_rate=100, weight_decay=1, epochs=5)  # each step: weights times -99


@pytest.fixture(scope="module")
def shared():
    """One worker for all tests: its process takes seconds to warm up."""
    worker = LocalExecutor()
    worker.warm()
    yield worker
    worker.close()


@pytest.fixture
def worker(shared, runs_folder, eventually):
    """The worker with nothing to do and an empty folder for its runs."""
    yield shared
    shared.stop()
    eventually(lambda: shared.run is None, 60)


@pytest.fixture
def ended(worker, eventually):
    """Wait for the end of what is training, and read the run anew."""

    def wait(run, seconds=60.0):
        eventually(lambda: worker.run is None, seconds)
        return Run(run.folder)

    return wait


@pytest.fixture
def learning(worker, eventually):
    """Start a long training and wait until it has begun."""

    def start():
        run = worker.start(LONG)
        eventually(lambda: run.history, 60)
        return run

    return start


def test_a_training_runs_to_its_end(worker, ended):
    run = ended(worker.start(QUICK, "softmax"))
    assert (run.status, run.recipe, run.config) == ("finished", "softmax", QUICK)
    assert run.result.steps == 10
    assert worker.failure(run.name) is None


def test_one_training_goes_on_at_a_time(worker, learning):
    run = learning()
    assert worker.run is run
    with pytest.raises(RunError, match=f"{run.name} is still training; stop it first"):
        worker.start(QUICK)
    assert [place.name for place in run.folder.parent.iterdir()] == [run.name]


def test_stop_ends_a_training_within_seconds_and_keeps_it(worker, learning, ended):
    run = learning()
    assert not worker.stopping
    worker.stop()
    assert worker.stopping
    stopped = ended(run, seconds=6)
    assert stopped.status == "stopped"
    assert stopped.predict(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
    assert worker.failure(run.name) is None
    assert not worker.stopping


def test_stop_ends_nothing_that_comes_later(worker, learning, ended):
    run = learning()
    worker.stop()
    worker.stop()
    ended(run)
    worker.stop()
    assert ended(worker.start(QUICK)).status == "finished"


def test_a_diverging_training_fails_with_a_sentence(worker, ended):
    run = ended(worker.start(WILD))
    assert run.status == "failed"
    assert run.error == worker.failure(run.name)
    assert "diverged; try a smaller one." in run.error


def test_a_device_that_is_not_there_fails_with_a_sentence(worker, ended):
    run = ended(worker.start(replace(QUICK, device="cuda" if sys.platform == "darwin" else "mps")))
    assert run.status == "failed"
    assert run.error.startswith("device must be auto or one that this machine has")


def test_a_folder_that_vanishes_fails_with_a_sentence(worker, learning, eventually):
    run = learning()
    shutil.rmtree(run.folder)
    eventually(lambda: worker.run is None)
    assert "could not be written" in worker.failure(run.name)


def test_a_folder_that_cannot_be_made_starts_nothing(worker, monkeypatch, runs_folder):
    (runs_folder / "file").write_text("")
    monkeypatch.setenv("MNIST_RUNS_DIR", str(runs_folder / "file"))
    with pytest.raises(RunError, match="cannot be written"):
        worker.start(QUICK)
    assert worker.run is None


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_an_interrupt_in_the_terminal_is_the_servers(worker, learning, ended):
    run = learning()
    worker._process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    worker.stop()
    assert ended(run).status == "stopped"


def test_a_stop_that_came_too_late_does_not_stop_the_next_training(worker, ended):
    worker.warm()
    worker._tell("stop")  # for a training that had just ended
    assert ended(worker.start(QUICK)).status == "finished"


def test_a_killed_process_leaves_a_sentence(worker, learning, ended):
    run = learning()
    worker._process.kill()
    assert ended(run, seconds=5).status == "unfinished"
    assert worker.failure(run.name).startswith("The training process ended unexpectedly")


def test_a_process_that_died_takes_no_later_training_along(worker, ended):
    worker.warm()
    worker._process.kill()
    worker._process.wait()
    run = worker.start(QUICK)
    assert ended(run).status == "finished"
    assert worker.failure(run.name) is None


def test_close_ends_the_process_and_keeps_what_was_learned(worker, learning, eventually):
    run, process = learning(), worker._process
    worker.close()
    eventually(lambda: process.poll() is not None, 5)
    assert Run(run.folder).status == "stopped"


def test_close_does_not_wait_until_the_process_is_warm():
    worker = LocalExecutor()
    worker.warm()
    process = worker._process
    worker.close()
    assert process.wait(0) == 0
    assert not worker._warm.is_set()


def test_stop_before_the_process_is_warm_is_no_failure(runs_folder, monkeypatch, eventually):
    monkeypatch.setattr(
        "mnist_core.execution.local.STOP_TIMEOUT", 0.5
    )  # as if warming up took longer than a stopped run may
    worker = LocalExecutor()
    run = worker.start(LONG)
    worker.stop()
    eventually(lambda: worker.run is None, 60)
    worker.close()
    assert worker.failure(run.name) is None
    assert load_run(run.name).status == "stopped"


def test_the_process_goes_when_the_server_is_killed(runs_folder, eventually):
    code = f"""
import time
from mnist_core.config import TrainConfig
from mnist_core.worker import Worker
print(Worker().start({LONG!r}).name, flush=True)
time.sleep(600)
"""
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    run = load_run(server.stdout.readline().strip())
    eventually(lambda: run.history, 60)
    server.kill()
    server.communicate(timeout=10)  # until the child, too, has closed the stderr that both write to
    assert load_run(run.name).status == "stopped"
