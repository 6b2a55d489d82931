"""Make the trained networks that the package brings along.

    python benchmarks/weights.py                            quick on the shapes
    python benchmarks/weights.py --data path/to/cifar10     quick on a folder of pictures

Writes era_cifar/weights/quick-NAME.safetensors (16-bit weights, under 2 MB), reads it back the way
a user does, and writes what it reaches to era_cifar/results/quick_NAME.json. For the shapes, what a
plain logistic regression reaches stands beside it.
"""
import argparse
import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression

import era_cifar
from era_cifar.data import Data, load_data
from era_cifar.measure import save_result
from era_cifar.run import Run, run


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
    parser.add_argument("--data", default="shapes",
        help="a name that load_data knows, or a folder of pictures")
    parser.add_argument("--label", default="CIFAR-10 (JPEG copy)",
        help="how the data is called in the result, unless it is the shapes")
    words = parser.parse_args()
    data = load_data(words.data)
    drawn = data.name == "shapes"
    with tempfile.TemporaryDirectory() as folder: done = run("quick", data, Path(folder) / "run")
    path = ship(done)
    values = {"test_accuracy": [done.history.rows[-1].test_accuracy],
        "shipped_test_accuracy": [Run.pretrained(path.stem).predict(data.test).accuracy],
        "seconds": [done.history.seconds], "bytes": path.stat().st_size}
    if drawn: values["linear_test_accuracy"] = [linear_accuracy(data)]
    beside = "; beside it a logistic regression on raw pixels." if drawn else "."
    claim = "Test accuracy: the recipe 'quick', and the same network as it is shipped, with 16-bit "
    claim += "weights" + beside
    command = "python benchmarks/weights.py" + ("" if drawn else " --data path/to/cifar10")
    saved = save_result(f"quick_{data.name}", values, claim=claim, command=command, repeats=1,
        data="shapes" if drawn else words.label)
    print(path, values, saved)


if __name__ == "__main__": main()
