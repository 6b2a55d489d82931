"""Which suggestion of the LR finder is worth most?  python benchmarks/lr_finder.py --data path/to/cifar10

Runs the finder once with the recipe `quick`, then trains with each suggestion and with the recipe's own rate, as the highest rate of one cycle,
with the same budget and the same seeds. Writes era_cifar/results/lr_finder.json. --quick makes everything small, to see whether it runs.
"""
import argparse
from dataclasses import replace

from era_cifar.data import Data, load_data
from era_cifar.workshop.lr_curve import SUGGESTIONS, LRCurve
from era_cifar.measure import save_result, spread
from era_cifar.run import build_trainer, cut_data, search
from era_cifar.recipes import RECIPES, Recipe
from era_cifar.train import TrainingError


def find(recipe: Recipe, data: Data) -> LRCurve:
    "The finder's curve for a recipe."
    return search(recipe, cut_data(recipe, data))


def train(recipe: Recipe, data: Data) -> float | None:  # None: the loss was lost
    "The test accuracy at the end of a training."
    try: return build_trainer(recipe, cut_data(recipe, data), progress=False).fit(recipe.epochs).rows[-1].test_accuracy
    except TrainingError as error:
        print(error)
        return None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder of pictures, or a name that load_data knows")
    parser.add_argument("--label", default="CIFAR-10 (JPEG copy)", help="how the data is called in the result")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--train-size", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--start-lr", type=float, default=1e-4)
    parser.add_argument("--end-lr", type=float, default=1.)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="1 epoch of 1,024 pictures, 500 test pictures, 2 seeds, 50 steps")
    words = parser.parse_args()
    if words.quick: words.epochs, words.train_size, words.seeds, words.steps = 1, 1024, 2, 50
    return words


def main() -> None:
    words = arguments()
    data = load_data(words.data)
    if words.quick: data = replace(data, test=data.test.subset(500))
    recipe = replace(RECIPES["quick"], epochs=words.epochs, train_size=words.train_size, lr_start=words.start_lr, lr_end=words.end_lr, lr_steps=words.steps)
    curve = find(recipe, data)
    print(curve)
    rates = {name: curve.suggestion(name) for name in SUGGESTIONS} | {"recipe": recipe.max_lr}
    accuracies = {name: [] for name in rates}
    for seed in range(words.seeds):  # in turns: a machine or a library that changes half way changes it for all
        for name, rate in rates.items():
            accuracies[name].append(train(replace(recipe, max_lr=rate, seed=seed), data))
            print(f"seed {seed}, {name} {rate:.3g}: {accuracies[name][-1]}", flush=True)
    values = {"curve": {"lrs": curve.lrs, "losses": curve.losses}, "rates": rates, "test_accuracy": accuracies, "epochs": words.epochs, "train_size": words.train_size}
    options = "".join(f" --{name.replace('_', '-')} {getattr(words, name)}" for name in ("epochs", "train_size", "seeds", "start_lr", "end_lr", "steps"))
    path = save_result(
        "lr_finder", values,
        claim="The test accuracy after a short training of the recipe 'quick' depends on its highest rate: each of the finder's suggestions and the recipe's own, the same seeds for all (null: the loss became infinite or not a number).",
        command="python benchmarks/lr_finder.py --data path/to/cifar10" + (" --quick" if words.quick else options), repeats=words.seeds, data=words.label)
    reached = {name: [value for value in values if value is not None] for name, values in accuracies.items()}
    print(path, {name: spread(values) if values else None for name, values in reached.items()})


if __name__ == "__main__": main()
