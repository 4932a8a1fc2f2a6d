"""The server's training process on this machine: started once, kept warm, always stoppable."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from mnist_core.config import TrainConfig
from mnist_core.execution.worker import STOP_TIMEOUT
from mnist_core.runs import Run, RunError, create_run

WARM_UP_TIMEOUT = 120.0  # seconds a process may take to import torch on a slow machine


class LocalExecutor:
    """The server's one training process. Every method returns at once; all of them may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._process: subprocess.Popen[str] | None = None
        self._run: Run | None = None
        self._warm = threading.Event()
        self._stopping = 0.0  # when Stop was pressed, by time.monotonic
        self._failures: dict[str, str] = {}

    def warm(self) -> None:
        """Have a process at hand that has already imported torch, so that a training starts within a second."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._warm.clear()
            environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mnist_core.execution.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
                cwd=Path(__file__).resolve().parent.parent.parent,
            )
            threading.Thread(target=self._listen, args=[self._process], daemon=True).start()

    def start(self, config: TrainConfig, recipe: str | None = None) -> Run:
        """Begin a training and give its run; raises RunError when one is going on or no folder can be written."""
        with self._lock:
            if self._run is not None:
                raise RunError(f"{self._run.name} is still training; stop it first.")
            run = create_run(config, recipe)
            self.warm()
            self._run, self._stopping = run, 0.0
            self._tell(f"train {run.folder.resolve()}")
            return run

    def stop(self) -> None:
        """End the training that goes on, if any, and keep its best model so far."""
        with self._lock:
            if self._run is not None and not self._stopping:
                self._stopping = time.monotonic()
                self._tell("stop")
                threading.Thread(target=self._end, args=[self._process, self._run], daemon=True).start()

    def close(self) -> None:
        """End the process; a training that goes on is stopped and kept."""
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
    def run(self) -> Run | None:
        """The run that is training now."""
        return self._run

    @property
    def stopping(self) -> bool:
        """Has the run that is training been told to stop?"""
        return self._run is not None and bool(self._stopping)

    def failure(self, name: str) -> str | None:
        """Why the run of this name ended without a result, also when its folder could not take that down."""
        return self._failures.get(name)

    def _tell(self, line: str) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except OSError:
            process.kill()  # `_listen` sees its end and says so

    def _end(self, process: subprocess.Popen[str] | None, run: Run) -> None:
        self._warm.wait(WARM_UP_TIMEOUT)
        time.sleep(STOP_TIMEOUT)
        with self._lock:
            if process is not None and self._run is run and process is self._process:
                process.kill()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "ready" and process is self._process:
                self._warm.set()
            if event["event"] == "ended":
                self._settle(process, event["error"])
        code = process.wait()
        self._settle(
            process, f"The training process ended unexpectedly (exit code {code}); what it had learned is lost."
        )

    def _settle(self, process: subprocess.Popen[str], error: str | None) -> None:
        with self._lock:
            if process is not self._process:
                return  # the end of one that another has replaced
            if self._run is not None and error:
                self._failures[self._run.name] = error
            self._run = None
