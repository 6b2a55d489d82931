"""What is bf16 worth on this machine?  python benchmarks/precision.py

Times training steps of two networks in plain float32 and in bf16 with channels_last, in turns, with
nothing else running.
Writes era_cifar/results/precision.json.
"""
from collections.abc import Callable

import torch

from era_cifar.loaders import Loaders
from era_cifar.measure import in_turns, save_result
from era_cifar.optimizers import sgd
from era_cifar.quicknet import QuickNet
from era_cifar.resnet import CustomResNet
from era_cifar.train import Trainer

# pictures in a step, steps in a turn
NETWORKS = {"quick": (QuickNet, 256, 10), "custom_resnet": (CustomResNet, 128, 2)}
ROUNDS = 5


def steps(network: str, precision: str, channels_last: bool) -> Callable[[], None]:
    "A function that does some training steps on random pictures."
    build, batch_size, n = NETWORKS[network]
    torch.manual_seed(0)
    model = build()
    x, y = torch.randn(batch_size, 3, 32, 32), torch.randint(0, 10, (batch_size,))
    trainer = Trainer(model, Loaders([], []), sgd(model, lr=1e-3), device="cpu",
        precision=precision, channels_last=channels_last)

    def work() -> None:
        for _ in range(n): trainer.train_step([(x, y)])

    return work


def main() -> None:
    values = {}
    for network, (_, batch_size, n) in NETWORKS.items():
        turns = in_turns({"float32": steps(network, "float32", False),
            "bf16": steps(network, "bf16", True)}, repeats=ROUNDS)
        values[network] = {"seconds": turns.seconds, "pictures_in_a_turn": batch_size * n,
            "ratio": turns.ratio("float32", "bf16")}
    path = save_result("precision", values, claim="Training steps in plain float32 take so many "
        "times as long as in bf16 with channels_last (ratio: median over rounds).",
        command="python benchmarks/precision.py", repeats=ROUNDS, data="random pictures of 32×32")
    print(path, {network: round(value["ratio"], 2) for network, value in values.items()})


if __name__ == "__main__": main()
