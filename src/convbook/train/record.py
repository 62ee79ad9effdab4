"""What a run writes down about itself, and its weights."""

import platform
import zlib
from pathlib import Path

import numpy as np
import torch

from convbook.train.checkpoint import write


def begin(model, train, test, options, device, mean, std) -> dict:
    """A log without epochs."""
    return {
        "options": options.as_dict(),
        "data": {
            "source": train.source,
            "classes": list(train.classes),
            "train": [len(train), fingerprint(train)],
            "test": [len(test), fingerprint(test)],
            "shape": list(train.images.shape[1:]),
            "mean": mean,
            "std": std,
        },
        "model": {
            "class": type(model).__name__,
            "parameters": sum(p.numel() for p in model.parameters()),
            "initial": crc(model.state_dict()),
        },
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__},
        "device": device_name(device),
        "seconds": 0.0,
        "epochs": [],
    }


def fingerprint(images) -> str:
    return f"{zlib.crc32(images.labels.tobytes(), zlib.crc32(images.images.tobytes())):08x}"


def crc(state) -> str:
    """Checksum of a model's weights, to see whether two runs began with the same ones."""
    value = 0
    for name in sorted(state):
        value = zlib.crc32(state[name].detach().cpu().contiguous().numpy().tobytes(), zlib.crc32(name.encode(), value))
    return f"{value:08x}"


def device_name(device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{processor()}, {torch.get_num_threads()} threads"


def processor() -> str:
    """The processor's name, as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def line(figures) -> str:
    """An epoch in one line.

    >>> line({"epoch": 3, "train_loss": 1.25, "test_loss": 1.5, "test_accuracy": 0.5, "seconds": 2.0, "lr": 0.1})
    'epoch 3: train loss 1.250, test loss 1.500, test accuracy 50.00 %, lr 0.1000, 2.0 s'
    """
    return (
        f"epoch {figures['epoch']}: train loss {figures['train_loss']:.3f}, test loss {figures['test_loss']:.3f}, "
        f"test accuracy {100 * figures['test_accuracy']:.2f} %, lr {figures['lr']:.4f}, {figures['seconds']:.1f} s"
    )


def save_weights(model, path: Path, dtype=None) -> None:
    """Write the model's state as safetensors; with ``dtype`` its floating point numbers in that."""
    from safetensors.torch import save

    state = {
        name: value.detach().cpu().to(dtype if dtype and value.is_floating_point() else value.dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    write(Path(path), lambda file: file.write(save(state)))
