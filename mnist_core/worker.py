"""Training beside the app: one process, kept warm, that learns what it is told to and can always be stopped.

The run folder is the only channel for what happens; stdin carries `train FOLDER` and `stop`, and its end is the
process's end, however the server went; stdout carries one JSON line when the process is ready or a run has ended.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

from mnist_core.config import TrainConfig
from mnist_core.data import DataError
from mnist_core.runs import Run, RunError, create

WARM_UP = 120.0  # seconds a process may take to import torch on a slow machine
GRACE = 20.0  # seconds a warm one has to test its best model when told to stop


class Worker:
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
                [sys.executable, "-m", "mnist_core.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
                cwd=Path(__file__).resolve().parent.parent,
            )
            threading.Thread(target=self._listen, args=[self._process], daemon=True).start()

    def start(self, config: TrainConfig, recipe: str | None = None) -> Run:
        """Begin a training and give its run; raises RunError when one is going on or no folder can be written."""
        with self._lock:
            if self._run is not None:
                raise RunError(f"{self._run.name} is still training; stop it first.")
            run = create(config, recipe)
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
            process.wait(GRACE)
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
        self._warm.wait(WARM_UP)
        time.sleep(GRACE)
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


def main() -> None:
    """The training process: warm up, then do what stdin says until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the server's; stdin ends with it
    told_to_stop, ready = threading.Event(), threading.Event()
    orders: list[str] = []
    came = threading.Condition()

    def read() -> None:
        for line in sys.stdin:
            if line.strip() == "stop":
                told_to_stop.set()
                continue
            with came:
                told_to_stop.clear()  # a stop that came before was for a training that had just ended
                orders.append(line.strip().removeprefix("train "))
                came.notify()
        told_to_stop.set()  # the server has gone: keep what there is, then go too
        if not orders and not ready.is_set():
            os._exit(0)  # there is nothing to keep, and the server waits for this end
        with came:
            orders.append("")
            came.notify()
        time.sleep(GRACE)
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    warm_up()
    ready.set()
    say(event="ready")
    while True:
        with came:
            came.wait_for(lambda: orders)
            folder = orders.pop(0)
        if not folder:
            os._exit(0)  # torch takes seconds to leave in order
        error = work(Path(folder), told_to_stop)
        say(event="ended", error=error)


def warm_up() -> None:
    """Import what training needs and let torch set itself up, with one step on nothing."""
    import sklearn.model_selection  # noqa: F401
    import torch

    from mnist_core.data import Digits, sample_digits
    from mnist_core.models import build
    from mnist_core.training import fit

    torch.set_num_threads(1)
    digits = Digits(*(array[:64] for array in (sample_digits()["train"].images, sample_digits()["train"].labels)))
    for _ in fit(build("mnist-cnn-adam"), digits, digits, TrainConfig(device="cpu", epochs=1)):
        pass


def work(folder: Path, told_to_stop: threading.Event) -> str | None:
    """Train one run; the sentence that says why it failed, or None."""
    from mnist_core.training import Diverged, train

    try:
        run = Run(folder)
        for _ in train(run, told_to_stop.is_set):
            pass
        return None
    except (DataError, Diverged, ValueError) as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"The run could not be written ({error.strerror or error}); free some space and train again."
    except Exception as error:  # whatever else goes wrong, the learner gets a sentence and the log the rest
        traceback.print_exc()
        sentence = f"The training failed ({type(error).__name__}: {str(error).partition(chr(10))[0]})."
    with contextlib.suppress(OSError, RunError):  # the same full disk; the server is told all the same
        Run(folder).fail(sentence)
    return sentence


def say(**event: str | None) -> None:
    """One line to the server; if nobody listens any more, this process has no reason to go on."""
    try:
        print(json.dumps(event), flush=True)
    except OSError:
        os._exit(1)


if __name__ == "__main__":
    main()
