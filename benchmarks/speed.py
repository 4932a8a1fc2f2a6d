"""What each recipe costs: CPU seconds of an epoch, latency and throughput of inference, peak memory.

    python -m benchmarks.speed [RECIPE ...] [--steps 40] [--repeats 300]

Each recipe is measured in a process of its own, on one thread, with fresh weights, whose values do not change the
cost. An epoch is extrapolated from some steps after a warm-up, with augmentation and shuffling, without the
validation at its end. Latency is one digit from uint8 to probabilities; throughput is 10,000 digits in batches. The
last two columns say what it costs that the run can be watched, as shares of its training time: its snapshots, and its
validations within the epochs.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mnist_core.recipes import RECIPES

COLUMNS = (
    "recipe            epoch, CPU s   one digit, ms: median    p99   digits per second   peak memory, MiB"
    "   snapshots, %   interim, %"
)


def measure(name: str, steps: int, repeats: int) -> str:
    """Return the recipe's line of the table."""
    import torch

    from mnist_core.data import load_digits, split
    from mnist_core.inference import log_probabilities
    from mnist_core.interim import plan_interim
    from mnist_core.models import build
    from mnist_core.snapshots import SnapshotLog, snapshot_steps
    from mnist_core.training import fit

    config = replace(RECIPES[name].config, device="cpu", threads=1, epochs=100)
    digits = load_digits(config.dataset, "train")
    model = build(config.architecture, config.dropout)
    warm_up, start = 5, 0.0
    for step in fit(model, digits, digits.take(np.arange(10)), config):
        if step.step == warm_up:
            start = time.process_time()
        if step.step == warm_up + steps:
            break
    seconds_per_step = (time.process_time() - start) / steps
    epoch = seconds_per_step * len(digits) / config.batch_size

    torch.set_num_threads(1)
    images = load_digits(config.dataset, "test").images
    for index in range(20):  # the first ones choose and compile the kernels
        log_probabilities(model, images[index][None])
    latencies = []
    for index in range(repeats):
        start = time.perf_counter()
        log_probabilities(model, images[index % len(images)][None])
        latencies.append(1000 * (time.perf_counter() - start))
    many = np.resize(images, (10_000, 28, 28))
    start = time.process_time()
    log_probabilities(model, many)
    throughput = len(many) / (time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)

    recipe = RECIPES[name].config
    learned, held_out = split(digits, recipe.validation_size or 0, recipe.seed)
    training = seconds_per_step * recipe.total_steps(len(learned))
    with tempfile.TemporaryFile("w") as file:

        def write(line: str) -> None:
            file.write(line + "\n")
            file.flush()

        ten = np.array([np.argmax(digits.labels == digit) for digit in range(10)])
        snapshots = SnapshotLog(write, model, digits, ten)
        snapshot = median_seconds(lambda: snapshots.add(1 + snapshots.last, 0.0, 0.0), 50)
    snapshot_share = snapshot * len(snapshot_steps(recipe.total_steps(len(learned)))) / training
    interim = plan_interim(recipe, len(learned), held_out)
    interim_share = (
        len(interim.steps) * median_seconds(lambda: interim.measure(model), 5) / training if interim.steps else 0
    )
    median, p99 = np.percentile(latencies, [50, 99])
    return (
        f"{name:16} {epoch:13.1f} {median:25.2f} {p99:6.2f} {throughput:19,.0f} {peak:18,.0f}"
        f"{100 * snapshot_share:15.2f} {100 * interim_share:12.2f}"
    )


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of doing this work once, after a first time that does not count."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def main() -> None:
    """Print the table, one recipe after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.recipes if name not in RECIPES]
    if unknown:
        parser.error(f"there is no recipe {unknown[0]!r}; the recipes are {', '.join(RECIPES)}")
    if options.here:
        print(measure(options.recipes[0], options.steps, options.repeats))
        return
    print(COLUMNS, flush=True)
    counts = ["--steps", str(options.steps), "--repeats", str(options.repeats)]
    for name in options.recipes or RECIPES:
        subprocess.run([sys.executable, "-m", "benchmarks.speed", name, "--here", *counts], check=True)


if __name__ == "__main__":
    main()
