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

from mnist_core.analysis.robustness import ROBUSTNESS, stored_robustness
from mnist_core.config import TrainConfig
from mnist_core.execution.local import LocalExecutor
from mnist_core.runs import CHECKPOINT, MODEL, Run, RunError, create_run, load_run

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
    shared_executor.cancel_measurement()
    eventually(lambda: shared_executor.run is None and shared_executor.measurement is None, 60)


@pytest.fixture
def begin(executor):
    """Start to train a new run of this config."""

    def start(config, speed=None):
        run = create_run(config, "softmax")
        executor.start(run, speed)
        return run

    return start


@pytest.fixture
def wait_for_end(executor, eventually):
    """Wait until nothing is training, and read the run again."""

    def wait(run, seconds=60.0):
        eventually(lambda: executor.run is None, seconds)
        return Run(run.folder)

    return wait


@pytest.fixture
def start_long(begin, eventually):
    """Start a long training run and wait for its first steps."""

    def start():
        run = begin(LONG)
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


def steps_of(run):
    """The steps that have a row of their own in the history."""
    return [row["step"] for row in run.history if "loss" in row]


def last_step(run):
    """The last step in the history."""
    return run.history[-1]["step"]


def settled(value):
    """What a value is once it has not changed for a moment."""
    before, now = None, value()
    while before != now:
        time.sleep(0.3)
        before, now = now, value()
    return now


def test_a_training_run_is_trained_to_its_end(executor, wait_for_end, begin):
    run = wait_for_end(begin(QUICK))
    assert (run.status, run.recipe, run.config) == ("finished", "softmax", QUICK)
    assert run.result.steps == 10
    assert executor.failure(run.name) is None


def test_one_run_is_trained_at_a_time(executor, start_long, begin):
    run = start_long()
    assert executor.run is run
    with pytest.raises(RunError, match=f"{run.name} is still training; stop it first"):
        begin(QUICK)


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


def test_stop_does_not_affect_later_runs(executor, start_long, wait_for_end, begin):
    run = start_long()
    executor.stop()
    executor.stop()
    wait_for_end(run)
    executor.stop()
    assert wait_for_end(begin(QUICK)).status == "finished"


def test_a_diverging_run_fails_with_a_sentence(executor, wait_for_end, begin):
    run = wait_for_end(begin(DIVERGING))
    assert run.status == "failed"
    assert run.error == executor.failure(run.name)
    assert "diverged; try a smaller one." in run.error


def test_a_missing_device_fails_with_a_sentence(wait_for_end, begin):
    run = wait_for_end(begin(replace(QUICK, device="cuda" if sys.platform == "darwin" else "mps")))
    assert run.status == "failed"
    assert run.error.startswith("device must be auto or one that this machine has")


def test_a_folder_that_disappears_fails_with_a_sentence(executor, start_long, eventually):
    run = start_long()
    shutil.rmtree(run.folder)
    eventually(lambda: executor.run is None)
    assert "could not be written" in executor.failure(run.name)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_ctrl_c_in_the_terminal_is_left_to_the_server(executor, start_long, wait_for_end):
    run = start_long()
    os.kill(executor.pid, signal.SIGINT)
    time.sleep(0.2)
    executor.stop()
    assert wait_for_end(run).status == "stopped"


def test_a_stop_that_comes_too_late_does_not_stop_the_next_run(executor, wait_for_end, begin):
    executor.warm()
    executor._send("stop")
    assert wait_for_end(begin(QUICK)).status == "finished"


def test_a_run_that_starts_at_speed_0_waits_before_its_first_step(executor, wait_for_end, eventually, begin):
    start = time.monotonic()
    run = begin(QUICK, speed=0)
    eventually(lambda: run.snapshots is not None, 60)
    time.sleep(0.2)
    assert (executor.speed, run.history) == (0, [])
    assert [snapshot.step for snapshot in run.snapshots.snapshots] == [0]
    executor.advance()
    eventually(lambda: steps_of(run) == [1])
    executor.advance(3)
    eventually(lambda: steps_of(run) == [1, 2, 3, 4])
    time.sleep(0.2)
    assert [snapshot.step for snapshot in run.snapshots.snapshots] == [0, *steps_of(run)]
    assert steps_of(run) == [1, 2, 3, 4]
    executor.set_speed(None)
    finished = wait_for_end(run)
    assert (finished.status, executor.speed) == ("finished", None)
    assert finished.result.seconds < time.monotonic() - start - 0.4  # without those of waiting


def test_the_speed_of_a_run_can_be_changed_while_it_trains(executor, start_long, eventually):
    run = start_long()
    executor.set_speed(0)
    halted = settled(lambda: len(run.history))
    executor.set_speed(20)
    eventually(lambda: len(run.history) > halted + 5)
    start, before = time.monotonic(), last_step(run)
    time.sleep(1)
    assert last_step(run) - before <= 21 * (time.monotonic() - start) + 1
    executor.set_speed(None)
    assert executor.speed is None
    eventually(lambda: last_step(run) > before + 200, 60)


def test_the_speed_of_a_run_does_not_stay_for_the_next(executor, wait_for_end, begin):
    first = begin(QUICK, speed=0)
    executor.stop()
    assert wait_for_end(first, 10).status == "stopped"
    assert wait_for_end(begin(QUICK), 10).status == "finished"


@pytest.mark.parametrize("speed", [0, 0.01])
def test_stop_ends_a_run_that_is_held_back(executor, start_long, wait_for_end, speed):
    run = start_long()
    executor.set_speed(speed)
    settled(lambda: len(run.history))
    executor.stop()
    assert wait_for_end(run, seconds=6).status == "stopped"


def test_a_paused_run_goes_on_from_the_same_step_and_can_be_paused_again(
    executor, start_long, wait_for_end, eventually
):
    run = start_long()
    for _ in range(2):
        executor.pause()
        assert executor.pausing or executor.run is None
        paused = wait_for_end(run)
        assert (paused.status, paused.result, executor.failure(run.name)) == ("paused", None, None)
        step = paused.checkpoint_position()["step"]
        assert last_step(paused) <= step
        executor.start(paused, speed=0)
        executor.advance(2)
        eventually(lambda step=step: last_step(run) == step + 2)
        assert Run(run.folder).status == "unfinished"
        assert steps_of(run) == sorted(set(steps_of(run)))
    executor.stop()
    stopped = wait_for_end(run)
    assert stopped.status == "stopped"
    with pytest.raises(RunError, match="cannot be trained further"):
        executor.start(stopped)
    with pytest.raises(RunError, match="cannot be trained further"):
        executor.start(load_run("sample-digits"))


def test_a_damaged_checkpoint_is_a_failure_with_a_sentence(executor, start_long, wait_for_end):
    run = start_long()
    executor.pause()
    wait_for_end(run)
    (run.folder / CHECKPOINT).write_bytes(b"no checkpoint")
    executor.start(run)
    assert wait_for_end(run).status == "failed"
    assert f"{CHECKPOINT} of run {run.name} cannot be used" in executor.failure(run.name)


def test_the_process_says_how_a_run_ended(worker, runs_folder):
    process = worker()

    def ended():
        return next(event for event in map(json.loads, process.stdout) if event["event"] == "ended")

    run = create_run(LONG)
    process.stdin.write(f"train {create_run(QUICK).folder}\ntrain {create_run(DIVERGING).folder}\n")
    process.stdin.flush()
    assert ended() == {"event": "ended", "outcome": "finished", "error": None}
    assert ended()["outcome"] == "failed"
    for command, outcome in (("pause", "paused"), ("stop", "stopped")):
        process.stdin.write(f"speed 0\ntrain {run.folder}\nadvance 1\n{command}\n")
        process.stdin.flush()
        assert ended() == {"event": "ended", "outcome": outcome, "error": None}


def test_a_speed_without_a_run_is_ignored_and_an_impossible_one_refused(executor, wait_for_end, runs_folder, begin):
    executor.set_speed(0)
    executor.advance()
    assert executor.speed is None
    with pytest.raises(ValueError, match="the speed must be"):
        begin(QUICK, speed=-1)
    assert executor.run is None
    with pytest.raises(ValueError, match="the speed must be"):
        executor.set_speed(float("nan"))
    assert wait_for_end(begin(QUICK)).status == "finished"


def test_close_ends_the_process_and_a_run_that_is_held_back_can_go_on(executor, start_long):
    run = start_long()
    executor.set_speed(0)
    executor.close()
    assert executor.pid is None
    assert (Run(run.folder).status, run.resumable) == ("unfinished", True)


def test_a_process_that_was_killed_is_reported_and_replaced(executor, start_long, wait_for_end, monkeypatch, begin):
    run = start_long()
    os.kill(executor.pid, KILL)
    assert wait_for_end(run, seconds=5).status == "unfinished"
    assert executor.failure(run.name).startswith("The training process ended unexpectedly")

    # The new process warms up longer than a run may take to stop, and the stop is still no failure.
    with monkeypatch.context() as patch:
        patch.setattr("mnist_core.execution.local.STOP_TIMEOUT", 0.5)
        run = begin(LONG)
        executor.stop()
        assert wait_for_end(run).status == "stopped"
    assert executor.failure(run.name) is None
    assert wait_for_end(begin(QUICK)).status == "finished"


def test_a_run_is_measured_with_progress_and_stored(executor, wait_for_end, eventually, begin):
    run = wait_for_end(begin(QUICK))
    assert stored_robustness(run) is None
    executor.measure(run)
    assert executor.measurement.run is run
    with pytest.raises(RunError, match="is being measured; wait"):
        executor.measure(run)
    eventually(lambda: executor.measurement is None or executor.measurement.done > 1, 60)
    eventually(lambda: executor.measurement is None, 120)
    assert executor.measurement_failure(run.name) is None
    assert stored_robustness(run).digits == 360


def test_a_cancelled_measurement_stores_nothing_and_can_be_begun_again(executor, wait_for_end, eventually, begin):
    run = wait_for_end(begin(QUICK))
    executor.measure(run)
    executor.cancel_measurement()
    assert executor.measurement is None or executor.measurement.cancelled
    eventually(lambda: executor.measurement is None, 30)
    assert (stored_robustness(run), executor.measurement_failure(run.name)) == (None, None)
    executor.measure(run)
    eventually(lambda: executor.measurement.done > 0, 30)
    executor.cancel_measurement()
    eventually(lambda: executor.measurement is None, 30)


def test_a_training_run_takes_the_place_of_a_measurement(executor, wait_for_end, eventually, begin):
    run = wait_for_end(begin(QUICK))
    executor.measure(run)
    assert wait_for_end(begin(QUICK)).status == "finished"
    eventually(lambda: executor.measurement is None)
    assert not (run.folder / ROBUSTNESS).exists()


def test_nothing_is_measured_while_a_run_trains_and_nothing_that_comes_with_the_app(executor, start_long):
    with pytest.raises(RunError, match="comes with the app"):
        executor.measure(load_run("sample-digits"))
    run = start_long()
    with pytest.raises(RunError, match=f"{run.name} is training; measure when it has ended"):
        executor.measure(run)


def test_a_run_that_cannot_be_measured_says_why(executor, wait_for_end, eventually, begin):
    run = wait_for_end(begin(QUICK))
    (run.folder / MODEL).unlink()
    executor.measure(run)
    eventually(lambda: executor.measurement is None, 60)
    assert f"has no {MODEL}" in executor.measurement_failure(run.name)


def test_a_process_that_is_killed_while_it_measures_leaves_a_readable_run(executor, wait_for_end, eventually, begin):
    run = wait_for_end(begin(QUICK))
    executor.measure(run)
    eventually(lambda: executor.measurement.done > 0, 60)
    os.kill(executor.pid, KILL)
    eventually(lambda: executor.measurement is None, 10)
    assert "ended unexpectedly" in executor.measurement_failure(run.name)
    assert stored_robustness(run) is None
    assert Run(run.folder).status == "finished"


def test_the_process_exits_at_once_when_stdin_ends_before_it_is_warm(worker):
    process = worker()
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "")  # it was never ready


def test_the_process_exits_when_the_server_is_killed(runs_folder, eventually):
    code = f"""
import time
from mnist_core.analysis.robustness import ROBUSTNESS, stored_robustness
from mnist_core.config import TrainConfig
from mnist_core.execution.local import LocalExecutor
from mnist_core.runs import create_run
run = create_run({LONG!r})
LocalExecutor().start(run)
print(run.name, flush=True)
time.sleep(600)
"""
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    run = load_run(server.stdout.readline().strip())
    eventually(lambda: run.history, 60)
    server.kill()
    server.communicate(timeout=10)  # until the child has also closed the stderr that both write to
    run = load_run(run.name)
    assert (run.status, run.resumable) == ("unfinished", True)
    assert run.checkpoint_position()["step"] >= last_step(run)
