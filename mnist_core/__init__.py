"""MNIST Lab's library: everything but the pages. It never imports Streamlit.

The modules, in the order to read them:

settings
    `config` (every setting of a training run), `recipes` (named settings)
digits
    `data` (MNIST and the sample digits), `download`, `drawing` (from a picture to a digit), `segmentation` (several
    digits in a picture), `image_file` (uploaded image files)
learning
    `models` (the architectures), `augment` and `pen_augment`, `optim`, `hardware`, `training` (the loop), `inference`,
    `metrics`, `result`, `run_files` and `runs` (run folders), `ensemble`
and beyond
    `analysis` (the study of trained networks), `execution` (where training happens), `__main__` (the command line)
"""

from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.data import Digits, load_digits
from mnist_core.errors import MnistLabError
from mnist_core.runs import Run, list_runs, load_run

__version__ = "1.0"

__all__ = ["Digits", "EnsembleConfig", "MnistLabError", "Run", "TrainConfig", "list_runs", "load_digits", "load_run"]
