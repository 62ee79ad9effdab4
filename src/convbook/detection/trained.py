"""Models that have been trained already: their weights beside this package, and the log of the run that made them."""

import json
from pathlib import Path

import torch

from convbook.detection.train import make_model
from convbook.models.pretrained import COMMITTED, tensors


def load_trained(name: str = "shapes-detector", folder=None) -> tuple[torch.nn.Module, dict]:
    """A trained model in eval mode, float32, and the record of its run: options, classes, figures, log.

    ``folder`` holds ``name.safetensors`` and ``name.json`` as ``python -m convbook.detection.train --save`` writes
    them; by default it is the package's own. Raises ``FileNotFoundError`` that names those that are there, and
    ``ValueError`` for weights that are not a detector's.

    >>> model, record = load_trained("shapes-detector")
    >>> record["options"]["classes"]
    ['disc', 'square', 'triangle', 'cross', 'ring']
    """
    folder = COMMITTED if folder is None else Path(folder)
    log = folder / f"{name}.json"
    if not log.is_file():
        raise FileNotFoundError(
            f"no model {name!r} in {folder}, there are {sorted(p.stem for p in folder.glob('*.json'))}"
        )
    record = json.loads(log.read_text())
    options = record["options"]
    if "task" not in options:
        raise ValueError(f"{name!r} is no detector: load_committed in convbook.models.pretrained loads it")
    model = make_model(
        options["task"], len(options["classes"]), tuple(options["size"]), options["channels"], tuple(options["scales"])
    )
    model.load_state_dict(tensors(folder / f"{name}.safetensors"))
    if options.get("test_proposals"):
        model.before, model.proposals = 5 * options["test_proposals"], options["test_proposals"]
    return model.eval(), record
