"""How good is `quick`, how long does it take, and the trained networks that come with the package.

    python benchmarks/quick.py                            on the shapes
    python benchmarks/quick.py --data path/to/cifar10     on CIFAR-10 as a folder of images

Trains the recipe once for each seed, with nothing else running. The network of the first seed
becomes era_cifar/weights/quick-NAME.safetensors (16-bit weights, under 2 MB) and is read back the
way a user does. The figures go to era_cifar/results/quick_shapes.json or quick.json. For the
shapes, what a plain logistic regression reaches stands beside them.
"""
import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

import era_cifar
from era_cifar.data import Data, load_data
from era_cifar.measure import save_result, spread
from era_cifar.recipes import RECIPES, Recipe
from era_cifar.run import Run, build_model, run


def training_flop(recipe: Recipe, data: Data) -> float:
    "Floating-point operations of all forward and backward passes of a training."
    model, batch = build_model(recipe, data), 10
    with FlopCounterMode(display=False) as counter:
        F.cross_entropy(model(torch.randn(batch, 3, 32, 32)), torch.zeros(batch).long()).backward()
    return counter.get_total_flops() / batch * len(data.train) * recipe.epochs


def linear_accuracy(data: Data) -> float:
    "Test accuracy of a logistic regression on raw pixels, trained until it hardly changes."
    x, x_test = (part.pixels.reshape(len(part), -1) / 255 - 0.5 for part in (data.train, data.test))
    linear = LogisticRegression(C=0.01, max_iter=200).fit(x, data.train.labels)
    return float(linear.score(x_test, data.test.labels))


def ship(done: Run) -> Path:
    "The weights of a run as a file of the package, in 16 bits."
    weights = {name: (value.half() if value.dtype == torch.float32 else value).contiguous()
        for name, value in done.model.state_dict().items()}
    name = f"quick-{done.config['data']['name']}.safetensors"
    path = Path(era_cifar.__file__).parent / "weights" / name
    path.parent.mkdir(exist_ok=True)
    save_file(weights, path, metadata={"config": json.dumps(done.config)})
    path.chmod(0o644)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="CIFAR-10 as a folder of images; without it the shapes")
    parser.add_argument("--label", default="CIFAR-10 (JPEG copy)",
        help="how the folder is called in the result")
    parser.add_argument("--seeds", type=int, default=3)
    words = parser.parse_args()
    drawn, recipe = words.data is None, RECIPES["quick"]
    data = load_data("shapes" if drawn else words.data)
    if not drawn: data = replace(data, name="cifar10", source=words.label)
    with tempfile.TemporaryDirectory() as folder:
        runs = [run(replace(recipe, seed=seed), data, Path(folder) / str(seed))
            for seed in range(words.seeds)]
        path = ship(runs[0])
    last = [one.history.rows[-1] for one in runs]
    values = {"test_accuracy": [row.test_accuracy for row in last],
        "seconds": [one.history.seconds for one in runs],
        "pictures_per_second": [row.pictures_per_second for row in last],
        "tflop": training_flop(recipe, data) / 1e12,
        "shipped_test_accuracy": [Run.pretrained(path.stem).predict(data.test).accuracy],
        "bytes": path.stat().st_size,
        "precision": runs[0].config["precision"], "threads": runs[0].config["threads"]}
    if drawn: values["linear_test_accuracy"] = [linear_accuracy(data)]
    saved = save_result("quick_shapes" if drawn else "quick", values,
        claim=f"The recipe 'quick' trains for {recipe.epochs} epochs on {len(data.train):,} images;"
            f" the seconds are those of the whole training, with an evaluation on "
            f"{len(data.test):,} images after each epoch. The network of the first seed is "
            "shipped, with 16-bit weights"
            + ("; beside it a logistic regression on raw pixels." if drawn else "."),
        command="python benchmarks/quick.py" + ("" if drawn else " --data path/to/cifar10"),
        repeats=words.seeds, data="shapes" if drawn else words.label)
    print(saved, path, spread(values["test_accuracy"]), spread(values["seconds"]), values["tflop"])


if __name__ == "__main__": main()
