"""The training loop."""

import math
import sys
import time
from pathlib import Path

import torch
from tqdm import tqdm

from convbook.train import checkpoint, record
from convbook.train.batches import Batches, loss
from convbook.train.options import Options
from convbook.train.schedule import learning_rate

TEST_BATCH = 500


def fit(model, train, test, options=None, *, out=None, resume=False, progress=False, note=None) -> dict:
    """Train ``model``, which is changed in place, and return the log.

    Parameters
    ----------
    model : a ``torch.nn.Module`` from (N, C, H, W) float32 to logits (N, number of classes).
    train, test : :class:`convbook.data.Images` of the same classes and size.
    options : :class:`Options`.
    out : a folder for a checkpoint after every epoch, ``log.json``, and at the end ``weights.safetensors``.
    resume : go on from the checkpoint in ``out``, if there is one. On the same machine the result is that
        of an uninterrupted run, bit for bit, with as many threads: order and augmentation depend on seed
        and epoch alone, the learning rate on the step.
    progress : show a progress bar.
    note : further entries of the log, such as the command.

    The log has ``options``, ``data``, ``model``, ``versions``, ``device``, ``seconds``, and ``epochs``, a list of
    ``epoch, lr, train_loss, train_accuracy, test_loss, test_accuracy, seconds``. Means of training are over
    the steps as they were taken. ValueError for data or a model that do not fit, or where the loss is no longer
    a number.
    """
    options = options or Options()
    check_data(train, test)
    device = chosen_device(options)
    mean, std = moments(train)
    log = (note or {}) | record.begin(model, train, test, options, device, mean, std)
    state = checkpoint.prepare(Path(out), resume) if out else None

    on_gpu = device.type != "cpu"
    channels_last = on_gpu if options.channels_last is None else options.channels_last
    memory = torch.channels_last if channels_last else torch.contiguous_format
    model.to(device, memory_format=memory)
    check_model(model, train, device)
    optimizer = make_optimizer(model, options)
    if state:
        checkpoint.check_same(state["log"], log)
        log = state["log"]
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    training = Batches(train, mean, std, device, options.pad, channels_last)
    testing = Batches(test, mean, std, device, 0, channels_last)
    run = torch.compile(model) if options.compile else model
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(options, device))

    epochs = range(len(log["epochs"]), options.epochs)
    for epoch in tqdm(epochs, initial=epochs.start, total=options.epochs, unit="epoch", disable=not progress):
        start = time.perf_counter()
        figures = train_epoch(run, training, optimizer, epoch, options, autocast, progress)
        trained = time.perf_counter() - start
        figures |= evaluate(model, testing, autocast)  # not compiled a second time, for other batches
        figures |= {"train_seconds": round(trained, 3), "seconds": round(time.perf_counter() - start, 3)}
        log["epochs"].append(figures)
        log["seconds"] = round(sum(row["seconds"] for row in log["epochs"]), 3)
        if out:
            checkpoint.keep(Path(out), model, optimizer, log)
        if progress:
            tqdm.write(record.line(figures))
    if out:
        record.save_weights(model, Path(out) / "weights.safetensors")
    return log


def train_epoch(model, batches, optimizer, epoch, options, autocast, progress=False) -> dict:
    """One epoch; all that is random in it depends on the options' seed and ``epoch`` alone."""
    device = batches.labels.device
    seed = (options.seed * 1_000_003 + epoch) % 2**63
    torch.manual_seed(seed)  # dropout
    generator = torch.Generator(device).manual_seed(seed)
    steps = max(1, len(batches) // options.batch)
    total = torch.zeros(2, device=device)
    model.train()
    shuffled = batches.shuffled(options.batch, generator, options.flip, options.cutout)
    for k, (x, labels) in enumerate(
        tqdm(shuffled, total=steps, leave=False, disable=not (progress and sys.stderr.isatty()))
    ):
        rate = learning_rate(epoch * steps + k, options.epochs * steps, options)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with autocast:
            logits = model(x)
        step_loss = loss(logits, labels, options.label_smoothing)
        optimizer.zero_grad(set_to_none=True)
        step_loss.backward()
        optimizer.step()
        total += torch.stack([step_loss.detach(), (logits.argmax(1) == labels).float().mean()])
    mean_loss, accuracy = (total / steps).tolist()
    if not math.isfinite(mean_loss):
        raise ValueError(f"the loss became {mean_loss} in epoch {epoch + 1}: try a lower lr than {options.lr}")
    return {"epoch": epoch + 1, "lr": rate, "train_loss": mean_loss, "train_accuracy": accuracy}


@torch.no_grad()
def evaluate(model, batches, autocast) -> dict:
    """Mean loss without smoothing, and accuracy, over all images of ``batches``."""
    model.eval()
    total = torch.zeros(2, dtype=torch.float64)
    for x, labels in batches.plain(TEST_BATCH):
        with autocast:
            logits = model(x)
        right = (logits.argmax(1) == labels).sum().item()
        total += torch.tensor([loss(logits, labels).item() * len(labels), right], dtype=torch.float64)
    mean_loss, accuracy = (total / len(batches)).tolist()
    return {"test_loss": mean_loss, "test_accuracy": accuracy}


def make_optimizer(model, options):
    """SGD with Nesterov momentum; weight decay for weights of layers, none for biases and norm layers."""
    weights = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
    others = [p for p in model.parameters() if p.ndim <= 1 and p.requires_grad]
    groups = [{"params": weights, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=options.lr,
        momentum=options.momentum,
        nesterov=options.momentum > 0,
    )


def chosen_device(options) -> torch.device:
    """The options' device. ValueError where there is no such device here."""
    if options.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(options.device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"no device {options.device!r} here: {str(error).splitlines()[0]}") from error
    return device


def uses_bfloat16(options, device) -> bool:
    return options.precision == "bfloat16" or (options.precision == "auto" and device.type == "cuda")


def moments(images) -> tuple[list, list]:
    """Mean and standard deviation of each channel, of pixels between 0 and 1; a constant channel has 1."""
    histograms = [torch.bincount(torch.tensor(images.images[:, c]).reshape(-1), minlength=256).double() for c in
                  range(images.images.shape[1])]  # fmt: skip
    values, mean, std = torch.arange(256, dtype=torch.float64) / 255, [], []
    for histogram in histograms:
        share = histogram / histogram.sum()
        mean.append(float((share * values).sum()))
        std.append(float((share * (values - mean[-1]) ** 2).sum().sqrt()) or 1.0)
    return [round(m, 6) for m in mean], [round(s, 6) or 1.0 for s in std]


def check_model(model, images, device) -> None:
    """ValueError unless the model makes one score a class of such images."""
    shape, classes = images.images.shape[1:], len(images.classes)
    model.eval()
    try:
        with torch.no_grad():
            found = tuple(model(torch.zeros(1, *shape, device=device)).shape)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"the model does not take images of {'x'.join(map(str, shape))}: {reason}") from error
    if found != (1, classes):
        raise ValueError(f"the model must give {classes} scores an image, one a class, got shape {found} for one image")


def check_data(train, test) -> None:
    if len(train.classes) < 2:
        raise ValueError(f"at least two classes are needed, got {len(train.classes)}: {', '.join(train.classes)}")
    if train.classes != test.classes:
        raise ValueError(f"training and test set must have the same classes, got {train.classes} and {test.classes}")
    if train.images.shape[1:] != test.images.shape[1:]:
        raise ValueError(
            f"training and test images must have one shape, got {train.images.shape[1:]} and {test.images.shape[1:]}"
        )
    for name, images in (("training", train), ("test", test)):
        if not len(images):
            raise ValueError(f"the {name} set is empty")
