"""How good is `quick` on real pictures, and how long does it take?  python benchmarks/quick.py --data path/to/cifar10

Trains the recipe once for each seed, with nothing else running, and writes era_cifar/results/quick.json.
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder of pictures, or a name that load_data knows")
    parser.add_argument("--label", default="CIFAR-10 (JPEG copy)", help="how the data is called in the result")
    parser.add_argument("--seeds", type=int, default=3)
    words = parser.parse_args()
    data = load_data(words.data)
    with tempfile.TemporaryDirectory() as folder:
        runs = [run(replace(RECIPES["quick"], seed=seed), data, Path(folder) / str(seed)) for seed in range(words.seeds)]
    accuracy, seconds = ([get(one.history) for one in runs] for get in (lambda history: history.rows[-1].test_accuracy, lambda history: history.seconds))
    epochs = RECIPES["quick"].epochs
    path = save_result(
        "quick", {"test_accuracy": accuracy, "seconds": seconds, "pictures_per_second": [one.history.rows[-1].pictures_per_second for one in runs],
                  "precision": runs[0].config["precision"], "threads": runs[0].config["threads"]},
        claim=f"The recipe 'quick' trains for {epochs} epochs on {len(data.train):,} pictures; the seconds are those of the whole training, with an evaluation on {len(data.test):,} pictures after each epoch.",
        command="python benchmarks/quick.py --data path/to/cifar10", repeats=words.seeds, data=words.label)
    print(path, spread(accuracy), spread(seconds))


if __name__ == "__main__": main()
