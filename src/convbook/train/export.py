"""python -m convbook.train.export: turn a run's folder into weights that the book can load, with their log."""

from inspect import signature
from pathlib import Path

import click

COMMITTED = Path(__file__).resolve().parents[1] / "weights"
LIMIT = 2_000_000  # bytes: weights are part of the package


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("name")
@click.option("--data", required=True, help="The set that the run was trained on, to measure what is written.")
@click.option("--size", type=click.IntRange(4), help="Side of its images, as in training.")
@click.option("--half", is_flag=True, help="Store float16, half the bytes.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=COMMITTED, help="Folder to write to.")
def main(run, name, data, size, half, into):
    """Write NAME.safetensors and NAME.json from the folder RUN, and test the weights as they were written."""
    try:
        accuracy = export(run, name, data, {} if size is None else {"size": size}, half, into)
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    size = (into / f"{name}.safetensors").stat().st_size
    click.echo(f"{name}: test accuracy {100 * accuracy:.2f} %, {size} bytes")


def export(run, name, data, sizes, half, into) -> float:
    """Write both files and return the test accuracy, in float32 on the CPU, of the weights read back.

    The run may be unfinished: the weights are those of its last checkpoint, and the log says so.
    """
    import torch
    from safetensors.torch import load_file

    from convbook.data import load
    from convbook.models import MODELS, create
    from convbook.train import checkpoint, loop, record
    from convbook.train.batches import Batches

    if not (run / checkpoint.FILE).exists():
        raise FileNotFoundError(f"{run} has no checkpoint: expected the folder that --out named")
    state = torch.load(run / checkpoint.FILE, map_location="cpu", weights_only=True)
    log = state["log"]
    shape, classes = log["data"]["shape"], log["data"]["classes"]
    made = {"num_classes": len(classes)}
    if "in_channels" in signature(MODELS[log["name"]]).parameters:
        made["in_channels"] = shape[0]
    model = create(log["name"], **made)
    model.load_state_dict(state["model"])
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"{name}.safetensors"
    record.save_weights(model, path, torch.float16 if half else None)
    if path.stat().st_size > LIMIT:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes, and {LIMIT} are allowed: try --half")

    test = load(data, "test", **sizes)
    test = test.coloured() if shape[0] == 3 else test
    found = [len(test), record.fingerprint(test)]
    if found != log["data"]["test"]:
        raise ValueError(f"{data} is not the test set of the run: {found} instead of {log['data']['test']}")
    model.load_state_dict({key: value.to(model.state_dict()[key].dtype) for key, value in load_file(path).items()})
    batches = Batches(test, log["data"]["mean"], log["data"]["std"], torch.device("cpu"))
    figures = loop.evaluate(model, batches, torch.autocast("cpu", enabled=False))
    about = {
        "model": log["name"],
        "options": made,
        "classes": classes,
        "shape": shape,
        "mean": log["data"]["mean"],
        "std": log["data"]["std"],
        "stored": "float16" if half else "float32",
        "test_accuracy": figures["test_accuracy"],
        "test_loss": figures["test_loss"],
        "epochs": [len(log["epochs"]), log["options"]["epochs"]],
        "command": log["command"],
        "log": log,
    }
    checkpoint.write_json(into / f"{name}.json", about)
    return figures["test_accuracy"]


if __name__ == "__main__":
    main(prog_name="python -m convbook.train.export")
