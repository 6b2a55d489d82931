"""Make the trained network that the package brings along:  python benchmarks/weights.py

Trains `quick` on the shapes, writes era_cifar/weights/quick-shapes.safetensors (16-bit weights, under 2 MB),
reads it back the way a user does, and writes what it reaches to era_cifar/results/quick_shapes.json.
Beside it stands what a plain logistic regression reaches on the same pictures.
"""
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
    return float(LogisticRegression(C=0.01, max_iter=200).fit(x, data.train.labels).score(x_test, data.test.labels))


def main() -> None:
    data = load_data("shapes")
    with tempfile.TemporaryDirectory() as folder: done = run("quick", data, Path(folder) / "run")
    weights = {name: value.half() if value.dtype == torch.float32 else value for name, value in done.model.state_dict().items()}
    path = Path(era_cifar.__file__).parent / "weights" / "quick-shapes.safetensors"
    path.parent.mkdir(exist_ok=True)
    save_file({name: value.contiguous() for name, value in weights.items()}, path, metadata={"config": json.dumps(done.config)})
    shipped = Run.pretrained("quick-shapes").predict(data.test).accuracy
    print(path, path.stat().st_size, "bytes:", save_result(
        "quick_shapes", {"test_accuracy": [done.history.rows[-1].test_accuracy], "shipped_test_accuracy": [shipped], "linear_test_accuracy": [linear_accuracy(data)], "seconds": [done.history.seconds], "bytes": path.stat().st_size},
        claim="Test accuracy on the shapes: the recipe 'quick', the same network as it is shipped, with 16-bit weights, and a logistic regression on raw pixels.", command="python benchmarks/weights.py", repeats=1, data="shapes"), shipped)


if __name__ == "__main__": main()
