"""The training process: it executes the commands it reads from stdin until stdin ends.

The commands are

    train FOLDER    train the run in this folder, from its checkpoint if it has one
    stop            end the training run that is going on and keep its best weights so far
    pause           store a checkpoint of the training run that is going on, and end it without a result
    measure FOLDER  measure the robustness of the run in this folder (`mnist_core.analysis.robustness`)
    cancel          end the measurement that is going on and store nothing
    speed N         make at most N steps a second; 0 halts after the present step, "max" is as fast as it can
    advance N       let N steps through at speed 0

Each takes effect at once, and a speed stays for later runs until another is given. When stdin ends, the process stores
a checkpoint of the run, cancels a measurement and exits, so it never outlives the server. On stdout it prints one JSON
object a line: {"event": "ready", "device": "cpu"} when torch is set up, {"event": "ended", "outcome": "finished",
"stopped", "paused", "interrupted" or "failed", "error": null or why it failed, in a sentence} after each run, {"event":
"measured", "done": N, "total": N} while it measures and {"event": "measurement ended", "error": ...} after that.
Everything else is written to the run folder.
"""

import contextlib
import gc
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from mnist_core.config import TrainConfig
from mnist_core.errors import MnistLabError
from mnist_core.pace import Pace
from mnist_core.process import give_back_memory
from mnist_core.runs import Run, RunError

STOP_TIMEOUT = 20.0  # seconds from a stop or pause to the end of the run, in which its best weights are tested
WARM_UP_DELAY = 3.0  # seconds without a command until torch is imported: the first page needs the processor itself


def main() -> None:
    """Set torch up, then train and measure the runs that stdin names, one after the other, until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the server; when it exits, stdin ends
    pace, asked, ready, cancelled = Pace(), threading.Event(), threading.Event(), threading.Event()
    jobs: SimpleQueue[tuple[str, Path] | None] = SimpleQueue()  # None: stdin has ended

    def read_commands() -> None:
        for line in sys.stdin:
            asked.set()
            command, _, argument = line.strip().partition(" ")
            if command == "stop":
                pace.stop()
            elif command == "pause":
                pace.pause()
            elif command == "train":
                pace.start()  # an earlier stop was meant for a run that had just ended
                jobs.put((command, Path(argument)))
            elif command == "measure":
                cancelled.clear()
                jobs.put((command, Path(argument)))
            elif command == "cancel":
                cancelled.set()
            elif command == "speed":
                pace.set_speed(None if argument == "max" else float(argument))
            elif command == "advance":
                pace.advance(int(argument))
        pace.leave()
        cancelled.set()
        if jobs.empty() and not ready.is_set():
            os._exit(0)  # nothing to save, and the server waits for this process
        jobs.put(None)
        time.sleep(STOP_TIMEOUT)
        os._exit(1)

    threading.Thread(target=read_commands, daemon=True).start()
    asked.wait(WARM_UP_DELAY)
    warm_up()
    ready.set()
    send_event(event="ready", device=device())
    while (job := jobs.get()) is not None:
        command, folder = job
        if command == "train":
            error = train_run(folder, pace)
            send_event(event="ended", outcome="failed" if error else outcome_of(folder), error=error)
        else:
            send_event(event="measurement ended", error=measure_run(folder, cancelled))
        gc.collect()
        give_back_memory()  # hundreds of megabytes, for the pages
    os._exit(0)  # a regular exit takes torch seconds


def warm_up() -> None:
    """Import what training needs and let torch set itself up by training on 64 digits."""
    import sklearn.model_selection  # noqa: F401

    from mnist_core.data import load_digits
    from mnist_core.models import build
    from mnist_core.training import fit

    digits = load_digits("sample", "train").take(np.arange(64))
    for _ in fit(build("two-block-cnn"), digits, digits, TrainConfig(device="cpu", epochs=1)):
        pass


def device() -> str:
    """Return the kind of device that runs train on unless they ask for another."""
    from mnist_core.hardware import choose_device

    return choose_device("auto").type


def train_run(folder: Path, pace: Pace) -> str | None:
    """Train one run until it ends or is asked to; return why it failed, in a sentence, or None."""
    from mnist_core.training import train

    try:
        with contextlib.closing(train(Run(folder), lambda: pace.stopped, pace, lambda: pace.paused)) as steps:
            for _ in steps:
                if pace.left:
                    break
        return None
    except MnistLabError as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"The run could not be written ({error.strerror or error}); free some space and train again."
    except Exception as error:  # any other error: the page gets a sentence, the log the traceback
        traceback.print_exc()
        sentence = f"The training failed ({type(error).__name__}: {str(error).partition(chr(10))[0]})."
    with contextlib.suppress(OSError, RunError):  # the folder may be gone or full; the server gets the sentence anyway
        Run(folder).fail(sentence)
    return sentence


def outcome_of(folder: Path) -> str:
    """Return how a run that did not fail has ended: "finished", "stopped", "paused" or "interrupted"."""
    try:
        status = Run(folder).status
    except RunError:  # somebody has damaged or deleted it
        return "failed"
    return "interrupted" if status == "unfinished" else status


def measure_run(folder: Path, cancelled: threading.Event) -> str | None:
    """Measure the robustness of one run until it ends or is cancelled; return why it failed, in a sentence, or None."""
    try:
        from mnist_core.analysis.robustness import measure_and_save

        for progress in () if cancelled.is_set() else measure_and_save([Run(folder)]):
            send_event(event="measured", done=progress.done, total=progress.total)
            if cancelled.is_set():
                break
        return None
    except MnistLabError as error:
        return str(error)
    except OSError as error:
        return f"The result could not be written ({error.strerror or error}); free some space and measure again."
    except Exception as error:  # any other error: the page gets a sentence, the log the traceback
        traceback.print_exc()
        return f"The measurement failed ({type(error).__name__}: {str(error).partition(chr(10))[0]})."


def send_event(**event: str | int | None) -> None:
    """Print one JSON line for the server. Without a server that reads it, exit."""
    try:
        print(json.dumps(event), flush=True)
    except OSError:
        os._exit(1)


if __name__ == "__main__":
    main()
