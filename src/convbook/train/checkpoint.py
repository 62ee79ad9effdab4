"""What a run keeps in its folder, so that a kill at any moment loses one epoch at most."""

import json
import os
from pathlib import Path

import torch

FILE, LOG = "checkpoint.pt", "log.json"


def write(path: Path, save) -> None:
    """Let ``save(file)`` write ``path``: whoever reads it, whenever, finds the old content or the new, whole."""
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        save(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def write_json(path: Path, value) -> None:
    write(path, lambda file: file.write((json.dumps(value, indent=1) + "\n").encode()))


def keep(out: Path, model, optimizer, log) -> None:
    """Write the checkpoint, and the log beside it for people."""
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "log": log}
    write(out / FILE, lambda file: torch.save(state, file))
    write_json(out / LOG, log)


def prepare(out: Path, resume: bool) -> dict | None:
    """The last checkpoint in ``out`` or None. FileExistsError where there is one and it is not to be resumed."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / FILE).exists():
        return None
    if not resume:
        raise FileExistsError(f"{out} holds a run already: resume it or name another folder")
    return torch.load(out / FILE, map_location="cpu", weights_only=True)


def check_same(old: dict, new: dict) -> None:
    """ValueError unless both logs are of one run: same options, data and model."""
    for part in ("options", "data", "model"):
        for key in old[part] | new[part]:  # in the order written, so that the same difference is told each time
            before, now = old[part].get(key), new[part].get(key)
            if before != now:
                raise ValueError(f"a run resumes with the same {part}: {key} was {before!r} and is now {now!r}")
