"""MNIST Lab's library: everything but the pages. It never imports Streamlit.

The modules, in the order to read them:

choices
    `config` (every setting of a training run), `recipes` (named settings)
digits
    `data` (MNIST and the sample digits), `download`, `drawing` (a picture becomes a digit), `segmentation` (many digits
    in a picture), `image_file` (a picture from a stranger)
learning
    `models` (the architectures), `augment` and `pen_augment`, `optim`, `hardware`, `training` (the loop), `inference`,
    `metrics`, `result`, `runs` (what a training run leaves behind), `ensemble`
and then
    `analysis` (what can be learned from a trained network), `execution` (where training runs), `__main__` (the command
    line)
"""

from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.data import Digits, load_digits
from mnist_core.errors import MnistLabError
from mnist_core.runs import Run, list_runs, load_run

__all__ = ["Digits", "EnsembleConfig", "MnistLabError", "Run", "TrainConfig", "list_runs", "load_digits", "load_run"]
