"""python -m convbook.train: train a model of the book on a data set."""

import shlex
import sys
from dataclasses import fields
from inspect import signature
from pathlib import Path

import click

from convbook.train.options import PRECISIONS, SCHEDULES, Options
from convbook.train.recipes import recipe

HELP = {
    "epochs": "Passes over the training set.",
    "batch": "Images a step.",
    "lr": "Highest learning rate.",
    "momentum": "Nesterov momentum.",
    "weight_decay": "Of weights; biases and norm layers have none.",
    "schedule": "Shape of the learning rate.",
    "warmup": "Share of the steps in which the rate rises.",
    "label_smoothing": "Share of the target that all classes have in common.",
    "flip": "Mirror half of the images.",
    "pad": "Crop at random from a border of so many pixels.",
    "cutout": "Blank out a square of that side.",
    "seed": "Of weights, order and augmentation.",
    "device": "auto, cpu, cuda, mps, ...",
    "precision": "auto: bfloat16 on a GPU, float32 elsewhere.",
    "channels_last": "Memory with channels innermost; without either on a GPU alone.",
    "compile": "Run the model through torch.compile.",
}


def training_options(command):
    """Give ``command`` an option for each field of :class:`Options`, without a default: the recipe has them."""
    for field in reversed(fields(Options)):
        name = "--" + field.name.replace("_", "-")
        if bool in getattr(field.type, "__args__", (field.type,)):
            option = click.option(f"{name}/--no-{name[2:]}", default=None, help=HELP[field.name])
        else:
            choices = {"schedule": SCHEDULES, "precision": PRECISIONS}.get(field.name)
            option = click.option(name, type=click.Choice(choices) if choices else field.type, help=HELP[field.name])
        command = option(command)
    return command


@click.command()
@click.option("--model", required=True, help="A name in convbook.models.MODELS.")
@click.option("--data", required=True, help="A set's name, or a folder of class folders or a tar of one.")
@click.option("--limit", type=click.IntRange(1), help="Train on so many images only.")
@click.option("--size", type=click.IntRange(4), help="Side of the images in pixels.")
@click.option("--threads", type=click.IntRange(1), help="Threads on the CPU.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for checkpoint, log and weights.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out.")
@training_options
def main(model, data, limit, size, threads, out, resume, **given):
    """Train MODEL on DATA and say how well it does; options that are not given come from the recipe for both."""
    if resume and not out:
        raise click.UsageError("--resume needs --out, the folder of the run")
    try:
        run(model, data, limit, size, threads, out, resume, given)
    except (ValueError, TypeError, FileNotFoundError, FileExistsError) as error:
        raise click.ClickException(str(error)) from error


def command(arguments) -> str:
    """The command for the log, without what does not bear on the result: the run's folder and whether it was resumed.

    >>> command(["--model", "tiny_net", "--out", "runs/one", "--lr", "0.1", "--out=two", "--resume"])
    'python -m convbook.train --model tiny_net --lr 0.1'
    """
    kept = []
    for before, word in zip(["", *arguments], arguments, strict=False):
        if before != "--out" and word not in ("--out", "--resume") and not word.startswith("--out="):
            kept.append(word)
    return shlex.join(["python", "-m", "convbook.train", *kept])


def run(model, data, limit, size, threads, out, resume, given):
    import torch

    from convbook.data import load
    from convbook.models import MODELS, create
    from convbook.train.loop import fit

    if model not in MODELS:
        create(model)  # raises, and lists those there are
    options = Options(**recipe(model, data) | {name: value for name, value in given.items() if value is not None})
    if threads:
        torch.set_num_threads(threads)
    sizes = {} if size is None else {"size": size}
    train, test = load(data, "train", **sizes), load(data, "test", **sizes)
    train = train if limit is None else train.limited(limit)
    channels = train.images.shape[1]
    torch.manual_seed(options.seed)
    if "in_channels" in signature(MODELS[model]).parameters:
        net = create(model, num_classes=len(train.classes), in_channels=channels)
    else:
        net = create(model, num_classes=len(train.classes))
        train, test = train.coloured(), test.coloured()
    click.echo(
        f"{model} on {data}: {len(train)} images of {'x'.join(map(str, train.images.shape[1:]))} for training, "
        f"{len(test)} for testing, {len(train.classes)} classes"
    )
    begun = {"command": command(sys.argv[1:]), "name": model}
    log = fit(net, train, test, options, out=out, resume=resume, progress=True, note=begun)
    last = log["epochs"][-1]
    click.echo(f"test accuracy {100 * last['test_accuracy']:.2f} % after {log['seconds']:.1f} s on {log['device']}")


if __name__ == "__main__":
    main(prog_name="python -m convbook.train")
