"""Which suggestion of the LR finder trains best?

    python benchmarks/lr_finder.py --data path/to/cifar10

Runs the finder once with the recipe `quick`, but batches of 256, then trains with each suggestion
and with a rate chosen by hand, as the highest rate of one cycle, with the same budget and the same
seeds. Writes
era_cifar/results/lr_finder.json. --quick makes everything small, to see whether it runs.
"""
import argparse
from dataclasses import replace

from era_cifar.data import Data, load_data
from era_cifar.measure import save_result, spread
from era_cifar.recipes import RECIPES, Recipe
from era_cifar.run import build_trainer, cut_data, search
from era_cifar.train import TrainingError
from era_cifar.workshop.lr_curve import SUGGESTIONS

SIZES = dict(epochs=3, train_size=20_000, seeds=3, start_lr=1e-4, end_lr=1., steps=100,
    batch_size=256, max_lr=.6)
QUICK = dict(epochs=1, train_size=1024, seeds=2, steps=50)
CLAIM = ("The test accuracy after a short training of the recipe 'quick' with batches of 256 "
    "depends on its highest rate: each of the finder's suggestions and one chosen by hand "
    "('recipe'), the same seeds for all (null: the loss became infinite or not a number).")


def train(recipe: Recipe, data: Data) -> float | None:  # None: the loss was lost
    "The test accuracy at the end of a training."
    trainer = build_trainer(recipe, cut_data(recipe, data), progress=False)
    try: return trainer.fit(recipe.epochs).rows[-1].test_accuracy
    except TrainingError as error:
        print(error)
        return None


def arguments() -> argparse.Namespace:
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=kind)
    parser.add_argument("--data", required=True, help="a folder, or a name that load_data knows")
    parser.add_argument("--label", default="CIFAR-10 (JPEG copy)", help="the data's name")
    for name, size in SIZES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(size), default=size)
    parser.add_argument("--quick", action="store_true", help="1 epoch of 1,024 images, 500 test "
        "images, 2 seeds, 50 steps")
    words = parser.parse_args()
    if words.quick: vars(words).update(QUICK)
    return words


def main() -> None:
    words = arguments()
    data = load_data(words.data)
    if words.quick: data = replace(data, test=data.test.subset(500))
    recipe = replace(RECIPES["quick"], epochs=words.epochs, train_size=words.train_size,
        batch_size=words.batch_size, max_lr=words.max_lr, lr_start=words.start_lr,
        lr_end=words.end_lr, lr_steps=words.steps)
    curve = search(recipe, cut_data(recipe, data))
    print(curve)
    rates = {name: curve.suggestion(name) for name in SUGGESTIONS} | {"recipe": recipe.max_lr}
    accuracies = {name: [] for name in rates}
    for seed in range(words.seeds):  # in turns: a machine that changes half way changes it for all
        for name, rate in rates.items():
            accuracies[name].append(train(replace(recipe, max_lr=rate, seed=seed), data))
            print(f"seed {seed}, {name} {rate:.3g}: {accuracies[name][-1]}", flush=True)
    values = {"curve": {"lrs": curve.lrs, "losses": curve.losses}, "rates": rates,
        "test_accuracy": accuracies, "epochs": words.epochs, "train_size": words.train_size}
    options = "".join(f" --{name.replace('_', '-')} {getattr(words, name)}" for name in SIZES)
    command = "python benchmarks/lr_finder.py --data path/to/cifar10"
    path = save_result("lr_finder", values, claim=CLAIM, repeats=words.seeds, data=words.label,
        command=command + (" --quick" if words.quick else options))
    reached = {name: [accuracy for accuracy in found if accuracy is not None]
        for name, found in accuracies.items()}
    print(path, {name: spread(found) if found else None for name, found in reached.items()})


if __name__ == "__main__": main()
