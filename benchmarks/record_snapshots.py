"""Write snapshots for runs that were trained before there were any: of the network with fresh weights, and as tested.

python -m benchmarks.record_snapshots RUN...
"""

import argparse

from mnist_core.config import TrainConfig
from mnist_core.runs import SNAPSHOTS, load_run, write_atomically
from mnist_core.snapshots import first_and_last


def main() -> None:
    """Write the file of each run that has none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="name or folder of a tested run")
    for name in parser.parse_args().runs:
        run = load_run(name)
        if not isinstance(run.config, TrainConfig) or run.snapshots is not None:
            print(f"{name}: nothing to do")
            continue
        lines = first_and_last(run.config, run.model_as_trained(), run.outcome)
        write_atomically(run.folder / SNAPSHOTS, "".join(f"{line}\n" for line in lines).encode())
        print(f"{name}: {len(lines) - 1} snapshots")


if __name__ == "__main__":
    main()
