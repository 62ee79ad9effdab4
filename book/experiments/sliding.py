"""Every window classified by itself, against the same scores from one convolutional pass."""

import time

import click
import torch
from common import write
from timing import macs, median_seconds

from convbook.detection.sliding import WindowClassifier, window_boxes

SIDES = 64, 128, 224


@torch.no_grad()
def costs(model, side, repeats):
    """Seconds and multiply-adds of the three ways on one picture."""
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(side))
    ways = {
        "one pass": lambda: model.dense(image),
        "all windows in a batch": lambda: model.each(image),
        "windows one by one": lambda: model.each(image, 1),
    }
    seconds = median_seconds(ways, repeats)
    count = len(window_boxes(side, model.window, model.stride))
    spent = {name: macs(way) for name, way in ways.items()}
    first = next(iter(ways))
    return {
        "side": side,
        "windows": count,
        "time": {name: value / seconds[first] for name, value in seconds.items()},
        "macs": {name: value / spent[first] for name, value in spent.items()},
    }


@click.command()
@click.option("--quick", is_flag=True, help="Two repeats.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    torch.manual_seed(7)
    model = WindowClassifier(5)
    runs = [costs(model.eval(), side, 2 if quick else 9) for side in SIDES]
    print(write("sliding", started, quick, runs=runs))


if __name__ == "__main__":
    main()
