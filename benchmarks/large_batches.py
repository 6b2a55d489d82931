"""Which learning rate does a larger batch need? Simulated with gradient accumulation.

    python benchmarks/large_batches.py

N processes with 32 images each make one update of 32 N images. A single process makes the same
update by accumulating the gradients of N batches. For N = 1, 4 and 16 a small network is trained
with the rate of N = 1, with the square root of N times this rate, and with N times this rate. All
trainings see the same number of images. The figures go to era_cifar/results/large_batches.json.
"""
import argparse
from dataclasses import replace

from torch import nn

from era_cifar.data import Data
from era_cifar.measure import save_result
from era_cifar.recipes import Recipe
from era_cifar.run import build_trainer
from era_cifar.shapes import make_shapes
from era_cifar.train import TrainingError


def small_network(n_classes: int, in_channels: int) -> nn.Module:
    "Four convolutions with batch norm, small enough for many trainings on two cores."
    layers, widths = [], (in_channels, 16, 32, 64, 64)
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.MaxPool2d(2),
            nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(64, n_classes))


BASE = Recipe("large", model=small_network, policy="none", batch_size=32, epochs=8, max_lr=0.02,
    precision="float32")
PROCESSES = (1, 4, 16)
RULES = {"same": 0, "sqrt": 0.5, "linear": 1}  # the rate is multiplied by N to this power


def accuracy(recipe: Recipe, data: Data) -> float:
    "Test accuracy after the last epoch; that of guessing if the loss became infinite."
    trainer = build_trainer(recipe, data, progress=False)
    try: return trainer.fit(recipe.epochs).rows[-1].test_accuracy
    except TrainingError: return 1 / len(data.classes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=5000)
    words = parser.parse_args()
    data = Data("shapes", make_shapes(words.images, seed=0), make_shapes(1000, seed=1))
    found = {}
    for processes in PROCESSES:
        for rule, power in RULES.items() if processes > 1 else [("same", 0)]:
            recipe = replace(BASE, accumulate=processes, max_lr=BASE.max_lr * processes**power)
            found[f"{processes} {rule}"] = [accuracy(replace(recipe, seed=seed), data)
                for seed in range(words.seeds)]
            print(processes, rule, found[f"{processes} {rule}"], flush=True)
    values = {"test_accuracy": found, "processes": list(PROCESSES), "max_lr": BASE.max_lr,
        "batch_size": BASE.batch_size, "epochs": BASE.epochs,
        "images": words.images,
        "updates": [BASE.epochs * replace(BASE, accumulate=n).updates(words.images)
            for n in PROCESSES]}
    print(save_result("large_batches", values,
        claim=f"A network of four convolutions, trained with momentum SGD and one cycle for "
            f"{BASE.epochs} epochs of {words.images:,} shapes in batches of {BASE.batch_size}, "
            "gradients accumulated over 1, 4 and 16 of them (as by so many processes); a key is "
            "the number of batches and the rule for the rate, which is "
            f"{BASE.max_lr} for one batch. Accuracy on {len(data.test):,} test images for each "
            "seed.",
        command="python benchmarks/large_batches.py", repeats=words.seeds, data="shapes"))


if __name__ == "__main__": main()
