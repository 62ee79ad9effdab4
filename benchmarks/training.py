"""How well and how fast `convbook.train` trains; writes ``benchmarks/results/training.json``.

python benchmarks/training.py [--threads 1] [--repeats 7]

On the CPU: the digits to 98 % in under a minute, and a training step of our ResNet-18 and ResNet-50 against
transformers' (the same architecture). On a GPU: ResNet-20 and the small net on CIFAR-10 (from ``CONVBOOK_DATA``
or by download) with the time that each took, and training steps against torchvision's. What a machine cannot measure
stays as it is in the file, null until a GPU has run it.
"""

import argparse
import datetime
import json
import statistics
import time
from pathlib import Path

import torch

from convbook import data
from convbook.models import create
from convbook.train import Options, fit
from convbook.train.batches import loss
from convbook.train.loop import make_optimizer
from convbook.train.recipes import recipe
from convbook.train.record import device_name

RESULTS = Path(__file__).parent / "results" / "training.json"
DIGITS = {"epochs": 40, "batch": 64}  # resnet20's further options are those of its recipe
SEEDS = range(5)
GOALS = {"resnet20": 0.90, "fast_net": 0.94}
BLANK = {
    "digits": None,
    "cpu_steps": None,
    "gpu_accuracy": dict.fromkeys(GOALS),
    "gpu_steps": {"resnet18": None, "resnet50": None},
}
HIDDEN = {"resnet18": ((64, 128, 256, 512), (2, 2, 2, 2)), "resnet50": ((256, 512, 1024, 2048), (3, 4, 6, 3))}


def digits() -> dict:
    """Test accuracy and seconds on the digits, by seed."""
    train, test = data.load("digits"), data.load("digits", "test")
    runs = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        options = Options(**recipe("resnet20", "digits") | DIGITS | {"lr": 0.1, "seed": seed, "device": "cpu"})
        log = fit(create("resnet20", in_channels=1), train, test, options)
        runs.append({"seed": seed, "test_accuracy": log["epochs"][-1]["test_accuracy"], "seconds": log["seconds"]})
    command = "python -m convbook.train --model resnet20 --data digits --epochs 40 --batch 64 --lr 0.1"
    return about(torch.device("cpu")) | {"command": command, "runs": runs}


def steps(names, others, device, batch, size, repeats, precision) -> dict:
    """Seconds of a training step of ours and of another implementation, interleaved; ratio above 1: ours is faster."""
    found = {}
    for name in names:
        nets = {"ours": create(name), "other": others(name)}
        counts = [sum(p.numel() for p in net.parameters()) for net in nets.values()]
        assert counts[0] == counts[1], f"{name} is not the same net: {counts}"
        x, y = torch.rand(batch, 3, size, size), torch.randint(0, 1000, (batch,))
        runs = {key: stepper(net, x, y, device, precision) for key, net in nets.items()}
        times = {key: [] for key in runs}
        for k in range(repeats + 2):
            for key in list(runs)[:: 1 if k % 2 else -1]:
                start = time.perf_counter()
                runs[key]()
                times[key].append(time.perf_counter() - start)
        seconds = {key: statistics.median(value[2:]) for key, value in times.items()}
        found[name] = about(device) | {
            "batch": batch, "size": size, "precision": precision, "repeats": repeats, "seconds": seconds,
            "images_per_second": batch / seconds["ours"], "ratio": seconds["other"] / seconds["ours"],
        }  # fmt: skip
    return found


def stepper(net, x, y, device, precision):
    memory = torch.channels_last
    net, x, y = net.to(device, memory_format=memory).train(), x.to(device).to(memory_format=memory), y.to(device)
    optimizer = make_optimizer(net, Options())

    def step():
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            out = net(x)
        optimizer.zero_grad()
        loss(getattr(out, "logits", out), y).backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return step


def transformers_net(name):
    from transformers import ResNetConfig, ResNetForImageClassification

    sizes, depths = HIDDEN[name]
    kind = "basic" if name == "resnet18" else "bottleneck"
    config = ResNetConfig(hidden_sizes=list(sizes), depths=list(depths), layer_type=kind, num_labels=1000)
    return ResNetForImageClassification(config)


def torchvision_net(name):
    import torchvision

    return getattr(torchvision.models, name)()


def gpu_accuracy(name) -> dict:
    train, test = data.load("cifar10"), data.load("cifar10", "test")
    torch.manual_seed(0)
    log = fit(create(name), train, test, Options(**recipe(name, "cifar10")), progress=True)
    goal = [row["epoch"] for row in log["epochs"] if row["test_accuracy"] >= GOALS[name]]
    return about(torch.device("cuda")) | {
        "command": f"python -m convbook.train --model {name} --data cifar10",
        "source": train.source,
        "test_accuracy": log["epochs"][-1]["test_accuracy"],
        "goal": GOALS[name],
        "seconds": log["seconds"],
        "seconds_to_goal": sum(row["seconds"] for row in log["epochs"][: goal[0]]) if goal else None,
    }


def about(device) -> dict:
    now = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"device": device_name(device), "torch": str(torch.__version__), "date": now}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = BLANK | (json.loads(RESULTS.read_text()) if RESULTS.exists() else {})
    names, cpu = list(HIDDEN), torch.device("cpu")
    results["digits"] = digits()
    results["cpu_steps"] = {"against": "transformers"} | steps(
        names, transformers_net, cpu, 8, 128, arguments.repeats, "float32"
    )
    if torch.cuda.is_available():
        cuda = torch.device("cuda")
        results["gpu_steps"] = {"against": "torchvision"} | steps(
            names, torchvision_net, cuda, 256, 224, 5 * arguments.repeats, "bfloat16"
        )
        results["gpu_accuracy"] = {name: gpu_accuracy(name) for name in GOALS}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
