"""How good is `quick` on real pictures, and how long does it take?

    python benchmarks/quick.py --data path/to/cifar10

Trains the recipe once for each seed, with nothing else running, and writes
era_cifar/results/quick.json.
"""
import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from era_cifar.data import load_data
from era_cifar.measure import save_result, spread
from era_cifar.recipes import RECIPES
from era_cifar.run import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True,
        help="a folder of pictures, or a name that load_data knows")
    parser.add_argument("--label", default="CIFAR-10 (JPEG copy)",
        help="how the data is called in the result")
    parser.add_argument("--seeds", type=int, default=3)
    words = parser.parse_args()
    data = load_data(words.data)
    with tempfile.TemporaryDirectory() as folder:
        runs = [run(replace(RECIPES["quick"], seed=seed), data, Path(folder) / str(seed))
            for seed in range(words.seeds)]
    last = [one.history.rows[-1] for one in runs]
    accuracy = [row.test_accuracy for row in last]
    seconds = [one.history.seconds for one in runs]
    epochs = RECIPES["quick"].epochs
    path = save_result(
        "quick", {"test_accuracy": accuracy, "seconds": seconds,
            "pictures_per_second": [row.pictures_per_second for row in last],
            "precision": runs[0].config["precision"], "threads": runs[0].config["threads"]},
        claim=f"The recipe 'quick' trains for {epochs} epochs on {len(data.train):,} pictures; the "
            "seconds are those of the whole training, with an evaluation on "
            f"{len(data.test):,} pictures after each epoch.",
        command="python benchmarks/quick.py --data path/to/cifar10", repeats=words.seeds,
        data=words.label)
    print(path, spread(accuracy), spread(seconds))


if __name__ == "__main__": main()
