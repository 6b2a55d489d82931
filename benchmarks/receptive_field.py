"""How long does an exact table take, and is it right?
python benchmarks/receptive_field.py [NAME …]

For networks of torchvision, one or two of each family, at 3×224×224: seconds for receptive_field,
and whether the last layer whose field fits into the input sees what gradients say, its first and
its last row and column of pixels. Writes era_cifar/results/receptive_field.json (with names as
arguments it only prints).
"""
import sys
from statistics import median
from time import perf_counter

import torch
from torch import nn

from era_cifar.measure import save_result
from era_cifar.receptive_field import (
    effective_receptive_field, receptive_field, torchvision_network,
)
from era_cifar.workshop.field_gradients import extent
from era_cifar.workshop.fields import Field, Tracer, trace

NETWORKS = """
alexnet vgg16 resnet18 resnet50 resnet152 resnext50_32x4d wide_resnet50_2 densenet121 densenet201
inception_v3 googlenet squeezenet1_0 shufflenet_v2_x1_0 mobilenet_v2 mobilenet_v3_small
mobilenet_v3_large mnasnet1_0 efficientnet_b0 efficientnet_b3 efficientnet_v2_s regnet_x_1_6gf
regnet_y_800mf convnext_tiny vit_b_16 swin_t swin_v2_t maxvit_t
""".split()
SIZE, LARGER, REPEATS = (3, 224, 224), (3, 448, 448), 5


def box_of(found: Field) -> list[tuple[int, int]]:
    "What the middle unit sees, by the rules."
    return [line.at(size // 2) for line, size in zip(found.local, found.sizes)]


def fitting(traced: Tracer, size: tuple[int, ...]) -> str:
    """The last layer with a plain map that sees less than the whole, where the field of the middle
    unit lies inside the input."""
    names = [name for name, *_ in traced.steps]
    fits = [name for name, _, found, _ in traced.steps
        if names.count(name) == 1 and name in traced.outputs and not any(found.whole)
        and None not in found.place and all(0 < low and high < pixels - 1
            for (low, high), pixels in zip(box_of(found), size[1:]))]
    return fits[-1]


def agreement(model: nn.Module) -> dict:
    "One layer, on an input twice as large where the network takes it: the rules and the gradients."
    for size in (LARGER, SIZE):
        try: traced = trace(model, size)
        except Exception:
            if size == SIZE: raise
            continue
        layer = fitting(traced, size)
        computed = box_of(traced.outputs[layer])
        measured = extent(effective_receptive_field(model, layer, size, mode="support"))
        return {"layer": layer, "pixels": size[1], "computed": [list(box) for box in computed],
            "measured": [list(box) for box in measured], "agree": computed == measured}


def look_at(name: str) -> dict:
    "Seconds, the fields, and the agreement."
    model, seconds = torchvision_network(name), []
    for _ in range(REPEATS):
        start = perf_counter()
        table = receptive_field(model, SIZE)
        seconds.append(perf_counter() - start)
    local = next((row.local_size for row in reversed(table.rows) if row.local_size), None)
    fields = {"receptive_field": table.size, "jump": table.stride,
        "effective_padding": table.padding, "local_receptive_field": local,
        "last_local_layer": table.last.name}
    return {"seconds": seconds, "rows": len(table.rows), **fields, **agreement(model)}


def main() -> None:
    names, values = sys.argv[1:] or NETWORKS, {}
    for name in names:
        torch.manual_seed(0)
        values[name] = look_at(name)
        found = values[name]
        print(f"{name:20} {median(found['seconds']):.2f} s  receptive field "
            f"{found['receptive_field']}, checked at {found['layer']}: "
            f"{'agrees' if found['agree'] else 'DISAGREES'}", flush=True)
    if sys.argv[1:]: return
    path = save_result("receptive_field", values, claim="Seconds for the exact table of a network, "
        "and whether the rules agree with the gradients at the last layer whose field fits into "
        "the input.", command="python benchmarks/receptive_field.py", repeats=REPEATS,
        data="random positive pictures")
    print(path)


if __name__ == "__main__": main()
