"""Make the sample of CIFAR-10 that comes with the package:   python tools/pack_sample.py FOLDER

FOLDER holds train/CLASS/*.jpg and test/CLASS/*.jpg of the JPEG copy. 500 images of each class are
taken from train and 100 from test. The files of the copy share one header; it is stored once,
followed by what differs: 6,000 images in less than 2 MB.
"""
import argparse
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "era_cifar/pictures/cifar10-sample.npz"
PARTS = {"train": 500, "test": 100}  # images of each class


def choose(folder: Path, part: str, n: int) -> tuple[list[Path], list[int]]:
    "n files of each class, in random order, with their labels."
    generator = np.random.default_rng(0)
    classes = sorted(path.name for path in (folder / part).iterdir() if path.is_dir())
    files, labels = [], []
    for label, name in enumerate(classes):
        known = sorted((folder / part / name).glob("*.jpg"))
        if len(known) < n: raise SystemExit(f"{folder / part / name} holds {len(known)} images.")
        files += [known[i] for i in sorted(generator.permutation(len(known))[:n])]
        labels += [label] * n
    order = generator.permutation(len(files))
    return [files[i] for i in order], [labels[i] for i in order]


def common_start(contents: list[bytes]) -> int:
    "How many bytes all contents begin with."
    low, high = min(contents), max(contents)
    same = (i for i, (a, b) in enumerate(zip(low, high)) if a != b)
    return next(same, min(len(low), len(high)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    arrays, contents = {}, []
    for part, n in PARTS.items():
        files, labels = choose(folder, part, n)
        contents += [path.read_bytes() for path in files]
        arrays[f"{part}_labels"] = np.array(labels, np.uint8)
    start = common_start(contents)
    arrays["header"] = np.frombuffer(contents[0][:start], np.uint8)
    arrays["bodies"] = np.frombuffer(b"".join(content[start:] for content in contents), np.uint8)
    arrays["lengths"] = np.array([len(content) - start for content in contents], np.uint16)
    OUT.parent.mkdir(exist_ok=True)
    np.savez(OUT, **arrays)
    print(f"{OUT}: {len(contents)} images, header of {start} bytes, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__": main()
