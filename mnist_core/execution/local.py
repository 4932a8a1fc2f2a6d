"""Training on this machine: one process, started once, kept warm, and always stoppable."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mnist_core.execution.worker import STOP_TIMEOUT
from mnist_core.pace import checked_speed
from mnist_core.runs import Run, RunError

WARM_UP_TIMEOUT = 120.0  # seconds a process may take to import torch on a slow machine


@dataclass(frozen=True)
class Measurement:
    """The robustness of a run, while it is being measured."""

    run: Run
    done: int = 0  # of `total` parts of the same size
    total: int = 0  # 0 until the first part is done
    cancelled: bool = False


class LocalExecutor:
    """Trains or measures one run at a time in a process of its own (see `mnist_core.execution.worker`).

    All methods but `close` return at once. All may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()  # set when the process has imported torch
        self._device: str | None = None
        self._run: Run | None = None
        self._ending = ""  # "stop" or "pause" once the run has been asked to
        self._speed: float | None = None
        self._failures: dict[str, str] = {}  # name of a run -> why it failed
        self._measurement: Measurement | None = None
        self._measurement_failures: dict[str, str] = {}  # name of a run -> why it was not measured
        self.on_end: Callable[[], object] = lambda: None  # called when a run or a measurement has ended

    def warm(self) -> None:
        """Start the process, unless it is running: once it has imported torch, a run starts within a second."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._ready.clear()
            environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mnist_core.execution.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
                cwd=Path(__file__).resolve().parent.parent.parent,
            )
            threading.Thread(target=self._read_events, args=[self._process], daemon=True).start()

    def start(self, run: Run, speed: float | None = None) -> None:
        """Start to train the run in this folder at this speed, see `set_speed`; at 0 it halts before its first step.

        It goes on from its checkpoint if it has one. How it ended before is forgotten, and the speed of the run before
        does not stay. A measurement that is going on is cancelled. Raises RunError when another run is still training,
        or when this one has a result, is an ensemble or comes with the app, ValueError for an impossible speed, OSError
        when no process can be started.
        """
        checked_speed(speed)
        with self._lock:
            if self._run is not None:
                raise RunError(f"{self._run.name} is still training; stop it first.")
            run.config_to_train()
            self.warm()
            self.cancel_measurement()
            self._failures.pop(run.name, None)
            self._run, self._ending = run, ""
            self._send_speed(speed)
            self._send(f"train {run.folder.resolve()}")

    def set_speed(self, steps_per_second: float | None) -> None:
        """Set how many steps a second the run that is training makes at most; None is as many as it can.

        At 0 it halts after its present step until `advance` lets steps through. Takes effect at once. Does nothing when
        no run is training. Raises ValueError when the speed is negative or not finite.
        """
        checked_speed(steps_per_second)
        with self._lock:
            if self._run is not None:
                self._send_speed(steps_per_second)

    def advance(self, steps: int = 1) -> None:
        """Let the run that is training make this many steps at speed 0; at another speed there is nothing to let."""
        with self._lock:
            if self._run is not None and steps > 0:
                self._send(f"advance {int(steps)}")

    def stop(self) -> None:
        """Stop the run that is training, if any, and keep its best weights so far."""
        self._end_by("stop")

    def pause(self) -> None:
        """Pause the run that is training, if any: it has no result yet, and `start` goes on from the same step."""
        self._end_by("pause")

    def _end_by(self, command: str) -> None:
        with self._lock:
            if self._run is not None and not self._ending:
                self._ending = command
                self._send(command)
                threading.Thread(target=self._kill_after_timeout, args=[self._process, self._run], daemon=True).start()

    def measure(self, run: Run) -> None:
        """Start to measure the robustness of a tested run and store it in its folder.

        Raises RunError when a run is training, another is being measured, or this one comes with the app.
        """
        with self._lock:
            if self._run is not None:
                raise RunError(f"{self._run.name} is training; measure when it has ended, or stop it first.")
            if self._measurement is not None:
                raise RunError(f"{self._measurement.run.name} is being measured; wait until that has ended.")
            if run.shipped:
                raise RunError(f"{run.name} comes with the app, and so does its measurement.")
            self.warm()
            self._measurement = Measurement(run)
            self._measurement_failures.pop(run.name, None)
            self._send(f"measure {run.folder.resolve()}")

    def cancel_measurement(self) -> None:
        """End the measurement that is going on, if any; nothing of it is stored."""
        with self._lock:
            if self._measurement is not None and not self._measurement.cancelled:
                self._measurement = replace(self._measurement, cancelled=True)
                self._send("cancel")

    def close(self) -> None:
        """Wait for the process to exit, at most `STOP_TIMEOUT` seconds; a run in training can go on in another one."""
        with self._lock:
            process = self._process
            if process is None or process.stdin is None:
                return
            process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def pid(self) -> int | None:
        """The id of the training process; None when it is not running."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def device(self) -> str | None:
        """The kind of device that "auto" means on this machine: "cpu", "cuda" or "mps"; None until a process says."""
        return self._device

    @property
    def run(self) -> Run | None:
        """The run that is training; None when there is none."""
        return self._run

    @property
    def speed(self) -> float | None:
        """The most steps a second that the run in training makes; None for as many as it can, and when none trains."""
        return self._speed if self._run is not None else None

    @property
    def stopping(self) -> bool:
        """Whether the run that is training has been asked to stop."""
        return self._run is not None and self._ending == "stop"

    @property
    def pausing(self) -> bool:
        """Whether the run that is training has been asked to pause."""
        return self._run is not None and self._ending == "pause"

    @property
    def measurement(self) -> Measurement | None:
        """What is being measured; None when nothing is."""
        return self._measurement

    def measurement_failure(self, name: str) -> str | None:
        """Return why the last measurement of the run of this name ended without a result; None if it did not."""
        return self._measurement_failures.get(name)

    def failure(self, name: str) -> str | None:
        """Return why the run of this name failed, even if its folder could not record it; None if it did not fail."""
        return self._failures.get(name)

    def _send_speed(self, steps_per_second: float | None) -> None:
        self._speed = steps_per_second
        self._send("speed max" if steps_per_second is None else f"speed {float(steps_per_second)!r}")

    def _send(self, command: str) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(command + "\n")
            process.stdin.flush()
        except OSError:
            process.kill()  # `_read_events` then reports the failure

    def _kill_after_timeout(self, process: subprocess.Popen[str] | None, run: Run) -> None:
        self._ready.wait(WARM_UP_TIMEOUT)
        time.sleep(STOP_TIMEOUT)
        with self._lock:
            if process is not None and self._run is run and process is self._process:
                process.kill()

    def _read_events(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "ready" and process is self._process:
                self._device = event["device"]
                self._ready.set()
            if event["event"] == "ended":
                self._end_run(process, event["error"])
            if event["event"] == "measured":
                self._advance_measurement(process, event["done"], event["total"])
            if event["event"] == "measurement ended":
                self._end_measurement(process, event["error"])
            if event["event"].endswith("ended"):
                self.on_end()
        code = process.wait()
        ended = f"The training process ended unexpectedly (exit code {code})"
        run = self._run
        kept = run is not None and run.resumable
        self._end_run(process, f"{ended}; {'the run can go on from its checkpoint' if kept else 'the run is lost'}.")
        self._end_measurement(process, f"{ended}; measure again.")
        self.on_end()

    def _end_run(self, process: subprocess.Popen[str], error: str | None) -> None:
        with self._lock:
            if process is not self._process:
                return  # it has been replaced by a new process
            if self._run is not None and error:
                self._failures[self._run.name] = error
            self._run = None

    def _advance_measurement(self, process: subprocess.Popen[str], done: int, total: int) -> None:
        with self._lock:
            if process is self._process and self._measurement is not None:
                self._measurement = replace(self._measurement, done=done, total=total)

    def _end_measurement(self, process: subprocess.Popen[str], error: str | None) -> None:
        with self._lock:
            if process is not self._process:
                return
            if self._measurement is not None and error:
                self._measurement_failures[self._measurement.run.name] = error
            self._measurement = None
