"""The one place that decides what trains: requests of all visitors in one fair line, which outlives the server."""

import contextlib
import heapq
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from mnist_core.config import TrainConfig
from mnist_core.execution import estimate, retention
from mnist_core.execution.local import Measurement
from mnist_core.execution.run_lock import RunLock
from mnist_core.limits import LimitError, Limits
from mnist_core.logs import log, short
from mnist_core.pace import checked_speed
from mnist_core.request import Request
from mnist_core.runs import Run, RunError, RunIndex, create_run

WATCH_INTERVAL = 5.0  # seconds between two looks at what only time decides: too long a run, another server that ended
RETENTION_INTERVAL = 60.0  # seconds between two looks at which runs there is no room for


class Executor(Protocol):
    """What trains or measures one run at a time; `LocalExecutor` does so on this machine. No method waits."""

    on_end: Callable[[], object]  # called, from any thread, when a run or a measurement has ended

    def warm(self) -> None:
        """Get ready, so that a run begins at once."""

    def start(self, run: Run, speed: float | None = None) -> None:
        """Train the run in this folder, from its checkpoint if it has one."""

    def stop(self) -> None:
        """End the run with the best weights so far."""

    def pause(self) -> None:
        """End the run with a checkpoint from which it can go on."""

    def set_speed(self, steps_per_second: float | None) -> None:
        """Set the speed of the run that is training."""

    def advance(self, steps: int = 1) -> None:
        """Let so many steps happen at speed 0."""

    def measure(self, run: Run) -> None:
        """Measure the robustness of a run."""

    def cancel_measurement(self) -> None:
        """End the measurement that is going on."""

    def failure(self, name: str) -> str | None:
        """Return why the run of this name failed."""

    def measurement_failure(self, name: str) -> str | None:
        """Return why the run of this name was not measured."""

    def close(self) -> None:
        """End whatever is going on, and wait for it."""

    @property
    def run(self) -> Run | None:
        """The run that is training."""

    @property
    def speed(self) -> float | None:
        """The speed of the run that is training."""

    @property
    def measurement(self) -> Measurement | None:
        """What is being measured."""

    @property
    def device(self) -> str | None:
        """The kind of device that it trains on unless a run asks for another: "cpu", "cuda" or "mps"."""

    @property
    def pid(self) -> int | None:
        """The id of its process on this machine."""


@dataclass(frozen=True)
class Place:
    """Where a run is in the line."""

    number: int  # 1 is next
    seconds: float | None  # until it begins; None when nobody can tell, as while a run goes step by step


@dataclass(eq=False)
class Job:
    """A run that is in line or trains."""

    run: Run
    request: Request
    lock: RunLock
    seconds: float  # that it will probably take
    executor: Executor | None = None  # that trains it; None while it waits
    started: float = 0.0  # when it began to train, by the monotonic clock
    seconds_before: float = 0.0  # for which it had trained then
    ending: str = ""  # "stopping" or "pausing" once it was asked to end


class TrainingQueue:
    """Who trains when, on how many executors at a time.

    Whose turn was longest ago is next, so one visitor's many runs never stand before another's one. The line is kept in
    the `request.json` of its runs: `start` reads it, so a server that starts again goes on where it ended. All methods
    but `close` return at once; all may be called from any thread.
    """

    def __init__(
        self,
        executors: Sequence[Executor],
        limits: Limits | None = None,
        runs: Callable[[], Iterable[Run]] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._executors = list(executors)
        self._runs = runs or RunIndex().runs
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}  # by the name of the run: those in line and those that train
        self._turns: dict[str | None, int] = {}  # visitor -> when it was last their turn
        self._turn = 0
        self._last_asked = 0.0
        self._measurements: list[tuple[Run, str | None]] = []  # that wait, with the visitor who asked
        self._measuring: tuple[Run, str | None, Executor] | None = None
        self._elsewhere: set[str] = set()  # names of runs that another server trains or has in line
        self._remaining: dict[str, tuple[float, float | None]] = {}  # name -> when it was computed, the seconds
        self._failures: dict[str, str] = {}  # name -> why it could not be started
        self._last_retention = -math.inf
        self._closed = threading.Event()
        for executor in self._executors:
            executor.on_end = self._on_end

    # The life of the queue

    def start(self) -> None:
        """Put what was in line or interrupted back in line, and watch the queue until it is closed."""
        self._executors[0].warm()
        self.tick()
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        """End what is going on and wait for it; what is in line stays there for the next server."""
        self._closed.set()
        for executor in self._executors:
            executor.close()

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_INTERVAL):
            try:
                self.tick()
            except Exception:
                log.exception("The queue could not be looked after; it is tried again.")

    def tick(self) -> None:
        """Do what only time decides: go on with what nobody trains any more, end what takes too long, make room."""
        with self._lock:
            self._recover()
            self._end_long_runs()
            self.settle()
        if time.monotonic() - self._last_retention >= RETENTION_INTERVAL:
            self._last_retention = time.monotonic()
            self.make_room()

    # What visitors ask for

    def submit(
        self, config: TrainConfig, recipe: str | None = None, owner: str | None = None, speed: float | None = None
    ) -> Run:
        """Create a run for this visitor (the SHA-256 of their token) and put it in line; it may train at once.

        Raises LimitError when the config or the number of waiting runs is above a limit, ConfigError for an unknown
        architecture, RunError when the folder cannot be written, ValueError for an impossible speed.
        """
        checked_speed(speed)
        self.limits.check(asdict(config))
        with self._lock:
            self._check_waiting(owner)
            run = create_run(config, recipe, request=Request(self._now(), owner, speed))
            self._enqueue(run)
            _log("queued", run)
            self.settle()
            return run

    def resume(self, run: Run, speed: float | None = None) -> None:
        """Put a run that was paused or interrupted in line again. Does nothing while it is in line or trains.

        Raises LimitError when the visitor has too many waiting runs, RunError when the run has ended, when another
        process trains it, or when its folder cannot be written, ValueError for an impossible speed.
        """
        checked_speed(speed)
        with self._lock:
            if run.name in self._jobs:
                return
            run = Run(run.folder)
            if run.status not in ("unfinished", "paused") and not run.resumable:
                raise RunError(f"{run.name} has ended: train it again instead.")
            if run.shipped or not isinstance(run.config, TrainConfig):
                raise RunError(f"{run.name} cannot be trained: it comes with the app, or combines other runs.")
            self._check_waiting(run.owner)
            _save(run, asked=self._now(), speed=speed, wanted="train", note="")
            if not self._enqueue(run):
                raise RunError(f"{run.name} is being trained by another server.")
            _log("queued again", run)
            self.settle()

    def pause(self, run: Run) -> None:
        """Pause a run that trains: it gives its place to the next. Of a run that does not train it does nothing."""
        with self._lock:
            job = self._jobs.get(run.name)
            if job is not None and job.executor is not None and not job.ending:
                job.ending = "pausing"
                job.request = _save(job.run, wanted="nothing")
                job.executor.pause()

    def stop(self, run: Run) -> None:
        """Stop a run that trains, with its best weights so far; take a run that waits out of the line, see `cancel`."""
        with self._lock:
            job = self._jobs.get(run.name)
            if job is None or job.ending == "stopping":
                return
            if job.executor is None:
                self.cancel(run)
                return
            job.ending = "stopping"
            job.executor.stop()

    def cancel(self, run: Run) -> None:
        """Take a run that waits out of the line: one that has not begun leaves no folder, one that has is paused."""
        with self._lock:
            job = self._jobs.get(run.name)
            if job is None or job.executor is not None:
                return
            del self._jobs[run.name]
            job.lock.release()
            _log("cancelled", run, owner=job.request.owner)
            if job.run.history:
                _save(job.run, wanted="nothing")
            else:
                job.run.delete()

    def change_learning_rate(self, run: Run, learning_rate: float) -> None:
        """Let a run that is paused or was interrupted go on with another learning rate.

        Raises RunError when it is in line or trains, has no checkpoint or cannot be written, ConfigError for an
        impossible learning rate.
        """
        with self._lock:
            if run.name in self._names_in_use():
                raise RunError(f"{run.name} is in line or trains: pause it to change its learning rate.")
            try:
                Run(run.folder).change_learning_rate(learning_rate)
            except OSError as error:
                raise RunError(f"{run.name} cannot be changed ({error.strerror or error}).") from None

    def set_speed(self, run: Run, steps_per_second: float | None) -> None:
        """Set how many steps a second a run that waits or trains makes at most, see `LocalExecutor.set_speed`."""
        checked_speed(steps_per_second)
        with self._lock:
            job = self._jobs.get(run.name)
            if job is None or job.request.speed == steps_per_second:
                return
            job.request = _save(job.run, speed=steps_per_second)
            job.seconds = self._duration(job.run, steps_per_second)
            self._remaining.pop(run.name, None)
            if job.executor is not None:
                job.executor.set_speed(steps_per_second)

    def advance(self, run: Run, steps: int = 1) -> None:
        """Let a run that trains at speed 0 make this many steps."""
        with self._lock:
            job = self._jobs.get(run.name)
            if job is not None and job.executor is not None:
                job.executor.advance(steps)

    def pin(self, run: Run, pinned: bool) -> None:
        """Keep a run when older ones are removed to make room, or no longer. Raises RunError if that is impossible."""
        with self._lock:
            if run.shipped:
                raise RunError(f"{run.name} comes with the app and is always kept.")
            _save(Run(run.folder), pinned=pinned)

    def delete(self, run: Run) -> None:
        """Delete a run. Raises RunError for one that is in use, that an ensemble needs, or that comes with the app."""
        with self._lock:
            job = self._jobs.get(run.name)
            if job is not None and job.executor is None:
                self.cancel(run)
                if not run.folder.exists():
                    return
            elif job is not None or run.name in self._names_in_use():
                raise RunError(f"{run.name} is in use: delete it when it has ended.")
            ensemble = next((other for other in self._runs() if run.name in other.members), None)
            if ensemble is not None:
                raise RunError(f"{run.name} is a member of the ensemble {ensemble.name}: delete that one first.")
            owner = run.owner
            run.delete()
            _log("deleted", run, owner=owner)

    # What pages show

    @property
    def training(self) -> list[Run]:
        """The runs that train now, the one that began first first."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.executor is not None]
            return [job.run for job in sorted(jobs, key=lambda job: job.started)]

    @property
    def waiting(self) -> list[Run]:
        """The runs in line, the next one first."""
        with self._lock:
            return [job.run for job in self._line()]

    @property
    def is_free(self) -> bool:
        """Whether a run that is asked for now would begin at once."""
        with self._lock:
            return self._free_executor() is not None and not self._line()

    def status(self, run: Run) -> str:
        """Return "queued", "training", "stopping", "pausing", "paused" or "interrupted"; else `Run.status`.

        Raises RunError when the result is damaged.
        """
        with self._lock:
            job = self._jobs.get(run.name)
            if job is not None:
                return (job.ending or "training") if job.executor is not None else "queued"
            status = run.status
            if run.name in self._elsewhere and status in ("unfinished", "paused"):
                return "training" if run.history else "queued"
            return "interrupted" if status == "unfinished" else status

    def is_training(self, run: Run | None) -> bool:
        """Return whether this run trains now, on this server."""
        with self._lock:
            job = self._jobs.get(run.name) if run is not None else None
            return job is not None and job.executor is not None

    def is_waiting(self, run: Run | None) -> bool:
        """Return whether this run is in line, on this server."""
        with self._lock:
            job = self._jobs.get(run.name) if run is not None else None
            return job is not None and job.executor is None

    def speed(self, run: Run) -> float | None:
        """Return the most steps a second that a run in line or in training makes; None for as many as it can."""
        with self._lock:
            job = self._jobs.get(run.name)
            return job.request.speed if job is not None else None

    def place(self, run: Run) -> Place | None:
        """Return where a run is in line and when it will probably begin; None when it does not wait."""
        with self._lock:
            for number, (job, seconds) in enumerate(self._schedule(self._line()), 1):
                if job.run.name == run.name:
                    return Place(number, seconds)
            return None

    def place_of_next(self, owner: str | None) -> Place:
        """Return where a run that this visitor asked for now would be in line. Its number is 0 if it began at once."""
        with self._lock:
            if self.is_free:
                return Place(0, 0.0)
            asked = Job(None, Request(math.inf, owner), None, 0.0)  # type: ignore[arg-type]  # only for the order
            schedule = list(self._schedule(self._line(asked)))
            number = next(number for number, (job, _) in enumerate(schedule) if job is asked)
            return Place(number + 1, schedule[number][1])

    @property
    def device(self) -> str | None:
        """The kind of device that runs train on: "cpu", "cuda" or "mps"; None until that is known."""
        return self._executors[0].device

    @property
    def pids(self) -> list[int]:
        """The ids of the processes on this machine that train."""
        return [executor.pid for executor in self._executors if executor.pid is not None]

    def failure(self, name: str) -> str | None:
        """Return why the run of this name failed, even if its folder could not record it; None if it did not fail."""
        failures = [self._failures.get(name), *(executor.failure(name) for executor in self._executors)]
        return next((failure for failure in failures if failure), None)

    # Measurements: they wait while anything trains or waits to

    @property
    def measurement(self) -> Measurement | None:
        """What is being measured; None when nothing is."""
        with self._lock:
            return self._measuring[2].measurement if self._measuring is not None else None

    @property
    def waiting_measurements(self) -> list[Run]:
        """The runs that wait to be measured."""
        with self._lock:
            return [run for run, _ in self._measurements]

    def measurement_owner(self, run: Run) -> str | None:
        """Return who asked for the measurement of this run that goes on or waits."""
        with self._lock:
            asked = [(run, owner) for run, owner, _ in (self._measuring,)] if self._measuring else []
            return next((owner for other, owner in [*asked, *self._measurements] if other.name == run.name), None)

    def measure(self, run: Run, owner: str | None = None) -> None:
        """Measure the robustness of a tested run when nothing trains, and store it in its folder.

        Raises RunError when this one comes with the app, or is being measured or waits for it.
        """
        with self._lock:
            if run.shipped:
                raise RunError(f"{run.name} comes with the app, and so does its measurement.")
            if run.name in self._names_measured():
                raise RunError(f"{run.name} is being measured; wait until that has ended.")
            self._measurements.append((run, owner))
            self.settle()

    def cancel_measurement(self, run: Run) -> None:
        """End the measurement of this run, or take it out of the line; nothing of it is stored."""
        with self._lock:
            self._measurements = [asked for asked in self._measurements if asked[0].name != run.name]
            if self._measuring is not None and self._measuring[0].name == run.name:
                self._measuring[2].cancel_measurement()

    def measurement_failure(self, name: str) -> str | None:
        """Return why the last measurement of the run of this name ended without a result; None if it did not."""
        failures = (executor.measurement_failure(name) for executor in self._executors)
        return next((failure for failure in failures if failure), None)

    # How it is decided

    def _on_end(self) -> None:
        try:
            self.settle()
        except Exception:  # in the thread of an executor, which has to go on
            log.exception("The queue could not be looked after; it is tried again.")

    def settle(self) -> None:
        """Take note of what has ended, and give the executors that are free what is next.

        A closed queue does neither: what was going on then is still wanted, by the next server.
        """
        with self._lock:
            if self._closed.is_set():
                return
            for job in list(self._jobs.values()):
                if job.executor is not None and job.executor.run is None:
                    self._end(job)
            if self._measuring is not None and self._measuring[2].measurement is None:
                self._measuring = None
            while (executor := self._free_executor()) and (line := self._line()):
                self._begin(line[0], executor)
            if not self._line():
                self._begin_measurement()

    def _free_executor(self) -> Executor | None:
        """Return an executor that trains nothing, if there is one; rather one that does not measure either."""
        free = [executor for executor in self._executors if executor.run is None]
        return min(free, key=lambda executor: executor.measurement is not None, default=None)

    def _begin(self, job: Job, executor: Executor) -> None:
        self._turn += 1
        self._turns[job.request.owner] = self._turn
        if self._measuring is not None and self._measuring[2] is executor:  # it gives way, and begins again later
            measured, owner, _ = self._measuring
            if executor.measurement is not None and not executor.measurement.cancelled:
                self._measurements.insert(0, (measured, owner))
            self._measuring = None
        try:
            history = job.run.history
            executor.start(job.run, job.request.speed)
        except (RunError, OSError) as error:
            self._failures[job.run.name] = note = f"{job.run.name} could not be started: {error}"
            _log("not started", job.run, str(error), logging.WARNING)
            with contextlib.suppress(RunError):
                _save(job.run, wanted="nothing", note=note)
            self._leave(job)
            return
        job.executor, job.started = executor, time.monotonic()
        job.seconds_before = history[-1]["seconds"] if history else 0.0
        _log("resumed" if history else "started", job.run)

    def _end(self, job: Job) -> None:
        """Take note that a run has ended: tested, failed, paused, or lost with its process."""
        error = job.executor.failure(job.run.name) if job.executor is not None else None
        with contextlib.suppress(RunError):  # the folder may be gone or full
            status = Run(job.run.folder).status
            level = logging.WARNING if status in ("failed", "unfinished") else logging.INFO
            _log("interrupted" if status == "unfinished" else status, job.run, error or job.run.error, level)
            if status == "unfinished":
                _save(job.run, wanted="nothing", note=error or "")  # it is not tried for ever
        self._leave(job)

    def _leave(self, job: Job) -> None:
        self._jobs.pop(job.run.name, None)
        self._remaining.pop(job.run.name, None)
        job.lock.release()

    def _begin_measurement(self) -> None:
        executor = self._free_executor()
        if self._measuring is not None or executor is None or executor.measurement is not None:
            return
        while self._measurements:
            run, owner = self._measurements.pop(0)
            with contextlib.suppress(RunError):  # it was deleted meanwhile
                executor.measure(run)
                self._measuring = (run, owner, executor)
                return

    def _line(self, asked: Job | None = None) -> list[Job]:
        """Return the jobs that wait, and one more that is only thought of, in the order in which they will begin."""
        waiting: dict[str | None, list[Job]] = {}
        jobs = [job for job in self._jobs.values() if job.executor is None] + ([asked] if asked is not None else [])
        for job in sorted(jobs, key=lambda job: job.request.asked):
            waiting.setdefault(job.request.owner, []).append(job)
        turns, turn, line = dict(self._turns), self._turn, []
        while waiting:
            owner = min(waiting, key=lambda owner: (turns.get(owner, 0), waiting[owner][0].request.asked))
            line.append(waiting[owner].pop(0))
            turn += 1
            turns[owner] = turn
            if not waiting[owner]:
                del waiting[owner]
        return line

    def _schedule(self, line: list[Job]) -> Iterable[tuple[Job, float | None]]:
        """Yield each job of a line with the seconds until it will probably begin, None when nobody can tell."""
        training = [job for job in self._jobs.values() if job.executor is not None]
        free = [0.0] * (len(self._executors) - len(training)) + [self._seconds_left(job) for job in training]
        heapq.heapify(free)
        for job in line:
            begins = heapq.heappop(free)
            heapq.heappush(free, begins + self._capped(job.seconds, 0.0))
            yield job, begins if begins < math.inf else None

    def _seconds_left(self, job: Job) -> float:
        """Return the seconds that a job in training will still take; it is computed once a second at most."""
        now = time.monotonic()
        computed, seconds = self._remaining.get(job.run.name, (-math.inf, None))
        if now - computed > 1:
            with contextlib.suppress(RunError):
                seconds = estimate.remaining(job.run.history, job.request.speed)
            self._remaining[job.run.name] = now, seconds
        return self._capped(job.seconds if seconds is None else seconds, self._trained(job))

    def _capped(self, seconds: float, trained: float) -> float:
        """Return the seconds that are left of a run, at most those that it is still allowed."""
        return min(seconds, max(60 * self.limits.minutes - trained, 1.0)) if self.limits.minutes else seconds

    def _trained(self, job: Job) -> float:
        return job.seconds_before + time.monotonic() - job.started

    def _duration(self, run: Run, speed: float | None) -> float:
        assert isinstance(run.config, TrainConfig)
        return estimate.duration(run.config, speed, self._runs())

    def _enqueue(self, run: Run) -> bool:
        """Put a run in line unless another server has it; return whether it is in line."""
        lock = RunLock(run)
        if not lock.acquire():
            self._elsewhere.add(run.name)
            return False
        self._elsewhere.discard(run.name)
        request = run.request or Request()
        self._last_asked = max(self._last_asked, request.asked)
        self._jobs[run.name] = Job(run, request, lock, self._duration(run, request.speed))
        return True

    def _recover(self) -> None:
        """Put runs in line that are to be trained and that nobody trains: those of a server that has ended."""
        found = []
        for run in self._runs():
            if run.shipped or run.name in self._jobs or run.request is None or run.request.wanted != "train":
                continue
            with contextlib.suppress(RunError):
                if run.status in ("unfinished", "paused") and isinstance(run.config, TrainConfig):
                    found.append((not run.history, run.request.asked, run))
        self._elsewhere &= {run.name for _, _, run in found}
        for waits, _, run in sorted(found, key=lambda entry: entry[:2]):
            if self._enqueue(Run(run.folder)):
                _log("queued again", run, "its server had ended")
                if not waits:
                    self._turns.setdefault(run.owner, -1)  # it was their turn when the server ended

    def _end_long_runs(self) -> None:
        for job in self._jobs.values():
            late = self.limits.minutes and job.executor is not None and self._trained(job) > 60 * self.limits.minutes
            if late and not job.ending:
                note = f"It was stopped after {self.limits.minutes:g} minutes, the most that a run may take here."
                with contextlib.suppress(RunError):
                    job.request = _save(job.run, note=note)
                self.stop(job.run)

    def make_room(self) -> None:
        """Remove the runs that the limits leave no room for."""
        if not self.limits.kept and not self.limits.megabytes:
            return
        with self._lock:
            for run in retention.removable(self._runs(), self._names_in_use(), self.limits, time.time()):
                try:
                    owner = run.owner
                    run.delete()
                    _log("deleted", run, "there is no room for it", owner=owner)
                except RunError as error:
                    log.warning("%s", error)

    def _names_in_use(self) -> set[str]:
        return {*self._jobs, *self._elsewhere, *self._names_measured()}

    def _names_measured(self) -> set[str]:
        """Return the names of the runs that are measured or wait to be."""
        present = {self._measuring[0].name} if self._measuring is not None else set()
        return present | {run.name for run, _ in self._measurements}

    def _check_waiting(self, owner: str | None) -> None:
        waiting = sum(job.request.owner == owner for job in self._line())
        if waiting >= self.limits.waiting:
            raise LimitError(
                f"You have {waiting} runs in line, the most that may wait here for one visitor: wait for one of them "
                "to begin, or cancel one."
            )

    def _now(self) -> float:
        """Return the time in seconds since 1970, later at each call even if the clock is not."""
        self._last_asked = max(time.time(), self._last_asked + 1e-3)
        return self._last_asked


def _save(run: Run, **changes: object) -> Request:
    """Store changes of a run's request. Raises RunError when its folder cannot be written."""
    try:
        return run.save_request(**changes)
    except OSError as error:
        raise RunError(f"{run.name} cannot be changed ({error.strerror or error}).") from None


def _log(event: str, run: Run, reason: str | None = None, level: int = logging.INFO, owner: str | None = None) -> None:
    """Write what happened to a run, and why, as one line; `owner` is whose it was, if its folder is gone."""
    log.log(level, "%s %s of %s%s", event, run.name, short(owner or run.owner), f": {reason}" if reason else "")
