"""A pace holds steps back, lets single ones through, and reacts at once to a stop or another speed."""

import threading
import time

import pytest

from mnist_core import pace as pace_module
from mnist_core.pace import Pace


@pytest.fixture
def pace():
    return Pace()


@pytest.fixture
def steps(pace):
    """A list that a thread appends to whenever the pace lets a step through, until it is asked to stop."""
    made = []

    def make():
        while not pace.stopped:
            pace.wait()
            made.append(time.monotonic())
            if not pace.slow:
                time.sleep(0.001)

    thread = threading.Thread(target=make, daemon=True)
    pace.set_speed(0)
    thread.start()
    yield made
    pace.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_nothing_is_held_back_at_first(pace):
    start = time.monotonic()
    for _ in range(1000):
        pace.wait()
    assert time.monotonic() - start < 0.5
    assert not pace.slow
    assert not pace.records(1)


def test_a_speed_is_kept(pace):
    pace.set_speed(50)
    start = time.monotonic()
    for _ in range(12):
        pace.wait()
    assert 0.18 < time.monotonic() - start < 0.6  # ten gaps of 20 ms, as two steps may come at once


def test_training_slower_than_the_speed_is_not_held_back_later(pace):
    pace.set_speed(20)
    pace.wait()
    time.sleep(0.5)
    times = []
    for _ in range(6):
        pace.wait()
        times.append(time.monotonic())
    assert times[-1] - times[0] > 0.15  # what was missed is not made up for in a burst


def test_steps_are_let_through_one_by_one(pace, steps, eventually):
    time.sleep(0.1)
    assert steps == []
    for count in (1, 2):
        pace.advance(1)
        eventually(lambda count=count: len(steps) == count)
    pace.advance(5)
    eventually(lambda: len(steps) == 7)
    time.sleep(0.1)
    assert len(steps) == 7


@pytest.mark.parametrize("speed", [None, 1000])
def test_a_new_speed_takes_effect_while_a_step_is_held_back(pace, steps, eventually, speed):
    pace.set_speed(speed)
    eventually(lambda: len(steps) > 20, 2)
    pace.set_speed(0)
    time.sleep(0.1)
    count = len(steps)
    time.sleep(0.1)
    assert len(steps) == count


def test_steps_allowed_at_speed_0_are_forgotten_at_another(pace, steps, eventually):
    pace.set_speed(0.01)
    eventually(lambda: len(steps) == 2)
    pace.advance(1000)
    pace.set_speed(0)
    count = len(steps)
    time.sleep(0.1)
    assert len(steps) == count


@pytest.mark.parametrize("speed", [0, 0.001, 5e-324])
def test_a_stop_ends_the_wait_at_once(pace, speed):
    pace.set_speed(speed)
    for _ in range(2 if speed else 0):  # let through at once
        pace.wait()
    threading.Timer(0.1, pace.stop).start()
    start = time.monotonic()
    pace.wait()
    assert time.monotonic() - start < 2
    assert pace.stopped
    pace.start()
    assert not pace.stopped


def test_every_step_is_recorded_in_slow_motion_until_there_are_many(pace, monkeypatch):
    monkeypatch.setattr(pace_module, "MAX_RECORDED", 5)
    pace.set_speed(10)
    assert [step for step in range(1, 31) if pace.records(step)] == [1, 2, 3, 4, 5, 10, 20, 30]
    pace.set_speed(0)
    assert pace.records(31)  # training halts here
    pace.advance(3)
    assert not pace.records(32)
    pace.set_speed(None)
    assert not pace.records(40)
    pace.start()
    pace.set_speed(10)
    assert pace.records(1)


@pytest.mark.parametrize("speed", [-1, float("nan"), float("inf"), -0.001])
def test_an_impossible_speed_is_refused(pace, speed):
    with pytest.raises(ValueError, match="the speed must be a number of steps a second of at least 0, or None"):
        pace.set_speed(speed)
    assert not pace.slow
