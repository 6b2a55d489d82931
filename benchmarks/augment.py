"""How fast does each engine change pictures?  python benchmarks/augment.py   (needs: kornia)

Sends 20,000 random pictures of 32×32 in batches of 512 through three policies, in turns, with
nothing else running: our batch engine, Albumentations in this process and with two persistent
workers, torchvision's v2 transforms and kornia. Every side ends in normalised float batches. Then,
each in a process of its own, the peak memory of the batch engine. Writes
era_cifar/results/augment.json.
"""
import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from era_cifar.augment import POLICIES, Cutout, Policy, reseed
from era_cifar.images import Images
from era_cifar.loaders import BatchLoader, ImageLoader
from era_cifar.measure import in_turns, save_result

MEAN, STD = (.4914, .4822, .4465), (.2470, .2435, .2616)
FILL = [round(255 * value) for value in MEAN]
PICTURES, BATCH, BIG_BATCH = 20_000, 512, 8192
SIDES = {"standard": POLICIES["standard"],
    "hole": Policy([*POLICIES["standard"].steps, Cutout(16)]), "s10": POLICIES["s10"]}


def random_pictures(n: int) -> Images:
    return Images(np.random.default_rng(0).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8),
        np.zeros(n, dtype=np.int64), ("noise",))


def torchvision_steps(name: str) -> list:
    "The policy with torchvision's transforms, for one picture (3, 32, 32) uint8."
    from torchvision.transforms import v2
    crop_and_flip = [v2.RandomCrop(32, 4, padding_mode="reflect"), v2.RandomHorizontalFlip()]
    colors = [v2.RandomApply([v2.ColorJitter(0, .1, .2, .1)], p=.5), v2.RandomGrayscale(.2)]
    holes = {"hole": .25, "s10": 1 / 16}  # the area of the hole, as a part of the picture
    hole = [v2.RandomErasing(1, (holes[name],) * 2, (1, 1), FILL)] if name in holes else []
    return [*(colors if name == "s10" else []), *crop_and_flip, *hole,
        v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]


def kornia_steps(name: str) -> list:
    "The policy with kornia's transforms, for a batch (B, 3, 32, 32) float in 0…1."
    from kornia import augmentation as K
    crop_and_flip = [K.RandomCrop((32, 32), padding=4, padding_mode="reflect"),
        K.RandomHorizontalFlip()]
    colors = [K.ColorJitter(0., .1, .2, .1, p=.5), K.RandomGrayscale(p=.2)]
    holes = {"hole": .25, "s10": 1 / 16}
    hole = [K.RandomErasing((holes[name],) * 2, (1., 1.), value=.47, p=1.)] if name in holes else []
    return [*(colors if name == "s10" else []), *crop_and_flip, *hole,
        K.Normalize(torch.tensor(MEAN), torch.tensor(STD))]


def torchvision_batches(images: Images, name: str) -> Iterable[Tensor]:
    from torchvision.transforms import v2
    change = v2.Compose(torchvision_steps(name))
    x = torch.from_numpy(images.pixels).permute(0, 3, 1, 2).contiguous()
    for index in torch.randperm(len(x)).split(BATCH):
        yield torch.stack([change(picture) for picture in x[index]])


def kornia_batches(images: Images, change: Callable[[Tensor], Tensor]) -> Iterable[Tensor]:
    x = torch.from_numpy(images.pixels).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        for index in torch.randperm(len(x)).split(BATCH): yield change(x[index].float() / 255)


def exhaust(batches: Iterable) -> None:
    for _ in batches: pass


def sides(name: str, images: Images) -> dict[str, Callable[[], None]]:
    "What is compared for one policy. The workers are started here and stay."
    from kornia.augmentation import AugmentationSequential
    policy = SIDES[name]
    batch = BatchLoader(images, policy.per_batch(MEAN, STD, 0), BATCH, True)
    floor = BatchLoader(images, Policy().per_batch(MEAN, STD, 0), BATCH, True)
    alone, helped = (ImageLoader(images, policy, MEAN, STD, BATCH, workers=workers)
        for workers in (0, 2))
    kornia = AugmentationSequential(*kornia_steps(name), data_keys=["input"])
    return {"batch": lambda: exhaust(batch), "Albumentations, 0 workers": lambda: exhaust(alone),
        "Albumentations, 2 workers": lambda: exhaust(helped),
        "torchvision v2": lambda: exhaust(torchvision_batches(images, name)),
        "kornia": lambda: exhaust(kornia_batches(images, kornia)), "floor": lambda: exhaust(floor)}


def in_use(field: str) -> int:
    "Bytes of memory of this process, now (VmRSS) or at the peak (VmHWM)."
    return 1024 * int(re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def print_memory(name: str) -> None:
    """By how much one big batch raises the peak memory of this process, in sizes of the batch that
    comes out."""
    augment, images = SIDES[name].per_batch(MEAN, STD, 0), random_pictures(BIG_BATCH)
    x = torch.from_numpy(images.pixels).permute(0, 3, 1, 2)
    for step in range(3): augment(x[:64], step=step)
    # Linux: the peak starts again from what is in use now
    Path("/proc/self/clear_refs").write_text("5")
    before = in_use("VmRSS")
    out = augment(x)
    print((in_use("VmHWM") - before) / (out.numel() * 4))


def reseed_microseconds(repeats: int = 200) -> float:
    "What it takes to give the transforms of s10 new random streams."
    pipeline = SIDES["s10"].per_image(MEAN, STD, 0)
    times = []
    for step in range(repeats):
        start = time.perf_counter()
        reseed(pipeline, 0, 0, step)
        times.append(time.perf_counter() - start)
    return 1e6 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds that count")
    parser.add_argument("--memory", choices=list(SIDES), help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.memory: return print_memory(words.memory)
    images, seconds, ratios, memory = random_pictures(PICTURES), {}, {}, {}
    for name in SIDES:
        turns = in_turns(sides(name, images), repeats=words.repeats)
        seconds[name] = turns.seconds
        ratios[name] = turns.ratio("Albumentations, 2 workers", "batch")
        memory[name] = float(subprocess.run([sys.executable, __file__, "--memory", name],
            capture_output=True, text=True, check=True).stdout)
        rates = {side: f"{PICTURES / np.median(values):,.0f}/s"
            for side, values in seconds[name].items()}
        print(name, f"{ratios[name]:.1f} times Albumentations with 2 workers, memory "
            f"{memory[name]:.1f}", rates, flush=True)
    save_result("augment", {"pictures": PICTURES, "seconds": seconds, "ratios": ratios,
        "memory": memory, "reseed_microseconds": reseed_microseconds()}, repeats=words.repeats,
        command="python benchmarks/augment.py", data=f"{PICTURES:,} random pictures of 32×32, "
        f"batches of {BATCH}", claim="Seconds to augment all pictures once, per policy and engine; "
        "ratios: Albumentations with 2 workers to the batch engine (median over rounds); memory: "
        "the rise of peak memory in sizes of the batch that comes out.")


if __name__ == "__main__": main()
