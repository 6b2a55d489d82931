"""How fast does the Trainer train?  python benchmarks/train.py   (needs: pip install lightning)

Trains two networks on drawn pictures of 32×32 with the standard policy, in turns, with nothing
else running. A turn is one epoch. The sides:
  trainer    our Trainer on our batch engine, in bf16 where the hardware has it, with channels_last:
             fit(1), which also tests on one picture
  bare       a plain PyTorch loop with the same loader, precision, layout, optimizer, schedule and
             loss
  lightning  Lightning's Trainer with the same, and with everything beside the loop switched off;
             its start-up before the epoch is not counted
  float32    our Trainer in float32 without channels_last
  student    the usual loop: float32, no channels_last, Albumentations picture by picture in a
             DataLoader with two workers, which stay
Every side reads the mean loss and the right answers of each batch. Between them, in the same turns,
large matrix products of the same machine.
Training is counted as 3 × 2 × the multiply-adds of the forward pass (forward, and twice as much
backward). It is divided by the whole time, in which pictures are also augmented and weights
updated. On a GPU float32 convolutions may use TF32, which the float32 product does not.
Then the peak memory of each side, after some steps in a process of its own, less that of a process
that has the same imports and pictures and trains nothing; the student's workers are not counted.
Writes era_cifar/results/train.json.
"""
import argparse
import logging
import re
import resource
import shlex
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import cv2
import lightning as L
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Dataset

from era_cifar.augment import POLICIES
from era_cifar.data import Data
from era_cifar.images import Images
from era_cifar.loaders import Loaders, make_loaders
from era_cifar.measure import Turns, in_turns, save_result
from era_cifar.one_cycle import one_cycle
from era_cifar.optimizers import adam, sgd
from era_cifar.workshop.pixels import normalise, to_batch
from era_cifar.quicknet import QuickNet
from era_cifar.receptive_field import summary
from era_cifar.resnet import CustomResNet
from era_cifar.shapes import make_shapes
from era_cifar.workshop.steps import import_albumentations
from era_cifar.train import Trainer
from era_cifar.workshop.precision import pick_device, pick_precision

LIGHTNING_PRECISION = {"float32": "32-true", "bf16": "bf16-mixed"}
# the Trainer's speed divided by the side's: at least so much
TARGETS = {"bare": .97, "student": 2.1, "lightning": 1.}
MATMUL = {"cpu": (4096, 2)}  # rows and columns, products in a turn
MATMUL_ON_GPU = (8192, 50)
MEMORY_STEPS = 3


@dataclass(frozen=True)
class Network:
    build: Callable[[], nn.Module]
    batch_size: int
    pictures: int  # in a turn
    optimizer: Callable[[nn.Module], Optimizer]
    max_lr: float  # of the one cycle
    label_smoothing: float = 0.


NETWORKS = {"custom_resnet": Network(CustomResNet, 128, 1024, partial(adam, weight_decay=1e-2),
    6.58e-4), "quick": Network(QuickNet, 256, 8192, partial(sgd, momentum=.9, nesterov=True,
    weight_decay=5e-4, decay_norms=False), .6, .2),}


class Clock:
    "Seconds that can be stopped: what happens meanwhile does not count."

    def __init__(self): self.lost, self.stopped = 0., None

    def __call__(self) -> float:
        return (time.perf_counter() if self.stopped is None else self.stopped) - self.lost

    def stop(self) -> None:
        if self.stopped is None: self.stopped = time.perf_counter()

    def go(self) -> None:
        if self.stopped is not None:
            self.lost, self.stopped = self.lost + time.perf_counter() - self.stopped, None


@dataclass(frozen=True)
class Job:
    """What the sides have in common: each takes its own model, optimizer, schedule and loader from
    here, all alike."""
    network: Network
    device: torch.device
    precision: str  # of the sides that may choose
    epochs: int  # turns altogether, for the schedule
    clock: Clock

    @cached_property
    def data(self) -> Data:
        return Data("shapes", make_shapes(self.network.pictures), make_shapes(1, seed=1))

    def loaders(self) -> Loaders:
        return make_loaders(self.data, POLICIES["standard"], self.network.batch_size,
            device=self.device)

    def parts(self) -> tuple[nn.Module, Optimizer, LRScheduler, nn.Module]:
        torch.manual_seed(0)
        network, model = self.network, self.network.build()
        if hasattr(model, "whiten"):
            model.whiten(normalise(to_batch(self.data.train.pixels[:1000]), self.data.mean,
                self.data.std))
        optimizer = network.optimizer(model)
        steps = self.epochs * -(-network.pictures // network.batch_size)
        return model, optimizer, one_cycle(optimizer, network.max_lr,
            steps), nn.CrossEntropyLoss(label_smoothing=network.label_smoothing)

    def wait(self) -> None:
        "Let the device finish what was asked of it."
        if self.device.type != "cpu": getattr(torch, self.device.type).synchronize()


Side = tuple[Callable[[], object], nn.Module | None]  # one epoch, and the model that it trains


def trainer_side(job: Job, precision: str, channels_last: bool) -> Side:
    model, optimizer, scheduler, loss_fn = job.parts()
    trainer = Trainer(model, job.loaders(), optimizer, scheduler, loss_fn, device=job.device,
        precision=precision, channels_last=channels_last, progress=False)
    return lambda: trainer.fit(1), model


def loop_side(job: Job, loader: Iterable, precision: str, layout: torch.memory_format) -> Side:
    "The loop that one writes without a library."
    model, optimizer, scheduler, loss_fn = job.parts()
    device, model = job.device, model.to(job.device, memory_format=layout)

    def work() -> tuple[float, float]:
        model.train()
        loss_sum, right, pictures = 0., 0, 0
        for x, y in loader:
            x, y = x.to(device, memory_format=layout, non_blocking=True), y.to(device,
                non_blocking=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
                logits = model(x)
            logits = logits.float()
            loss = loss_fn(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            loss_sum, right, pictures = loss_sum + loss.item() * len(y), right + (logits.argmax(1)
                == y).sum().item(), pictures + len(y)
        return loss_sum / pictures, right / pictures

    return work, model


class Pictures(Dataset):
    "Pictures one by one, through an Albumentations pipeline."

    def __init__(self, images: Images, pipeline: Callable):
        self.images, self.pipeline = images, pipeline

    def __len__(self) -> int: return len(self.images)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.pipeline(image=self.images.pixels[i])["image"], int(self.images.labels[i])


def student_loader(job: Job) -> DataLoader:
    """The standard policy as it is usually written. The workers stay, so that their start is not
    counted."""
    A = import_albumentations()
    pipeline = A.Compose([A.PadIfNeeded(40, 40, border_mode=cv2.BORDER_REFLECT_101),
        A.RandomCrop(32, 32), A.HorizontalFlip(p=.5), A.Normalize(job.data.mean, job.data.std),
        A.ToTensorV2()])
    return DataLoader(Pictures(job.data.train, pipeline), job.network.batch_size, shuffle=True,
        num_workers=2, persistent_workers=True, pin_memory=job.device.type == "cuda")


class Module(L.LightningModule):
    "The step of the plain loop. It keeps its sums itself: Lightning's log() would take longer."

    def __init__(self, parts: tuple[nn.Module, Optimizer, LRScheduler, nn.Module]):
        super().__init__()
        (self.model, self.optimizer, self.scheduler, self.loss_fn), self.sums = parts, [0., 0, 0]

    def configure_optimizers(self) -> dict:
        return {"optimizer": self.optimizer, "lr_scheduler": {"scheduler": self.scheduler,
            "interval": "step"}}

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        x, y = batch
        logits = self.model(x.contiguous(memory_format=torch.channels_last)).float()
        loss = self.loss_fn(logits, y)
        self.sums = [total + value for total, value in zip(self.sums,
            (loss.item() * len(y), (logits.argmax(1) == y).sum().item(), len(y)))]
        return loss


class TimeEpoch(L.Callback):
    "The clock goes from the start of an epoch to its end."

    def __init__(self, job: Job): self.job = job

    def on_train_epoch_start(self, *_) -> None: self.job.wait(), self.job.clock.go()

    def on_train_epoch_end(self, *_) -> None: self.job.wait(), self.job.clock.stop()


def lightning_side(job: Job) -> Side:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning.*")
    model, *others = job.parts()
    module, loader = Module((model.to(memory_format=torch.channels_last), *others)), job.loaders(
        ).train
    accelerator = {"cuda": "gpu"}.get(job.device.type, job.device.type)

    def work() -> None:
        job.clock.stop()  # barebones: no logger, checkpoints, progress bar or summary
        trainer = L.Trainer(accelerator=accelerator, devices=1,
            precision=LIGHTNING_PRECISION[job.precision], max_epochs=1, barebones=True,
            callbacks=[TimeEpoch(job)])
        trainer.fit(module, loader)
        job.clock.go()

    return work, model


SIDES: dict[str, Callable[[Job], Side]] = {
    "trainer": lambda job: trainer_side(job, job.precision, True),
    "bare": lambda job: loop_side(job, job.loaders().train, job.precision, torch.channels_last),
    "lightning": lightning_side,
    "float32": lambda job: trainer_side(job, "float32", False),
    "student": lambda job: loop_side(job, student_loader(job), "float32", torch.contiguous_format),
}


def matmul_side(job: Job, precision: str, size: int, times: int) -> Side:
    "Large square matrix products."
    a, b, out = (torch.randn(size, size, device=job.device,
        dtype=torch.bfloat16 if precision == "bf16" else torch.float32) for _ in range(3))

    def work() -> None:
        for _ in range(times): torch.mm(a, b, out=out)

    return work, None


def timed(job: Job, work: Callable[[], object]) -> Callable[[], None]:
    "The work, and the waiting for its end."
    def whole() -> None:
        work()
        job.wait()
    return whole


def spread_of(values: list[float]) -> dict:
    return {"median": median(values), "lowest": min(values), "highest": max(values),
        "values": values}


def rates(turns: Turns, side: str, amount: float) -> list[float]:
    return [amount / seconds for seconds in turns.of(side)]


def measure_speed(job: Job, rounds: int, size: int, times: int) -> dict:
    "All sides of a network in turns."
    sides = {name: build(job) for name, build in SIDES.items()}
    products = {precision: f"matmul {precision}" for precision in dict.fromkeys(
        (job.precision, "float32"))}
    sides |= {name: matmul_side(job, precision, size, times) for precision,
        name in products.items()}
    turns = in_turns({name: timed(job, work) for name, (work, _) in sides.items()}, rounds,
        clock=job.clock)
    # of one picture
    pictures, flop = job.network.pictures, 3 * 2 * summary(job.network.build()).total_mult_adds
    product_rates = {precision: rates(turns, name, times * 2 * size**3) for precision,
        name in products.items()}
    shares = {name: [a / b for a, b in zip(rates(turns, name, flop * pictures),
        product_rates[precision])] for name, precision in (("trainer", job.precision),
        ("float32", "float32"))}
    return {"batch_size": job.network.batch_size, "pictures_in_a_turn": pictures,
        "seconds": turns.seconds, "pictures_per_second": {
        name: spread_of(rates(turns, name, pictures)) for name in SIDES},
        "trainer_is_faster": {name: spread_of(turns.ratios(name, "trainer")) for name in SIDES
        if name != "trainer"}, "lightning_start_up_seconds": job.clock.lost / job.epochs,
        "training_flop_per_picture": flop, "matmul": {"size": size, "products_in_a_turn": times,
        "gflop_per_second": {name: spread_of([rate / 1e9 for rate in values]) for name,
        values in product_rates.items()}}, "gflop_per_second": {
        name: spread_of([rate / 1e9 for rate in rates(turns, name, flop * pictures)])
        for name in ("trainer", "float32")}, "share_of_matmul": {name: spread_of(values) for name,
        values in shares.items()}, "largest_difference_of_weights": {
        name: difference(sides["trainer"][1], sides[name][1]) for name in ("bare", "lightning")},}


def difference(a: nn.Module, b: nn.Module) -> float:
    """How far apart two networks are after the same training: the largest difference of any number
    in them."""
    return max((x.cpu().double() - y.cpu().double()).abs().max().item() for x,
        y in zip(a.state_dict().values(), b.state_dict().values()))


def peak_memory() -> int:
    """Bytes, at the highest point of this process. In Linux not from ru_maxrss: there a process
    begins with the peak of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists(): return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin"
        else 1024)


def print_memory(job: Job, side: str) -> None:
    """Train with one side (none: only hold the pictures), and print the peak in bytes, of this
    process and of the GPU."""
    student_loader(job), job.data.statistics  # held in each of the processes that are compared
    if side != "none": timed(job, SIDES[side](job)[0])()
    print(peak_memory(), torch.cuda.max_memory_allocated() if job.device.type == "cuda" else 0)


def measure_memory(name: str, words: argparse.Namespace) -> dict:
    "What each side takes beyond a process that only holds the pictures."
    peaks = {}
    for side in ("none", *SIDES):
        told = subprocess.run([sys.executable, __file__, "--memory", name, side, "--device",
            words.device, *(["--quick"] if words.quick else [])], stdout=subprocess.PIPE, text=True,
            check=True)
        peaks[side] = [int(number) for number in told.stdout.split()]
    return {"steps": MEMORY_STEPS, "none_bytes": peaks["none"][0],
        "bytes": {side: peaks[side][0] - peaks["none"][0] for side in SIDES},
        "gpu_bytes": {side: peaks[side][1] for side in SIDES}}


def cell(x: dict, digits: int) -> str:
    return f"{x['median']:.{digits}f} ({x['lowest']:.{digits}f}…{x['highest']:.{digits}f})"


def print_table(name: str, values: dict) -> None:
    print(f"\n{name}, batches of {values['batch_size']}: medians (lowest…highest)")
    print(f"{'side':10} {'pictures/s':>26} {'the Trainer is × as fast':>24} {'wanted':>6} "
        f"{'of matmul':>19} {'memory MB':>9}")
    for side, speed in values["pictures_per_second"].items():
        ratio, share = (cell(values[field][side], 3) if side in values[field] else ""
            for field in ("trainer_is_faster", "share_of_matmul"))
        print(f"{side:10} {cell(speed, 1):>26} {ratio:>24} {TARGETS.get(side, ''):>6} {share:>19} "
            f"{values['memory']['bytes'][side] / 2**20:>9.0f}")
    print("matmul GFLOP/s:", {precision: cell(x, 0) for precision,
        x in values["matmul"]["gflop_per_second"].items()}, " training:",
        {side: cell(x, 0) for side, x in values["gflop_per_second"].items()})
    print(f"Lightning's start-up, not counted: {values['lightning_start_up_seconds']:.2f} s an "
        "epoch")
    print("weights after the same training differ from the Trainer's by at most:",
        values["largest_difference_of_weights"])


def make_job(name: str, words: argparse.Namespace, steps: int | None = None) -> Job:
    """The common parts for a network, with as many pictures as were asked for, or as a number of
    steps needs."""
    network, device = NETWORKS[name], pick_device(words.device)
    if words.quick: network = replace(network, batch_size=32, pictures=64)
    pictures = network.batch_size * steps if steps else words.pictures or network.pictures
    precision = "bf16" if pick_precision("auto", device) == "bf16" else "float32"
    return Job(replace(network, pictures=pictures), device, precision, words.rounds + 1, Clock())


def read_words() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="that count")
    parser.add_argument("--pictures", type=int, help="in a turn; by default "
        f"{', '.join(f'{network.pictures:,} for {name}' for name, network in NETWORKS.items())}")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--folder", type=Path, help="where the result goes, era_cifar/results by "
        "default")
    parser.add_argument("--quick", action="store_true", help="tiny batches, to see that it runs; "
        "nothing is written without --folder")
    parser.add_argument("--memory", nargs=2, metavar=("NETWORK", "SIDE"), help=argparse.SUPPRESS)
    return parser, parser.parse_args()


def given(parser: argparse.ArgumentParser, words: argparse.Namespace) -> list[str]:
    "The options that are not at their default, as they are typed."
    changed = [option for option in ("rounds", "pictures", "device")
        if getattr(words, option) != parser.get_default(option)]
    return [word for option in changed for word in (f"--{option}", str(getattr(words, option)))] + [
        "--quick"] * words.quick


def main() -> None:
    parser, words = read_words()
    if words.memory:
        return print_memory(make_job(words.memory[0], words, MEMORY_STEPS), words.memory[1])
    device, values = pick_device(words.device), {}
    size, times = (512, 2) if words.quick else MATMUL.get(device.type, MATMUL_ON_GPU)
    for name in NETWORKS:
        values[name] = {"memory": measure_memory(name, words)}
        values[name] |= measure_speed(make_job(name, words), words.rounds, size, times)
        print_table(name, values[name])
    if words.quick and words.folder is None: return print("Nothing was written.")
    print(save_result("train", values | {"wanted": TARGETS, "device": device.type,
        "precision": make_job("quick", words).precision, "threads": torch.get_num_threads(),
        "versions": {name: version(name) for name in ("lightning", "albumentations", "numpy")}},
        claim="Seconds for an epoch of training with each side, in turns; trainer_is_faster: the "
        "side's seconds divided by the Trainer's in the same round; share_of_matmul: 3 × 2 × the "
        "forward's multiply-adds a second, divided by the rate of large matrix products; memory: "
        "the peak beyond a process that only holds the pictures.",
        command=shlex.join(["python", "benchmarks/train.py", *given(parser, words)]),
        repeats=words.rounds, data="drawn pictures of 32×32, with the policy 'standard'",
        folder=words.folder))


if __name__ == "__main__": main()
