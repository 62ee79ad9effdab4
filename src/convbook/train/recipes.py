"""Options that do well, by model and by data; `python -m convbook.train` starts from them."""

DATA: dict[str, dict] = {
    "cifar10": {"flip": True, "pad": 4},
    "fashion-mnist": {"flip": True, "pad": 2},
    "mnist": {"pad": 2},
    "digits": {"pad": 1, "batch": 32, "epochs": 30},
    "shapes": {"flip": True, "pad": 2},
    "watermark": {"pad": 2},
}
MODELS: dict[str, dict] = {
    "resnet20": {"epochs": 100, "batch": 128, "lr": 0.4, "schedule": "cosine", "warmup": 0.05},
    "fast_net": {"epochs": 40, "batch": 512, "lr": 1.0, "label_smoothing": 0.1, "cutout": 8},
    "tiny_net": {"lr": 0.1, "weight_decay": 1e-4},
}


def recipe(model: str, data: str) -> dict:
    """Options for ``model`` on ``data``; where both name one, the data's batch and epochs win, being of its size.

    >>> recipe("tiny_net", "digits")["batch"]
    32
    """
    return MODELS.get(model, {}) | DATA.get(data, {})
