"""How far do 25,680 parameters with attention get?

    python benchmarks/attention.py --data path/to/cifar10

Trains the network as it was and with each remedy, once for each seed, and writes
era_cifar/results/attention.json after each run.
"""
import argparse
import shlex
from dataclasses import replace

import torch

from era_cifar.attention import AttentionNet
from era_cifar.augment import POLICIES
from era_cifar.data import Data, load_data
from era_cifar.loaders import make_loaders
from era_cifar.measure import save_result, spread
from era_cifar.one_cycle import one_cycle
from era_cifar.optimizers import adamw
from era_cifar.train import Trainer
from era_cifar.workshop.history import History

EARLIER_PROJECT = .3853  # the best test accuracy of the student project that this network is from
VARIANTS = {
    "shared": dict(shared=True),  # 20,304 parameters: what was really trained there
    "as it was": dict(),
    "norm": dict(norm=True),
    "residual": dict(residual=True),
    "residual, norm": dict(residual=True, norm=True),
    "shrink": dict(shrink=True),
    "residual, shrink": dict(residual=True, shrink=True),
    "residual, norm, shrink": dict(residual=True, norm=True, shrink=True),
    "residual, norm, shrink, positions":
        dict(residual=True, norm=True, shrink=True, over="positions"),
}


def train(
    options: dict,  # of AttentionNet
    data: Data,
    seed: int,
    epochs: int,
    words: argparse.Namespace,
) -> tuple[int, History]:
    "One training: how many parameters, and what happened."
    torch.manual_seed(seed)
    model = AttentionNet(len(data.classes), **options)
    loaders = make_loaders(data, POLICIES[words.policy], words.batch_size, seed=seed,
        device=words.device)
    optimizer = adamw(model, words.max_lr, words.weight_decay)
    scheduler = one_cycle(optimizer, words.max_lr, epochs * len(loaders.train), peak=.2, div=10,
        final_div=100, anneal="cos")
    # float32: bf16 has two to three digits, and pictures differ by far less than that
    trainer = Trainer(model, loaders, optimizer, scheduler, device=words.device,
        precision="float32")
    return sum(p.numel() for p in model.parameters()), trainer.fit(epochs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True,
        help="a folder of pictures, or a name that load_data knows")
    parser.add_argument("--label", default="CIFAR-10 (JPEG copy)",
        help="how the data is called in the result")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS),
        help="which networks, all of them by default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--train-size", type=int, default=None,
        help="training pictures, all of them by default")
    parser.add_argument("--policy", default="quick")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--max-lr", type=float, default=.01)
    parser.add_argument("--name", default="attention", help="of the result file")
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--device", default="cpu")
    words = parser.parse_args()
    command = " ".join(["python benchmarks/attention.py --data path/to/cifar10",
        *given(parser, words)])
    data = load_data(words.data)
    if words.train_size: data = replace(data, train=data.train.subset(words.train_size, 0))
    rows = {}
    for seed in range(words.seeds):
        for name in words.variants:
            parameters, history = train(VARIANTS[name], data, seed, words.epochs, words)
            row = rows.setdefault(name, {"parameters": parameters, "epochs": words.epochs,
                "test_accuracy": [], "train_accuracy": [], "seconds": []})
            row["test_accuracy"].append(history.rows[-1].test_accuracy)
            row["train_accuracy"].append(history.rows[-1].train_accuracy)
            row["seconds"].append(history.seconds)
            print(name, "seed", seed, history)
            save(rows, data, words, command)
    for name, row in rows.items():
        print(name, spread(row["test_accuracy"]), spread(row["seconds"]))


def given(parser: argparse.ArgumentParser, words: argparse.Namespace) -> list[str]:
    "The options that are not as by default, as one types them."
    changed = {name: value for name, value in vars(words).items()
        if name not in ("data", "label") and value != parser.get_default(name)}
    lists = {name: value if isinstance(value, list) else [value]
        for name, value in changed.items()}
    return [f"--{name.replace('_', '-')} {shlex.join(map(str, value))}"
        for name, value in lists.items()]


def save(rows: dict, data: Data, words: argparse.Namespace, command: str) -> None:
    "Write what is there so far."
    names = ("policy", "batch_size", "max_lr", "weight_decay", "device")
    settings = {name: getattr(words, name) for name in names} | {"optimizer": "adamw",
        "precision": "float32", "threads": torch.get_num_threads()}
    save_result(
        words.name, {"variants": rows, "earlier_project": EARLIER_PROJECT, "settings": settings},
        claim=f"Attention networks trained for {words.epochs} epochs on {len(data.train):,} "
            f"pictures; test accuracy on {len(data.test):,} after the last epoch.",
        command=command,
        repeats=len(next(iter(rows.values()))["test_accuracy"]), data=words.label)


if __name__ == "__main__": main()
