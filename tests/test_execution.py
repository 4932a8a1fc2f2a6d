"""Training in a process of its own: it stops when asked, and whatever else ends it is reported in a sentence."""

import json
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
from mnist_core.runs import Run, RunError, create_run, load_run

ROOT = Path(__file__).resolve().parent.parent
QUICK = TrainConfig(dataset="sample", architecture="softmax", epochs=0.5, device="cpu")
LONG = replace(QUICK, architecture="lenet-5", epochs=500)
DIVERGING = replace(QUICK, optimizer="sgd", learning_rate=100, weight_decay=1, epochs=5)  # multiplies weights by -99
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@pytest.fixture(scope="module")
def shared_executor():
    """One executor for all tests, because its process takes seconds to warm up."""
    executor = LocalExecutor()
    executor.warm()
    yield executor
    executor.close()


@pytest.fixture
def executor(shared_executor, runs_folder, eventually):
    """The executor with nothing to train and an empty folder for its runs."""
    yield shared_executor
    shared_executor.stop()
    eventually(lambda: shared_executor.run is None, 60)


@pytest.fixture
def wait_for_end(executor, eventually):
    """Wait until nothing is training, and read the run again."""

    def wait(run, seconds=60.0):
        eventually(lambda: executor.run is None, seconds)
        return Run(run.folder)

    return wait


@pytest.fixture
def start_long(executor, eventually):
    """Start a long training run and wait for its first steps."""

    def start():
        run = executor.start(LONG)
        eventually(lambda: run.history, 60)
        return run

    return start


@pytest.fixture
def worker():
    """Start the training process alone, to speak its protocol."""
    processes = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "mnist_core.execution.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_a_training_run_is_trained_to_its_end(executor, wait_for_end):
    run = wait_for_end(executor.start(QUICK, "softmax"))
    assert (run.status, run.recipe, run.config) == ("finished", "softmax", QUICK)
    assert run.result.steps == 10
    assert executor.failure(run.name) is None


def test_one_run_is_trained_at_a_time(executor, start_long):
    run = start_long()
    assert executor.run is run
    with pytest.raises(RunError, match=f"{run.name} is still training; stop it first"):
        executor.start(QUICK)
    assert [folder.name for folder in run.folder.parent.iterdir()] == [run.name]


def test_stop_ends_a_run_within_seconds_and_keeps_it(executor, start_long, wait_for_end):
    run = start_long()
    assert not executor.stopping
    executor.stop()
    assert executor.stopping
    stopped = wait_for_end(run, seconds=6)
    assert stopped.status == "stopped"
    assert stopped.predict(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
    assert executor.failure(run.name) is None
    assert not executor.stopping


def test_stop_does_not_affect_later_runs(executor, start_long, wait_for_end):
    run = start_long()
    executor.stop()
    executor.stop()
    wait_for_end(run)
    executor.stop()
    assert wait_for_end(executor.start(QUICK)).status == "finished"


def test_a_diverging_run_fails_with_a_sentence(executor, wait_for_end):
    run = wait_for_end(executor.start(DIVERGING))
    assert run.status == "failed"
    assert run.error == executor.failure(run.name)
    assert "diverged; try a smaller one." in run.error


def test_a_missing_device_fails_with_a_sentence(executor, wait_for_end):
    run = wait_for_end(executor.start(replace(QUICK, device="cuda" if sys.platform == "darwin" else "mps")))
    assert run.status == "failed"
    assert run.error.startswith("device must be auto or one that this machine has")


def test_a_folder_that_disappears_fails_with_a_sentence(executor, start_long, eventually):
    run = start_long()
    shutil.rmtree(run.folder)
    eventually(lambda: executor.run is None)
    assert "could not be written" in executor.failure(run.name)


def test_a_folder_that_cannot_be_created_starts_nothing(executor, monkeypatch, runs_folder):
    (runs_folder / "file").write_text("")
    monkeypatch.setenv("MNIST_RUNS_DIR", str(runs_folder / "file"))
    with pytest.raises(RunError, match="cannot be written"):
        executor.start(QUICK)
    assert executor.run is None


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_ctrl_c_in_the_terminal_is_left_to_the_server(executor, start_long, wait_for_end):
    run = start_long()
    os.kill(executor.pid, signal.SIGINT)
    time.sleep(0.2)
    executor.stop()
    assert wait_for_end(run).status == "stopped"


def test_a_killed_process_is_reported_in_a_sentence(executor, start_long, wait_for_end):
    run = start_long()
    os.kill(executor.pid, KILL)
    assert wait_for_end(run, seconds=5).status == "unfinished"
    assert executor.failure(run.name).startswith("The training process ended unexpectedly")


def test_a_process_that_died_is_replaced_for_the_next_run(executor, wait_for_end, eventually):
    executor.warm()
    os.kill(executor.pid, KILL)
    eventually(lambda: executor.pid is None)
    run = executor.start(QUICK)
    assert wait_for_end(run).status == "finished"
    assert executor.failure(run.name) is None


def test_close_ends_the_process_and_keeps_the_run(executor, start_long):
    run = start_long()
    assert executor.pid is not None
    executor.close()
    assert executor.pid is None
    assert Run(run.folder).status == "stopped"


def test_stop_before_the_process_is_warm_is_not_a_failure(runs_folder, monkeypatch, eventually):
    # As if warming up took longer than a run may take to stop.
    monkeypatch.setattr("mnist_core.execution.local.STOP_TIMEOUT", 0.5)
    executor = LocalExecutor()
    run = executor.start(LONG)
    executor.stop()
    eventually(lambda: executor.run is None, 60)
    executor.close()
    assert executor.failure(run.name) is None
    assert load_run(run.name).status == "stopped"


def test_a_stop_that_comes_too_late_does_not_stop_the_next_run(worker, runs_folder):
    process, run = worker(), create_run(QUICK)
    process.stdin.write(f"stop\ntrain {run.folder}\n")
    process.stdin.flush()
    events = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert events == [{"event": "ready"}, {"event": "ended", "error": None}]
    assert Run(run.folder).status == "finished"


def test_the_process_exits_at_once_when_stdin_ends_before_it_is_warm(worker):
    process = worker()
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "")  # it was never ready


def test_the_process_exits_when_the_server_is_killed(runs_folder, eventually):
    code = f"""
import time
from mnist_core.config import TrainConfig
from mnist_core.execution.local import LocalExecutor
print(LocalExecutor().start({LONG!r}).name, flush=True)
time.sleep(600)
"""
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    run = load_run(server.stdout.readline().strip())
    eventually(lambda: run.history, 60)
    server.kill()
    server.communicate(timeout=10)  # until the child has also closed the stderr that both write to
    assert load_run(run.name).status == "stopped"
