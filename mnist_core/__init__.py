"""MNIST Lab's library: everything but the pages. It never imports Streamlit.

The modules, in the order to read them: `config` (the choices), `data` (the digits), `drawing` (a picture becomes a
digit), `models` (the networks), `recipes` (named choices), `augment`, `training` (the loop), `metrics`, `calibration`,
`label_errors`, `lookalikes`, `runs` (what a training leaves behind), `fetch` (the download), `worker` (training beside
the app), `__main__` (the command line).
"""

from mnist_core.config import TrainConfig
from mnist_core.data import Digits, load_digits
from mnist_core.runs import Run, list_runs, load_run

__all__ = ["Digits", "Run", "TrainConfig", "list_runs", "load_digits", "load_run"]
