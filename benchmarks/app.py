"""How many visitors does the web demo serve? Requests a second, waiting times and memory.

    python benchmarks/app.py

Starts the command era_cifar_app in a process of its own, lets 1, 10 and 50 visitors ask at once
about a picture of 900 × 900 pixels with two GradCAM maps, each as soon as its last answer has
come, and writes era_cifar/results/app.json. Needs Linux, for the memory of the process.
"""
import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from PIL import Image

from era_cifar.app import MOST_WAITING, PREDICTED
from era_cifar.data import load_data
from era_cifar.measure import save_result

COMMAND = "import sys; from era_cifar.cli import app_command; sys.exit(app_command())"
CLIENTS = (1, 10, 50)


def send(address: str, path: str, body: bytes | None, kind: str = "application/json") -> bytes:
    "Send a request; the content of the answer."
    with urlopen(Request(address + path, body, {"Content-Type": kind}), timeout=600) as answer:
        return answer.read()


def upload(address: str) -> str:
    "Upload a photograph of 900 × 900 pixels; its path on the server."
    file, pixels = io.BytesIO(), load_data("cifar10-sample").test.pixels[0]
    Image.fromarray(pixels).resize((900, 900), Image.Resampling.BICUBIC).save(file, "JPEG")
    form = (b'--line\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + file.getvalue() + b"\r\n--line--\r\n")
    return json.loads(send(address, "/gradio_api/upload", form,
        "multipart/form-data; boundary=line"))[0]


def ask(address: str, path: str) -> tuple[float, bool]:  # seconds, and whether it was answered
    "Ask one question and wait for the answer."
    file, start = {"path": path, "meta": {"_type": "gradio.FileData"}}, time.perf_counter()
    values = [file, 3, ["layer1", "layer2"], .5, PREDICTED]
    try:
        event = json.loads(send(address, "/gradio_api/call/classify",
            json.dumps({"data": values}).encode()))["event_id"]
        answer = send(address, f"/gradio_api/call/classify/{event}", None)
    except HTTPError: answer = b""
    return time.perf_counter() - start, answer.startswith(b"event: complete")


def memory(process: subprocess.Popen) -> int:  # MB
    "The resident memory of a process."
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def measure(address: str, process: subprocess.Popen, path: str, clients: int, n: int) -> dict:
    "n questions from so many visitors at once."
    before, start = memory(process), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        found = list(pool.map(lambda _: ask(address, path), range(n)))
    wall = time.perf_counter() - start
    times = sorted(seconds for seconds, answered in found if answered)
    if not times: raise SystemExit(f"Not one of {n} questions was answered.")
    return {"requests": n, "answered": len(times), "refused": n - len(times), "wall": wall,
        "per_second": len(times) / wall, "seconds": [round(value, 4) for value in times],
        "p50": times[len(times) // 2], "p95": times[int(.95 * len(times))],
        "memory_before": before, "memory_after": memory(process)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200, help="for each number of visitors")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as uploads:
        process = subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE,
            text=True, env=os.environ | {"GRADIO_TEMP_DIR": uploads})
        try:
            address = process.stdout.readline().split()[4].rstrip("/")
            path, values = upload(address), {"waiting": MOST_WAITING}
            ask(address, path)  # the first answer takes longer
            for clients in CLIENTS:
                values[str(clients)] = measure(address, process, path, clients, words.requests)
                print(clients, {name: value for name, value in values[str(clients)].items()
                    if name != "seconds"}, flush=True)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    option = "" if words.requests == 200 else f" --requests {words.requests}"
    print(save_result("app", values, claim="The web demo of quick-cifar10 answers every one of 50 "
        "visitors who ask at once, each question with two GradCAM maps.",
        command=f"python benchmarks/app.py{option}", repeats=words.requests,
        data="CIFAR-10 (JPEG copy)"))


if __name__ == "__main__": main()
