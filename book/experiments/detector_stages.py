"""Records what the trained detector of drawn shapes says, stage by stage, of three pictures that it has not seen.

    python book/experiments/detector_stages.py

The record goes into the package, where the explorable `Detector` shows it.
"""

import json
from pathlib import Path

from convbook.detection.shapes import make_scenes
from convbook.detection.trained import load_trained
from convbook.explorables.detector import record

# Names, seeds and places of pictures: an easy one, one with small objects, and a hard one on which it errs.
PICTURES = [("five shapes", 1, 0.3, 5), ("as in training", 1, 0.3, 4), ("harder than in training", 7, 0.7, 5)]
TARGET = Path(__file__).parents[2] / "src" / "convbook" / "explorables" / "detector.json"


def main():
    model, log = load_trained("shapes-detector")
    pictures = []
    for _, seed, difficulty, objects in PICTURES:
        scenes = make_scenes(60, 64, difficulty=difficulty, seed=seed)
        n = next(n for n in range(60) if len(scenes.boxes[n]) == objects)
        pictures.append(record(model, scenes.images[n], scenes.boxes[n], scenes.labels[n]))
    names = [name for name, *_ in PICTURES]
    result = {"names": names, "class_names": log["options"]["classes"], "pictures": pictures}
    TARGET.write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
