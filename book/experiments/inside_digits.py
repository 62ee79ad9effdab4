"""Handwritten digits for the explorable `inside`, MNIST's test images: one a class, some that are missed.

    python book/experiments/inside_digits.py

Writes src/convbook/explorables/inside_digits.json. The images are those of the NIST's Special Databases 1 and 3, a work
of the United States government, as LeCun, Cortes and Burges normalised them.
"""

import json
from pathlib import Path

import numpy as np
import torch

from convbook.data import load
from convbook.explorables.photo import encode
from convbook.models.pretrained import about, load_committed

OUT = Path(__file__).resolve().parents[2] / "src/convbook/explorables/inside_digits.json"
MISSED = 4


def main():
    torch.set_num_threads(1)
    test, facts, model = load("mnist", split="test"), about("tiny-digits"), load_committed("tiny-digits")
    x = (torch.tensor(test.images) / 255 - facts["mean"][0]) / facts["std"][0]
    with torch.no_grad():
        said = torch.cat([model(part) for part in x.split(500)]).argmax(1).numpy()
    right = [np.flatnonzero((test.labels == k) & (said == k))[0] for k in range(10)]
    wrong = np.flatnonzero(test.labels != said)[:MISSED]
    pictures = {f"a {k}": encode(test.images[n, 0]) for k, n in enumerate(right)}
    pictures |= {f"a {test.labels[n]} that is missed (test image {n})": encode(test.images[n, 0]) for n in wrong}
    OUT.write_text(json.dumps(pictures, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
    missed = int((test.labels != said).sum())
    print(f"{len(pictures)} pictures, {OUT.stat().st_size / 1000:.0f} kB; {missed} of {len(said)} are missed")


if __name__ == "__main__":
    main()
