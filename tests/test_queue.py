"""The queue: whose turn it is, what survives a restart, what waits for what."""

import math
import shutil
from dataclasses import replace

import pytest
from executor_stand_in import ExecutorStandIn

from mnist_core.config import TrainConfig
from mnist_core.execution import estimate, retention
from mnist_core.execution.queue import Place, TrainingQueue
from mnist_core.limits import LimitError, Limits
from mnist_core.runs import CONFIG, ERROR, HISTORY, REQUEST, RESULT, Run, RunError, list_runs

CONFIG_OF_RUNS = TrainConfig(dataset="sample", architecture="softmax", epochs=2)
ANNA, BEN, CLEO = ("a" * 64, "b" * 64, "c" * 64)
NAMES = {ANNA: "A", BEN: "B", CLEO: "C"}


@pytest.fixture
def queue(executor, runs_folder):
    """A queue with one executor and an empty folder for its runs."""
    return TrainingQueue([executor])


@pytest.fixture
def ask(queue):
    """Ask for a run for this visitor."""
    return lambda owner=None, **changes: queue.submit(replace(CONFIG_OF_RUNS, **changes), "softmax", owner)


@pytest.fixture
def finish(executor, trained):
    """Let the run that trains end with a result; return it."""

    def end():
        shutil.copy(trained.folder / RESULT, executor.run.folder / RESULT)
        return executor.end()

    return end


@pytest.fixture
def end_paused(executor):
    """Let the run that trains end with a checkpoint, paused."""

    def end():
        executor.run.save_checkpoint(b"")
        executor.run.pause()
        return executor.end()

    return end


def begin(run):
    """Write what a run has in its history after some steps."""
    run.log({"step": 10, "steps": 40, "epoch": 0.5, "seconds": 5.0, "loss": 1.0, "accuracy": 0.5})


def owners(runs) -> str:
    return "".join(NAMES[run.owner] for run in runs)


def names(runs) -> list[str]:
    return [run.name for run in runs]


def reread(run):
    return Run(run.folder)


# The line


def test_a_run_that_is_asked_for_while_nothing_trains_begins_at_once(queue, executor, ask):
    run = ask(ANNA)
    assert (executor.run.name, queue.status(run), queue.place(run)) == (run.name, "training", None)
    assert names(queue.training) == [run.name]
    assert (reread(run).owner, reread(run).recipe, reread(run).config) == (ANNA, "softmax", CONFIG_OF_RUNS)


def test_many_runs_of_one_visitor_never_stand_before_one_of_another(queue, ask, finish):
    for _ in range(4):
        ask(ANNA)
    ask(BEN)
    ask(CLEO)
    ask(BEN)
    assert owners(queue.training) == "A"
    assert owners(queue.waiting) == "BCABAA"
    finish()
    assert (owners(queue.training), owners(queue.waiting)) == ("B", "CABAA")
    begun = [finish() for _ in range(6)]
    assert owners(begun) == "BCABAA"
    assert queue.training == queue.waiting == []


def test_whoever_has_had_no_turn_yet_comes_before_a_second_turn_of_somebody_else(queue, ask, finish):
    ask(ANNA)
    ask(ANNA)
    ask(BEN)
    finish()
    ask(CLEO)
    assert (owners(queue.training), owners(queue.waiting)) == ("B", "CA")


def test_two_executors_train_two_runs(runs_folder):
    first, second = ExecutorStandIn(), ExecutorStandIn()
    queue = TrainingQueue([first, second])
    runs = [queue.submit(CONFIG_OF_RUNS, owner=owner) for owner in (ANNA, ANNA, BEN)]
    assert names(queue.training) == names(runs[:2])
    assert not queue.is_free
    second.end()
    assert second.run.name == runs[2].name


def test_a_place_in_line_comes_with_the_time_until_it_begins(queue, ask, monkeypatch):
    monkeypatch.setattr(estimate, "seconds_per_step", lambda config, runs: 0.5)
    steps = estimate.total_steps(CONFIG_OF_RUNS)
    seconds = steps * 0.5 + estimate.EXTRA_SECONDS
    training, second, third = ask(ANNA), ask(ANNA), ask(BEN)
    assert queue.place(training) is None
    assert queue.place(third) == Place(1, seconds)
    assert queue.place(second) == Place(2, 2 * seconds)
    assert queue.place_of_next(CLEO) == Place(2, 2 * seconds)
    assert queue.place_of_next(BEN) == Place(3, 3 * seconds)
    begin(training)
    queue._remaining.clear()
    assert queue.place(third) == Place(1, 30 * 5 / 10 + estimate.EXTRA_SECONDS / 2)
    queue.set_speed(training, 0)
    assert queue.place(third) == Place(1, None)


def test_without_anything_before_it_a_run_would_begin_at_once(queue):
    assert queue.place_of_next(ANNA) == Place(0, 0.0)


def test_the_time_of_a_step_is_that_of_the_runs_most_like_it(trained, copy_of):
    step = trained.result.seconds / trained.result.steps
    like = replace(trained.config, seed=5)
    assert estimate.seconds_per_step(like, [trained]) == pytest.approx(step)
    assert estimate.seconds_per_step(replace(like, batch_size=2 * like.batch_size), [trained]) == pytest.approx(
        2 * step
    )
    assert estimate.seconds_per_step(replace(like, architecture="mlp"), [trained]) == pytest.approx(step)
    assert estimate.seconds_per_step(like, []) > 0
    slow = copy_of(trained, augmentation="affine")
    slow._result = replace(trained.result, seconds=100 * trained.result.seconds)
    assert estimate.seconds_per_step(slow.config, [trained, slow]) == pytest.approx(100 * step)


@pytest.fixture
def copy_of(tmp_path):
    def copy(run, **changes):
        other = Run(shutil.copytree(run.folder, tmp_path / "copy"))
        other.config = replace(run.config, **changes)
        return other

    return copy


def test_at_a_speed_a_run_takes_as_long_as_its_steps_are_apart(trained):
    steps = estimate.total_steps(trained.config)
    assert estimate.duration(trained.config, 2.0, [trained]) == steps / 2 + estimate.EXTRA_SECONDS
    assert estimate.duration(trained.config, 0, [trained]) == math.inf


# What its owner does with a run


def test_a_cancelled_run_leaves_no_folder(queue, ask, runs_folder):
    ask(ANNA)
    run = ask(BEN)
    queue.cancel(run)
    assert queue.waiting == []
    assert not run.folder.exists()
    queue.cancel(run)


def test_only_a_waiting_run_is_cancelled(queue, executor, ask):
    run = ask(ANNA)
    queue.cancel(run)
    assert (executor.run.name, executor.ending) == (run.name, "")


def test_a_paused_run_gives_its_place_to_the_next_and_goes_on_when_it_is_resumed(queue, executor, ask, end_paused):
    run, other = ask(ANNA), ask(BEN)
    begin(run)
    queue.pause(run)
    assert (executor.ending, queue.status(run)) == ("pause", "pausing")
    end_paused()
    assert (queue.status(reread(run)), executor.run.name) == ("paused", other.name)
    queue.resume(run, speed=3.0)
    assert queue.status(run) == "queued"
    queue.resume(run)  # it is in line already
    executor.end()
    assert (executor.run.name, executor.speed) == (run.name, 3.0)


def test_a_run_that_has_begun_and_waits_to_go_on_is_not_deleted_when_it_is_cancelled(queue, ask, end_paused):
    run = ask(ANNA)
    begin(run)
    queue.pause(run)
    end_paused()
    ask(BEN)
    queue.resume(run)
    queue.cancel(run)
    assert queue.status(reread(run)) == "paused"


def test_a_run_that_has_ended_is_not_resumed(queue, ask, finish):
    ask(ANNA)
    with pytest.raises(RunError, match="has ended: train it again"):
        queue.resume(finish())


def test_a_run_whose_process_ended_is_interrupted_says_why_and_can_be_resumed(queue, executor, ask):
    run = ask(ANNA)
    begin(run)
    executor.end(error="The training process ended unexpectedly.")
    assert queue.status(reread(run)) == "interrupted"
    assert reread(run).request.note == queue.failure(run.name) == "The training process ended unexpectedly."
    queue.tick()
    assert executor.run is None  # it is not tried for ever
    queue.resume(reread(run))
    assert executor.run.name == run.name
    assert reread(run).request.note == ""


def test_a_run_that_fails_is_no_longer_in_the_queue(queue, executor, ask):
    run = ask(ANNA)
    run.fail("The loss was nan.")
    executor.end(error="The loss was nan.")
    assert queue.status(reread(run)) == "failed"
    assert queue.is_free


def test_a_run_whose_folder_is_gone_does_not_stop_the_queue(queue, executor, ask):
    run, other = ask(ANNA), ask(BEN)
    shutil.rmtree(run.folder)
    executor.end(error="It could not be written.")
    assert executor.run.name == other.name
    shutil.rmtree(other.folder)
    queue.tick()
    executor.end()
    assert queue.is_free


def test_a_run_that_cannot_be_started_says_so_and_the_next_one_begins(queue, executor, ask, monkeypatch):
    ask(ANNA)
    run, other = ask(BEN), ask(CLEO)
    start = executor.start

    def refuse(started, speed=None):
        if started.name == run.name:
            raise OSError("There are no more processes.")
        start(started, speed)

    monkeypatch.setattr(executor, "start", refuse)
    executor.end()
    assert executor.run.name == other.name
    assert "There are no more processes" in queue.failure(run.name)
    assert queue.status(reread(run)) == "interrupted"


def test_speed_and_steps_reach_only_their_run(queue, executor, ask):
    run, other = ask(ANNA), ask(BEN)
    queue.set_speed(other, 10.0)
    queue.advance(other)
    assert (executor.speed, executor.advanced) == (None, [])
    queue.set_speed(run, 0.0)
    queue.advance(run, 3)
    assert (executor.speed, executor.advanced) == (0.0, [3])
    executor.end()
    assert executor.speed == 10.0
    with pytest.raises(ValueError, match="the speed must be"):
        queue.submit(CONFIG_OF_RUNS, speed=-1)


def test_a_run_in_use_is_not_deleted_and_others_are(queue, executor, ask, finish):
    run, waiting = ask(ANNA), ask(BEN)
    with pytest.raises(RunError, match="in use"):
        queue.delete(run)
    queue.delete(waiting)
    assert not waiting.folder.exists()
    finish()
    queue.measure(run)
    with pytest.raises(RunError, match="in use"):
        queue.delete(run)
    executor.end_measurement()
    queue.delete(run)
    assert not run.folder.exists()


def test_what_comes_with_the_app_is_not_changed(queue):
    shipped = next(run for run in list_runs() if run.shipped)
    for action in (queue.delete, queue.measure, lambda run: queue.pin(run, True)):
        with pytest.raises(RunError, match="comes with the app"):
            action(shipped)


# A restart


def test_after_a_restart_the_line_is_as_before_and_what_was_interrupted_comes_first(queue, executor, ask, finish):
    ask(ANNA)
    waiting = [ask(BEN), ask(CLEO), ask(CLEO)]
    finish()  # now Ben's trains
    begin(waiting[0])
    late = ask(ANNA)
    paused = waiting.pop(2)
    paused.save_request(wanted="nothing")
    paused.save_checkpoint(b"")
    paused.pause()
    for job in queue._jobs.values():
        job.lock.release()  # as the end of the process does
    again = ExecutorStandIn()
    restarted = TrainingQueue([again])
    restarted.tick()
    assert again.run.name == waiting[0].name
    assert names(restarted.waiting) == [waiting[1].name, late.name]
    assert restarted.status(reread(paused)) == "paused"


def test_a_second_server_leaves_the_runs_of_the_first_alone_until_it_has_ended(queue, executor, ask):
    run, waiting = ask(ANNA), ask(BEN)
    begin(run)
    other_executor = ExecutorStandIn()
    other = TrainingQueue([other_executor])
    other.tick()
    assert (other_executor.run, other.status(run), other.status(waiting)) == (None, "training", "queued")
    with pytest.raises(RunError, match="trained by another server"):
        other.resume(reread(run))
    with pytest.raises(RunError, match="in use"):
        other.delete(run)
    for job in queue._jobs.values():
        job.lock.release()
    other.tick()
    assert (other_executor.run.name, names(other.waiting)) == (run.name, [waiting.name])


def test_a_run_of_the_command_line_is_not_taken_up(queue, executor, ask):
    run = ask(ANNA)
    (run.folder / REQUEST).unlink()
    for job in queue._jobs.values():
        job.lock.release()
    again = ExecutorStandIn()
    TrainingQueue([again]).tick()
    assert again.run is None


@pytest.mark.parametrize(
    "content",
    ["", "[1]", "{", '{"owner": "me"}', '{"asked": "now"}', '{"asked": NaN}', '{"speed": -1}', '{"wanted": "all"}'],
)
def test_a_damaged_request_counts_as_none(ask, content):
    run = ask(ANNA)
    (run.folder / REQUEST).write_text(content)
    assert (reread(run).request, reread(run).owner, reread(run).pinned) == (None, None, False)


def test_a_closed_queue_starts_nothing(queue, executor, ask):
    ask(ANNA)
    waiting = ask(BEN)
    queue.close()
    run = executor.end()
    assert executor.run is None
    assert waiting.folder.exists()
    assert reread(run).request.wanted == "train"  # the next server goes on with it


# Measurements


def test_a_measurement_waits_for_all_training_and_gives_way_to_it(queue, executor, ask, finish):
    ask(ANNA)
    ask(ANNA)
    run = finish()
    queue.measure(run, BEN)
    assert (executor.measurement, names(queue.waiting_measurements)) == (None, [run.name])
    finish()
    assert queue.measurement.run.name == run.name
    assert queue.measurement_owner(run) == BEN
    with pytest.raises(RunError, match="is being measured"):
        queue.measure(run)
    ask(CLEO)
    assert (executor.measurement, names(queue.waiting_measurements)) == (None, [run.name])
    finish()
    assert queue.measurement.run.name == run.name
    executor.end_measurement()
    assert (queue.measurement, queue.waiting_measurements) == (None, [])


# Limits


def test_what_is_above_a_limit_is_refused_before_there_is_a_folder(executor, runs_folder):
    queue = TrainingQueue([executor], Limits(epochs=5, batch_size=256, threads=1))
    for changes in ({"epochs": 6}, {"batch_size": 512}, {"threads": 2}):
        with pytest.raises(LimitError, match=r"must be at most \d+ on this server, got"):
            queue.submit(replace(CONFIG_OF_RUNS, **changes))
    assert list(runs_folder.iterdir()) == []


def test_a_visitor_has_only_so_many_runs_in_line(executor, runs_folder):
    queue = TrainingQueue([executor], Limits(waiting=2))
    runs = [queue.submit(CONFIG_OF_RUNS, owner=ANNA) for _ in range(3)]
    with pytest.raises(LimitError, match="You have 2 runs in line"):
        queue.submit(CONFIG_OF_RUNS, owner=ANNA)
    queue.submit(CONFIG_OF_RUNS, owner=BEN)
    queue.cancel(runs[2])
    queue.submit(CONFIG_OF_RUNS, owner=ANNA)


def test_a_run_that_takes_too_long_is_stopped_and_says_so(executor, runs_folder):
    queue = TrainingQueue([executor], Limits(minutes=0.5))
    run, waiting = (queue.submit(CONFIG_OF_RUNS, owner=owner, speed=0.0) for owner in (ANNA, BEN))
    assert queue.place(waiting) == Place(1, pytest.approx(30, abs=1))  # it goes step by step, but not for ever
    queue.tick()
    assert executor.ending == ""
    queue._jobs[run.name].started -= 31
    queue.tick()
    assert executor.ending == "stop"
    assert "stopped after 0.5 minutes" in reread(run).request.note


@pytest.fixture
def owned(trained, runs_folder):
    """Make a finished run of a visitor, made and last used so many hours ago."""

    def make(owner, hours, **changes):
        run = Run(shutil.copytree(trained.folder, runs_folder / f"softmax@{NAMES[owner]}{hours}"))
        run.save_request(owner=owner, **changes)
        run.created = f"2026-11-{25 - hours:02}"
        return run

    return make


LATER = 1e11  # seconds since 1970: every run was last used long before


def test_of_each_visitor_the_newest_runs_are_kept(owned):
    runs = [owned(ANNA, 1), owned(ANNA, 2), owned(ANNA, 3), owned(BEN, 4)]
    assert names(retention.removable(runs, set(), Limits(kept=2), LATER)) == ["softmax@A3"]
    assert retention.removable(runs, set(), Limits(), LATER) == []


def test_the_newest_runs_that_fit_are_kept(owned):
    runs = [owned(ANNA, 1), owned(BEN, 2), owned(ANNA, 3)]
    room = 2.5 * runs[0].size / 1e6
    assert names(retention.removable(runs, set(), Limits(megabytes=room), LATER)) == ["softmax@A3"]


def test_pinned_used_and_looked_at_runs_and_runs_of_nobody_are_kept(owned, trained):
    runs = [owned(ANNA, 1), owned(ANNA, 2, pinned=True), owned(ANNA, 3), owned(ANNA, 4), trained]
    assert names(retention.removable(runs, {"softmax@A3"}, Limits(kept=1), LATER)) == ["softmax@A4"]
    soon = runs[3].last_used + 3000
    assert retention.removable(runs, set(), Limits(kept=1), soon) == []


def test_the_queue_makes_room(executor, owned, monkeypatch):
    old, new = owned(ANNA, 2), owned(ANNA, 1)
    queue = TrainingQueue([executor], Limits(kept=1), lambda: [old, new])
    queue.make_room()
    assert old.folder.exists()
    monkeypatch.setattr(retention, "RECENT", 0.0)
    queue.make_room()
    assert not old.folder.exists()
    assert new.folder.exists()


def test_looking_at_a_run_keeps_it_and_changes_nothing_of_it(owned):
    run = owned(ANNA, 1)
    before = (run.folder / REQUEST).stat().st_mtime_ns
    run.look_at()
    assert (run.folder / REQUEST).stat().st_mtime_ns == before
    queue_file = run.folder / CONFIG
    assert queue_file.exists()
    assert {HISTORY, RESULT} <= {file.name for file in run.folder.iterdir()}
    assert not (run.folder / ERROR).exists()
