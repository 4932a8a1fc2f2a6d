"""CPU seconds to 99 % accuracy on held-out digits: the `fast` recipe against an ordinary PyTorch program.

    python -m benchmarks.time_to_99 [--seeds 3]

The ordinary program is what a tutorial would write: torchvision's data set behind a DataLoader with a transform, two
convolutions and two dense layers with dropout, Adam, batches of 64; epoch by epoch until it reaches 99 %. Both
are trained on the same 55,000 digits, are validated on the same 5,000, and use one thread. They take turns, an epoch of
the one, a whole training run of the other, so that a busy machine slows both: quote the ratio. Held-out digits are not
test digits: the test set is not used here.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import mean, stdev

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from mnist_core.data import MEAN, STD, load_digits, mnist_folder, split, split_indices
from mnist_core.models import build
from mnist_core.optim import make_optimizers
from mnist_core.recipes import RECIPES
from mnist_core.training import fit

GOAL, HELD_OUT, MAX_EPOCHS = 0.99, 5_000, 15


def ordinary(seed: int) -> Iterator[tuple[float, float]]:
    """Train epoch by epoch, yielding (CPU seconds of training so far, accuracy on the held-out digits)."""
    torch.manual_seed(seed)
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])
    digits = datasets.MNIST(mnist_folder(), train=True, transform=prepare)
    train, validation = split_indices(digits.targets.numpy(), HELD_OUT, seed)
    batches = DataLoader(Subset(digits, train.tolist()), batch_size=64, shuffle=True)
    held_out = DataLoader(Subset(digits, validation.tolist()), batch_size=500)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters())
    seconds = 0.0
    while True:
        start = time.process_time()
        model.train()
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        seconds += time.process_time() - start
        model.eval()
        with torch.no_grad():
            correct = sum(int((model(x).argmax(1) == y).sum()) for x, y in held_out)
        yield seconds, correct / HELD_OUT


def fast(seed: int) -> tuple[float, float]:
    """Return (CPU seconds, accuracy on the held-out digits) of the `fast` recipe, with its validation at the end."""
    config = replace(RECIPES["fast"].config, seed=seed, validation_size=HELD_OUT, device="cpu", threads=1)
    digits, held_out = split(load_digits("mnist", "train"), HELD_OUT, seed)
    model = build(config.architecture, config.dropout, seed)
    start = time.process_time()
    *_, last = fit(model, digits, held_out, config)
    seconds = time.process_time() - start
    assert last.validation, "the last step has a validation score"
    return seconds, last.validation.accuracy


def main() -> None:
    """Print a line for each epoch of the ordinary program, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    config = RECIPES["fast"].config
    make_optimizers(build(config.architecture), config)  # what torch imports late counts for neither
    fast(0)  # warm up
    ratios = []
    print("seed  ordinary: epoch, CPU s, held-out %   fast: CPU s, held-out %", flush=True)
    for seed in range(seeds):
        fast_runs = []
        for epoch, (seconds, accuracy) in enumerate(ordinary(seed), start=1):
            fast_seconds, fast_accuracy = fast(seed)
            fast_runs.append(fast_seconds)
            print(
                f"{seed:4} {epoch:16} {seconds:7.1f} {100 * accuracy:12.2f} "
                f"{fast_seconds:13.2f} {100 * fast_accuracy:12.2f}",
                flush=True,
            )
            if accuracy >= GOAL or epoch == MAX_EPOCHS:
                break
        ratios.append(seconds / mean(fast_runs))
        reached = "" if accuracy >= GOAL else f" (at least: it had not reached {GOAL:.0%} after {MAX_EPOCHS} epochs)"
        print(f"seed {seed}: the ordinary program takes {ratios[-1]:.0f} times the CPU seconds{reached}", flush=True)
    deviation = f" ± {stdev(ratios):.0f}" if len(ratios) > 1 else ""
    print(f"ratio over {seeds} seed(s): {mean(ratios):.0f}{deviation}")


if __name__ == "__main__":
    main()
