"""How well the sliding windows detect drawn shapes once they are trained."""

import time

import click
import torch
from common import write

from convbook.detection.train import evaluate, fit, make_model, shape_sets


@click.command()
@click.option("--quick", is_flag=True, help="A few steps.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    steps = 20 if quick else 1500
    train, test = shape_sets("sliding", (64, 64), 200 if quick else 3000, 0.3, 0)
    torch.manual_seed(0)
    model = make_model("sliding", len(train.classes), (64, 64))
    fit("sliding", model, train, seconds=1e9, steps=steps, say=lambda row: None)
    figures = evaluate("sliding", model, test)
    print(write("windows", started, quick, steps=steps, pictures=len(train), test_pictures=len(test), **figures))


if __name__ == "__main__":
    main()
