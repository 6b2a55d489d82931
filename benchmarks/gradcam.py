"""Does GradCAM find the object? The pointing game on drawn shapes, whose boxes are known.

    python benchmarks/gradcam.py

Takes the shipped network, whose last layer has 3 × 3 positions, and trains the same network
without its last pooling, which leaves 7 × 7. Compares each with untrained networks and with
networks whose weights are shuffled, and writes era_cifar/results/gradcam.json.
"""
import argparse
import warnings
from dataclasses import replace

import torch
from torch import Tensor, nn

from era_cifar.data import Data, load_data
from era_cifar.gradcam import (
    energy_inside, gradcam, pointing_game, run_and_keep, shuffle_weights, weighted_sum,
)
from era_cifar.images import Images
from era_cifar.measure import save_result
from era_cifar.quicknet import QuickNet
from era_cifar.receptive_field import receptive_field
from era_cifar.run import Run, build_model, build_trainer
from era_cifar.workshop.cams import class_scores, explaining, gradients_of, place_maps, scale_maps
from era_cifar.workshop.pixels import normalise, to_batch
from era_cifar.workshop.updates import evaluating

LAYERS = ("layer1", "layer2", "layer3")
METHODS = ("gradcam", "gradcam++", "hirescam", "eigencam")


def without_last_pool(n_classes: int, in_channels: int) -> nn.Module:
    "QuickNet with 7 × 7 positions in its last layer, 4 pixels apart, instead of 3 × 3, 8 apart."
    model = QuickNet(n_classes, in_channels)
    model.layer3[0].pool = nn.Identity()
    return model


def all_maps(
    model: nn.Module,
    x: Tensor,               # (N, 3, 32, 32)
    classes: Tensor | None,  # (N,) labels, or None for the predicted ones
    method: str,
) -> Tensor:                 # (layers, N, 32, 32)
    "The maps of all layers, in batches."
    batches = x.split(250), [None] * len(x) if classes is None else classes.split(250)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # maps of zeros are counted
        return torch.cat([gradcam(model, part, list(LAYERS), labels, method)
            for part, labels in zip(*batches)], 1)


def score(maps: Tensor, images: Images) -> dict[str, float]:
    "The two measures, and how many maps are zero everywhere."
    return {"pointing": pointing_game(maps, images.boxes),
        "energy": energy_inside(maps, images.boxes).mean().item(),
        "empty": (maps.amax((1, 2)) == 0).double().mean().item()}


def add_scores(rows: dict, model: nn.Module, x: Tensor, images: Images) -> None:
    "Measure a network with each method and layer; rows has a list for each number."
    labels = torch.from_numpy(images.labels)
    for method in METHODS:
        for layer, maps in zip(LAYERS, all_maps(model, x, labels, method)):
            row = rows.setdefault(layer, {}).setdefault(method, {})
            for name, value in score(maps, images).items(): row.setdefault(name, []).append(value)


def accuracy(model: nn.Module, x: Tensor, images: Images) -> float:
    "The fraction of right answers."
    return (predicted(model, x) == torch.from_numpy(images.labels)).double().mean().item()


@torch.no_grad()
def predicted(model: nn.Module, x: Tensor) -> Tensor:  # (N,)
    "The predicted classes."
    with evaluating(model): return torch.cat([model(part).argmax(1) for part in x.split(250)])


def choices(model: nn.Module, x: Tensor, images: Images) -> dict:
    "The pointing game of the shipped network for other choices of class, images and place."
    right = predicted(model, x) == torch.from_numpy(images.labels)
    labels, found = torch.from_numpy(images.labels), {}
    fields = dict(receptive_field(model).modules)
    for method in ("gradcam", "hirescam"):
        for name, classes in (("true class", labels), ("predicted class", None)):
            for layer, maps in zip(LAYERS, all_maps(model, x, classes, method)):
                row = found.setdefault(method, {}).setdefault(layer, {})
                row[name] = pointing_game(maps, images.boxes)
                if classes is None: continue
                for answer, which in (("right answers", right), ("wrong answers", ~right)):
                    row[answer] = pointing_game(maps[which], images.boxes[which.numpy()])
        for layer in LAYERS:
            maps = placed(model, layer, x, labels, method, fields[layer])
            found[method][layer]["placed by the receptive field"] = pointing_game(maps,
                images.boxes)
    return found


def placed(model: nn.Module, layer: str, x: Tensor, labels: Tensor, method: str, field) -> Tensor:
    "The maps with each unit at the centre of its receptive field."
    parts = []
    for part, classes in zip(x.split(250), labels.split(250)):
        with explaining(model, part) as images:
            logits, kept = run_and_keep(model, [layer], images)
            output = kept[layer][0]
            total = class_scores(logits, classes, len(part)).sum()
            gradient = gradients_of(total, {layer: output})[layer]
        maps = (weighted_sum(output, gradient) if method == "gradcam"
            else (output * gradient).sum(1).relu()).detach()
        parts.append(scale_maps(place_maps(scale_maps(maps), field.start, field.jump, x.shape[3])))
    return torch.cat(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000, help="test images, the first ones")
    parser.add_argument("--seeds", type=int, default=5, help="untrained and shuffled networks")
    parser.add_argument("--trained", type=int, default=3, help="networks without the last pooling")
    parser.add_argument("--epochs", type=int, default=8, help="of their training")
    words = parser.parse_args()
    shipped, data = Run.pretrained("quick-shapes"), load_data("shapes")
    images, about = data.test[:words.images], shipped.config["data"]
    x = normalise(to_batch(images.pixels), about["mean"], about["std"])
    values = {"images": len(images), "seeds": words.seeds, "epochs": words.epochs,
        "chance": energy_inside(torch.ones(len(images), 32, 32), images.boxes).mean().item(),
        "choices": choices(shipped.model, x, images), "networks": {}}
    recipes = {"3 × 3": shipped.recipe,
        "7 × 7": replace(shipped.recipe, model=without_last_pool, epochs=words.epochs)}
    for name, recipe in recipes.items():
        network = values["networks"][name] = {"accuracy": [], "scores": {}}
        model = None
        for seed in range(1 if name == "3 × 3" else words.trained):
            new = shipped.model if name == "3 × 3" else train(replace(recipe, seed=seed), data)
            model = model or new
            network["accuracy"].append(accuracy(new, x, images))
            add_scores(network["scores"].setdefault("trained", {}), new, x, images)
            print(name, seed, network["accuracy"], flush=True)
        for seed in range(words.seeds):
            new = build_model(replace(recipe, seed=seed), data).eval()
            add_scores(network["scores"].setdefault("untrained", {}), new, x, images)
            add_scores(network["scores"].setdefault("shuffled", {}), shuffle_weights(model, seed),
                x, images)
        save(values, words, shipped)


def train(recipe, data: Data) -> nn.Module:
    "Train a network as the recipe says."
    trainer = build_trainer(recipe, data, progress=False)
    trainer.fit(recipe.epochs)
    return trainer.model.float().eval()


def save(values: dict, words: argparse.Namespace, shipped: Run) -> None:
    "Write what is there so far."
    options = [f"--{name} {value}" for name, value in vars(words).items()
        if value != {"images": 1000, "seeds": 5, "trained": 3, "epochs": 8}[name]]
    save_result("gradcam", values,
        claim="The fraction of maps whose peak lies in the box of the object, for networks with "
            "3 × 3 and with 7 × 7 positions in the last layer: trained, untrained and with "
            f"shuffled weights; {words.images:,} test images, the actual class.",
        command=" ".join(["python benchmarks/gradcam.py", *options]), repeats=words.seeds,
        data="shapes")


if __name__ == "__main__": main()
