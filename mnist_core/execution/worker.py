"""Training beside the app: one process, kept warm, that learns what it is told to and can always be stopped.

The run folder is the only channel for what happens; stdin carries `train FOLDER` and `stop`, and its end is the
process's end, however the server went; stdout carries one JSON line when the process is ready or a run has ended.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from mnist_core.config import TrainConfig
from mnist_core.errors import MnistLabError
from mnist_core.runs import Run, RunError

STOP_TIMEOUT = 20.0  # seconds a warm one has to test its best model when told to stop


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
        time.sleep(STOP_TIMEOUT)
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    warm_up()
    ready.set()
    send_event(event="ready")
    while True:
        with came:
            came.wait_for(lambda: orders)
            folder = orders.pop(0)
        if not folder:
            os._exit(0)  # torch takes seconds to leave in order
        error = train_run(Path(folder), told_to_stop)
        send_event(event="ended", error=error)


def warm_up() -> None:
    """Import what training needs and let torch set itself up, with one step on nothing."""
    import sklearn.model_selection  # noqa: F401
    import torch

    from mnist_core.data import Digits, sample_digits
    from mnist_core.models import build
    from mnist_core.training import fit

    torch.set_num_threads(1)
    digits = Digits(*(array[:64] for array in (sample_digits()["train"].images, sample_digits()["train"].labels)))
    for _ in fit(build("two-block-cnn"), digits, digits, TrainConfig(device="cpu", epochs=1)):
        pass


def train_run(folder: Path, told_to_stop: threading.Event) -> str | None:
    """Train one run; the sentence that says why it failed, or None."""
    from mnist_core.training import train

    try:
        run = Run(folder)
        for _ in train(run, told_to_stop.is_set):
            pass
        return None
    except (MnistLabError, ValueError) as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"The run could not be written ({error.strerror or error}); free some space and train again."
    except Exception as error:  # whatever else goes wrong, the learner gets a sentence and the log the rest
        traceback.print_exc()
        sentence = f"The training failed ({type(error).__name__}: {str(error).partition(chr(10))[0]})."
    with contextlib.suppress(OSError, RunError):  # the same full disk; the server is told all the same
        Run(folder).fail(sentence)
    return sentence


def send_event(**event: str | None) -> None:
    """One line to the server; if nobody listens any more, this process has no reason to go on."""
    try:
        print(json.dumps(event), flush=True)
    except OSError:
        os._exit(1)


if __name__ == "__main__":
    main()
