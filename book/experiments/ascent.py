"""Gradient ascent on the pixels, with each regulariser on and off: what the explorable `ascent` shows.

    python book/experiments/ascent.py [--quick]

Each target climbs with every choice of four regularisers. Eight pictures on the way are a row of the target's sheet,
in WebP, which has the first picture, the same for all, in its first row alone. The scores before each step and after
the last are float16 in base64. All of it goes into src/convbook/explorables/ascent.json, which the page carries.
"""

import argparse
import base64
import io
import itertools
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from convbook.explorables.ascent import FRAMES, REGULARISERS, run_name
from convbook.models.pretrained import about, load_committed
from convbook.visualize import ascend, class_score, unit_score

OUT = Path(__file__).resolve().parents[2] / "src/convbook/explorables/ascent.json"
SEED, NOISE = 6, 0.3
QUALITY = 50  # of the WebP sheets
# name: net, target, and settings; a step has length lr times the root of the number of pixels
TARGETS = {
    "automobile": ("resnet20-cifar10", 1, {"lr": 0.05, "l2": 0.004, "blur": 0.6, "jitter": 3, "tv": 0.003}),
    "horse": ("resnet20-cifar10", 7, {"lr": 0.05, "l2": 0.004, "blur": 0.6, "jitter": 3, "tv": 0.003}),
    # the mean of a map is small beside a score, and so is what it is weighed against
    "channel 5 of stage 2": (
        "resnet20-cifar10",
        ("layer2", 5),
        {"lr": 0.05, "l2": 0.0008, "blur": 0.6, "jitter": 3, "tv": 0.0006},
    ),
    "the digit 3": ("tiny-digits", 3, {"lr": 0.05, "l2": 0.02, "blur": 0.6, "jitter": 2, "tv": 0.02}),
}


def objective(model, target):
    return unit_score(model, *target) if isinstance(target, tuple) else class_score(model, target)


def climb(name: str, chosen: tuple[str, ...], steps: int = FRAMES[-1]):
    """The pictures after 0, 1, ... steps, (steps + 1, C, H, W) with 0 for black and 1 for white, and the scores."""
    net, target, settings = TARGETS[name]
    facts = about(net)
    model = load_committed(net)
    start = NOISE * torch.randn(1, *facts["shape"], generator=torch.Generator().manual_seed(SEED))
    found = ascend(
        model, objective(model, target), start, steps, settings["lr"], seed=SEED, keep_every=1,
        **{regulariser: settings[regulariser] for regulariser in chosen},
    )  # fmt: skip
    mean, std = (torch.tensor(facts[key])[:, None, None] for key in ("mean", "std"))
    return (torch.cat(found.steps) * std + mean).numpy(), found.objective


def sheet(films: np.ndarray) -> str:
    """Films of pictures, (runs, frames, C, H, W), as rows of one sheet, in WebP, in base64."""
    runs, frames, channels, height, width = films.shape
    films = films.copy()
    films[1:, 0] = 0
    pixels = (255 * films.clip(0, 1)).round().astype(np.uint8).transpose(0, 3, 1, 4, 2)
    pixels = pixels.reshape(runs * height, frames * width, channels)
    file = io.BytesIO()
    Image.fromarray(pixels if channels == 3 else pixels[..., 0]).convert("RGB").save(
        file, "webp", quality=QUALITY, method=6
    )
    return base64.b64encode(file.getvalue()).decode()


def rounded(values) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only what no regulariser and all of them give")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    started, runs, sheets = time.time(), {}, {}
    choices = [tuple(c) for n in range(5) for c in itertools.combinations(REGULARISERS, n)]
    for name in TARGETS:
        films = []
        for chosen in choices if not options.quick else (choices[0], choices[-1]):
            pictures, scores = climb(name, chosen)
            pictures = pictures[list(FRAMES)]
            outside = ((pictures < 0) | (pictures > 1)).mean(axis=(1, 2, 3))
            runs[run_name(name, chosen)] = {
                "row": len(films),
                "scores": base64.b64encode(np.array(scores, "<f2").tobytes()).decode(),
                "outside": rounded(outside),
            }
            films.append(pictures)
            print(f"{name:21} {'+'.join(chosen):18} {scores[-1]:8.2f} outside {outside[-1]:.2f}", flush=True)
        sheets[name] = sheet(np.stack(films))
    record = {
        "seed": SEED,
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "device": f"cpu, {torch.get_num_threads()} thread",
        "seconds": round(time.time() - started, 1),
        "noise": NOISE,
        "frames": list(FRAMES),
        "targets": {
            name: {
                "net": net,
                "size": about(net)["shape"][1:],
                "target": list(target) if isinstance(target, tuple) else about(net)["classes"][target],
                "sheet": sheets[name],
                **settings,
            }
            for name, (net, target, settings) in TARGETS.items()
        },
        "runs": runs,
    }
    options.out.write_text(json.dumps(record, separators=(",", ":")) + "\n")
    print(f"{options.out.stat().st_size / 1000:.0f} kB in {record['seconds']} s")


if __name__ == "__main__":
    main()
