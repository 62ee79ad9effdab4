"""How fast detection's parts are against ONNX Runtime on the CPU, and on a GPU where there is one.

    python benchmarks/detection.py [--repeats 15] [--threads 1]

Non-maximum suppression of 10,000 boxes, spread or in crowds; IoU of 5,000 x 5,000 boxes; RoI align of 512 regions.
Runs are interleaved and medians taken; results must agree before anything is timed. Writes seconds and ratios to
benchmarks/results/detection.json; what needs a GPU, torchvision's timings among it, is null where there is none.
"""

import json
import platform
import statistics
import sys
import time
from pathlib import Path

import click
import numpy as np
import onnxruntime
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import onnx_graphs  # noqa: E402

from convbook import detection as reference  # noqa: E402
from convbook.detection import ops, roi_ops  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "detection.json"


def spread(rng, count: int) -> np.ndarray:
    """Boxes of all sizes anywhere in a large picture."""
    corner, size = rng.uniform(0, 1000, (count, 2)), np.exp(rng.uniform(np.log(8), np.log(200), (count, 2)))
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def crowds(rng, count: int) -> np.ndarray:
    """What a detector proposes: 200 objects, each with many boxes around it."""
    objects = spread(rng, 200)[rng.integers(0, 200, count)]
    side = np.tile(objects[:, 2:] - objects[:, :2], 2)
    boxes = objects + rng.normal(0, 0.08, (count, 4)) * side
    return np.concatenate([boxes[:, :2], np.maximum(boxes[:, 2:], boxes[:, :2] + 1)], axis=1).astype(np.float32)


def medians(runs: dict, repeats: int) -> dict[str, float]:
    """Median seconds of each run, interleaved, forwards and backwards in turn."""
    times = {name: [] for name in runs}
    for k in range(repeats + 1):
        for name in list(runs)[:: 1 if k % 2 else -1]:
            start = time.perf_counter()
            runs[name]()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def on_gpu(function, *arrays):
    """A run of the function with its tensors on the GPU, waited for; None without one."""
    if not torch.cuda.is_available():
        return {}
    there = [a.cuda() if isinstance(a, torch.Tensor) else a for a in arrays]

    def run():
        function(*there)
        torch.cuda.synchronize()

    return {"ours on GPU": run}


def torchvision_on_gpu(name: str, *arrays):
    """The same with torchvision's operator, if it is installed where the GPU is."""
    try:
        from torchvision import ops as theirs
    except ImportError:
        return {}
    return {f"torchvision {key}": run for key, run in on_gpu(getattr(theirs, name), *arrays).items()}


def nms_runs(boxes: np.ndarray, rng, threads: int) -> tuple[dict, int]:
    scores = rng.permutation(len(boxes)).astype(np.float32) / len(boxes)
    tensors, session = (torch.from_numpy(boxes), torch.from_numpy(scores)), onnx_graphs.nms_session(0.5, threads)
    ours, theirs = ops.nms(*tensors, 0.5).numpy(), session(boxes, scores[None])[:, 1]
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(ours, reference.nms(boxes, scores, 0.5))
    runs = {
        "ours": lambda: ops.nms(*tensors, 0.5),
        "reference in NumPy": lambda: reference.nms(boxes, scores, 0.5),
        "ONNX Runtime": lambda: session(boxes, scores[None]),
    }
    return runs | on_gpu(ops.nms, *tensors, 0.5) | torchvision_on_gpu("nms", *tensors, 0.5), len(ours)


def iou_runs(rng, threads: int) -> dict:
    a, b = spread(rng, 5000), spread(rng, 5000)
    tensors, session = (torch.from_numpy(a), torch.from_numpy(b)), onnx_graphs.iou_session(threads)
    np.testing.assert_allclose(ops.box_iou(*tensors), session(a, b), atol=1e-5)
    runs = {
        "ours": lambda: ops.box_iou(*tensors),
        "reference in NumPy": lambda: reference.box_iou(a, b),
        "ONNX Runtime": lambda: session(a, b),
    }
    return runs | on_gpu(ops.box_iou, *tensors) | torchvision_on_gpu("box_iou", *tensors)


def roi_align_runs(rng, threads: int) -> dict:
    feats = rng.standard_normal((1, 64, 50, 68), np.float32)
    rois = spread(rng, 512)
    tensors = torch.from_numpy(feats), torch.from_numpy(rois)[None]
    session = onnx_graphs.roi_align_session((7, 7), 1 / 16, 2, "half_pixel", threads)
    theirs = session(feats, rois, np.zeros(512, np.int64))
    np.testing.assert_allclose(roi_ops.roi_align(*tensors, 7, 1 / 16)[0], theirs, atol=1e-4)
    runs = {
        "ours": lambda: roi_ops.roi_align(*tensors, 7, 1 / 16),
        "reference in NumPy": lambda: reference.roi_align(feats[0], rois, 7, 1 / 16),
        "ONNX Runtime": lambda: session(feats, rois, np.zeros(512, np.int64)),
    }
    return runs | on_gpu(roi_ops.roi_align, *tensors, 7, 1 / 16)


def entry(seconds: dict, **more) -> dict:
    """Seconds, and ours over theirs."""
    seconds = {name: float(f"{value:.4g}") for name, value in seconds.items()}
    gpu, theirs = seconds.get("ours on GPU"), seconds.get("torchvision ours on GPU")
    return more | {
        "seconds": seconds,
        "ours_over_onnxruntime": round(seconds["ours"] / seconds["ONNX Runtime"], 3),
        "ours_over_torchvision_on_gpu": round(gpu / theirs, 3) if gpu and theirs else None,
    }


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--repeats", default=15, show_default=True, help="runs that the median is taken of")
@click.option("--threads", default=1, show_default=True, help="of PyTorch and of ONNX Runtime")
def main(repeats: int, threads: int) -> None:
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    rng = np.random.default_rng(0)
    tasks = {}
    for name, draw in (("nms 10,000 spread", spread), ("nms 10,000 in crowds", crowds)):
        runs, kept = nms_runs(draw(rng, 10_000), rng, threads)
        tasks[name] = entry(medians(runs, repeats), kept=kept)
    tasks["iou 5,000 x 5,000"] = entry(medians(iou_runs(rng, threads), repeats))
    tasks["roi align 512 of 64x50x68"] = entry(medians(roi_align_runs(rng, threads), repeats))
    for name, task in tasks.items():
        click.echo(f"{name:28} {task['ours_over_onnxruntime']:6.2f} of ONNX Runtime's time  {task['seconds']}")
    versions = {"numpy": np.__version__, "torch": torch.__version__, "onnxruntime": onnxruntime.__version__}
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    record = {"versions": versions, "machine": platform.machine(), "threads": threads, "gpu": gpu, "tasks": tasks}
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
