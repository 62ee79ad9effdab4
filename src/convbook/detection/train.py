"""Training of what this package has, on drawn pictures or on photographs with boxes.

    python -m convbook.detection.train --task localiser
    python -m convbook.detection.train --task faster-rcnn --minutes 5 --save detector
    python -m convbook.detection.train --task faster-rcnn --data bccd --size 120 160 --test-proposals 200

``--minutes`` bounds the time of the steps; the learning rate follows the clock, so that it always ends at zero.
Prints a line an interval and, with ``--save NAME``, writes NAME.safetensors and the log NAME.json.
"""

import json
import platform
import time
from pathlib import Path

import click
import numpy as np
import torch

from convbook.detection import coco_ap
from convbook.detection.backbone import SmallBackbone, as_input
from convbook.detection.faster_rcnn import FasterRCNN
from convbook.detection.localiser import Localiser
from convbook.detection.ops import box_iou
from convbook.detection.scenes import Scenes, flipped, padded
from convbook.detection.segmentation import Segmenter, mean_iou
from convbook.detection.shapes import make_scenes
from convbook.detection.sliding import WindowClassifier
from convbook.detection.voc import find, load_voc

WHOLE, ABOVE_0 = click.IntRange(1), click.FloatRange(0, min_open=True)
TASKS = ("localiser", "sliding", "faster-rcnn", "segmentation")


def shape_sets(task: str, size, count: int, difficulty: float, seed: int) -> tuple[Scenes, Scenes]:
    """Drawn pictures to train and to test on: different seeds, one larger object for the localiser."""
    options = {"objects": (1, 1), "sides": (0.3, 0.7)} if task == "localiser" else {"objects": (1, 5)}
    train, test = (
        make_scenes(n, size, difficulty=difficulty, seed=k, **options)
        for n, k in ((count, 2 * seed), (min(count, 500), 2 * seed + 1))
    )
    return train, test


def make_model(task: str, classes: int, size, channels: int = 64, scales=(12, 18, 26)) -> torch.nn.Module:
    """A new model: stride 8 for the localiser, 4 for the others."""
    if task == "localiser":
        return Localiser(SmallBackbone(channels, 8, 2), classes, size)
    if task == "faster-rcnn":
        return FasterRCNN(SmallBackbone(channels, 4, 3), classes, scales)
    if task == "sliding":
        return WindowClassifier(classes)
    return Segmenter(SmallBackbone(channels, 4, 3), classes)


def batch_loss(task: str, model, scenes: Scenes, targets, index: np.ndarray, flip: bool, device) -> dict:
    """Losses of the pictures in ``index``, all turned left to right or none."""
    boxes, labels, valid = (array[index] for array in targets)
    images, masks = scenes.images[index], None if scenes.masks is None else scenes.masks[index]
    if flip:
        images, turned, masks = flipped(images, boxes, masks)
        boxes = np.where(valid[..., None], turned, 0)
    images = as_input(np.ascontiguousarray(images), device)
    boxes, labels, valid = (torch.from_numpy(array).to(device) for array in (boxes, labels, valid))
    if task == "localiser":
        return model.loss(images, boxes[:, 0], labels[:, 0])
    if task in ("faster-rcnn", "sliding"):
        return model.loss(images, boxes, labels, valid)
    return model.loss(images, torch.from_numpy(np.ascontiguousarray(masks)).to(device).long())


@torch.no_grad()
def evaluate(task: str, model, scenes: Scenes, device="cpu", batch: int = 50) -> dict[str, float]:
    """What counts: mean IoU and accuracy of the localiser, COCO's AP of the detector, mean IoU of the pixels."""
    model.eval()
    parts = [as_input(scenes.images[k : k + batch], device) for k in range(0, len(scenes), batch)]
    if task == "localiser":
        scores, boxes = (torch.cat(x).cpu() for x in zip(*map(model, parts), strict=True))
        truth = torch.from_numpy(np.stack([b[0] for b in scenes.boxes])).float()
        iou = box_iou(boxes[:, None], truth[:, None]).flatten()
        right = scores.argmax(1) == torch.from_numpy(np.concatenate(scenes.labels))
        return {"mean_iou": float(iou.mean()), "iou_above_half": float((iou > 0.5).float().mean())} | {
            "accuracy": float(right.float().mean())
        }
    if task in ("faster-rcnn", "sliding"):
        found = [d for part in parts for d in model.detect(part)]
        return coco_ap(found, scenes.objects())
    predicted = torch.cat([model(part).argmax(1).cpu() for part in parts])
    masks = torch.from_numpy(scenes.masks).long()
    return {"pixel_iou": mean_iou(predicted, masks, len(scenes.classes))} | {
        "accuracy": float((predicted == masks).float().mean())
    }


def fit(
    task: str,
    model,
    train: Scenes,
    *,
    seconds: float,
    batch: int = 32,
    lr: float = 2e-3,
    seed: int = 0,
    device="cpu",
    bfloat16: bool = True,
    steps: int | None = None,
    say=print,
) -> list[dict]:
    """Train ``model`` for so many ``seconds``, or ``steps`` if they come first. Returns the log: losses now and then.

    AdamW, the rate rising over the first twentieth and falling to 0 as a cosine. With the same steps and threads
    a run repeats; with seconds alone the number of steps is the machine's.
    """
    if not len(train):
        raise ValueError("there is nothing to train on: the set is empty")
    if not seconds > 0:
        raise ValueError(f"seconds must be above 0, got {seconds}")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr, weight_decay=1e-3)
    targets, queue = padded(train.boxes, train.labels), np.zeros(0, int)
    log: list[dict] = []
    sums: dict[str, float] = {}
    start, step, past, used = time.monotonic(), 0, 0.0, 0

    def report() -> None:
        nonlocal sums, used
        row = {"step": step, "seconds": round(time.monotonic() - start, 1)}
        log.append(row | {name: round(value / used, 4) for name, value in sums.items()})
        say("  ".join(f"{name} {value}" for name, value in log[-1].items()))
        sums, used = {}, 0

    while True:
        past = max((time.monotonic() - start) / seconds, step / steps if steps else 0)
        if past >= 1:
            break
        model.train()
        if len(queue) < batch:
            queue = np.concatenate([queue, *(rng.permutation(len(train)) for _ in range(-(-batch // len(train))))])
        index, queue = queue[:batch], queue[batch:]
        for group in optimizer.param_groups:
            group["lr"] = lr * min(past * 20 + 0.02, 0.5 + 0.5 * np.cos(np.pi * past))
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
            losses = batch_loss(task, model, train, targets, index, rng.random() < 0.5, device)
        total = sum(losses.values())
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        step, used = step + 1, used + 1
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if used == 50:
            report()
    if used:
        report()
    return log


def record(options: dict, log: list, figures: dict, wall: float, processor: float, device: str) -> dict:
    """What a log says of its run."""
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    return {
        "options": options,
        "versions": versions,
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        "threads": torch.get_num_threads(),
        "seconds": round(wall, 1),
        "processor_seconds": round(processor, 1),
        "figures": {name: None if np.isnan(value) else round(value, 4) for name, value in figures.items()},
        "log": log,
    }


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--task", type=click.Choice(TASKS), default="faster-rcnn", show_default=True)
@click.option("--data", default="shapes", show_default=True, help="shapes, bccd, or a folder or tar in VOC's layout")
@click.option("--size", type=(WHOLE, WHOLE), default=(64, 64), show_default=True, help="height and width")
@click.option("--count", type=WHOLE, default=8000, show_default=True, help="drawn pictures to train on")
@click.option("--difficulty", default=0.3, show_default=True)
@click.option("--minutes", type=ABOVE_0, default=5.0, show_default=True)
@click.option("--steps", type=WHOLE, help="stop after so many steps, so that a run can be repeated")
@click.option("--batch", type=WHOLE, default=32, show_default=True)
@click.option("--channels", type=WHOLE, default=64, show_default=True)
@click.option("--lr", type=ABOVE_0, default=2e-3, show_default=True)
@click.option(
    "--test-proposals", type=WHOLE, help="proposals in the test, of five times as many anchors; else as in training"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--threads", type=WHOLE, help="of PyTorch; as many as there are processors by default")
@click.option("--device", default="cuda" if torch.cuda.is_available() else "cpu", show_default=True)
@click.option("--bfloat16/--float32", default=True, show_default=True)
@click.option("--save", type=click.Path(path_type=Path), help="write NAME.safetensors and NAME.json")
@click.option("--half", is_flag=True, help="save weights in float16, half the size; figures are those of what is saved")
def main(**given):
    try:
        run(**given)
    except (ValueError, RuntimeError, OSError) as error:
        raise click.ClickException(str(error)) from error


def run(
    task,
    data,
    size,
    count,
    difficulty,
    minutes,
    steps,
    batch,
    channels,
    lr,
    test_proposals,
    seed,
    threads,
    device,
    bfloat16,
    save,
    half,
):
    """Make the sets and the model, train, test, and keep what ``save`` asks for."""
    chosen = click.get_current_context().params
    options = {k: v for k, v in chosen.items() if k not in ("save", "half", "threads", "device")}
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    scales = (12, 18, 26)
    if data == "shapes":
        train, test = shape_sets(task, size, count, difficulty, seed)
    else:
        train, test = (load_voc(find(data), split, size=size) for split in ("train", "val"))
        sides = np.concatenate([np.sqrt((b[:, 2:] - b[:, :2]).prod(1)) for b in train.boxes])
        scales = tuple(float(round(s, 1)) for s in np.quantile(sides, [0.05, 0.3, 0.6, 0.95]))
    model = make_model(task, len(train.classes), size, channels, scales)
    start, spent = time.monotonic(), time.process_time()
    log = fit(
        task,
        model,
        train,
        seconds=60 * minutes,
        batch=batch,
        lr=lr,
        seed=seed,
        device=device,
        bfloat16=bfloat16,
        steps=steps,
        say=click.echo,
    )
    wall, spent = time.monotonic() - start, time.process_time() - spent
    if half:
        model.load_state_dict({k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()})
    if test_proposals:
        model.before, model.proposals = 5 * test_proposals, test_proposals
    figures = evaluate(task, model, test, device, batch=min(50, batch))
    result = record(options | {"scales": scales, "classes": train.classes}, log, figures, wall, spent, device)
    click.echo(json.dumps({k: v for k, v in result.items() if k != "log"}, indent=1))
    if save:
        from safetensors.torch import save_file

        save.parent.mkdir(parents=True, exist_ok=True)
        dtype = torch.float16 if half else torch.float32
        weights = {k: v.to(dtype) if v.is_floating_point() else v for k, v in model.state_dict().items()}
        save_file({k: v.contiguous().cpu() for k, v in weights.items()}, save.with_suffix(".safetensors"))
        save.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
