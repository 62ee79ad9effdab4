"""A trained net as a small file that a page can run: what the explorable `inside` carries and loads.

    python -m convbook.export MODEL.safetensors OUT.json

The format is described in `convbook.explorables.inside_net`, which reads it.
"""

import argparse
import base64
import json
import re
from pathlib import Path

import numpy as np

from convbook.explorables.inside_net import DTYPES, FORMAT, KINDS, read


def page_weights(model, shape, mean=None, std=None, classes=None, name="", dtype="float16") -> str:
    """The text of the file for a chain of layers: an ``nn.Sequential``, or a net of features and a classifier.

    shape : (C, H, W) of the images, C being 1 or 3; mean, std : a number for each channel, 0 and 1 unless given.
    classes : names, in the order of the scores. dtype : "float16" (errors of about 0.05 %), or "float32".

    Batch norm after a convolution is folded into it, dropout left out. Raises ``ValueError`` that names the layer for
    what a page cannot run: other layers, skips, sizes that differ by axis, a net that is too large.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    >>> [layer["kind"] for layer in json.loads(page_weights(net, (1, 9, 9)))["layers"]]
    ['conv2d', 'relu', 'global_avg_pool', 'flatten', 'linear']
    >>> page_weights(nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU()), (1, 9, 9))
    Traceback (most recent call last):
    ...
    ValueError: layer '1' is a GELU, which a page cannot run
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    channels, height, width = shape
    layers = [_packed(layer, dtype) for layer in _layers(model)]
    outputs = [layer["bias"]["shape"][0] for layer in layers if "bias" in layer]
    net = {
        "format": FORMAT,
        "name": name,
        "input": [int(channels), int(height), int(width)],
        "mean": [float(value) for value in ([0] * channels if mean is None else mean)],
        "std": [float(value) for value in ([1] * channels if std is None else std)],
        "classes": [str(each) for each in (range(outputs[-1] if outputs else 0) if classes is None else classes)],
        "dtype": dtype,
        "layers": layers,
    }
    read(net)
    return json.dumps(net, separators=(",", ":")) + "\n"


def _layers(model) -> list[dict]:
    """The layers in their order, arrays still arrays."""
    from torch import nn

    found = []
    for name, module in _chain(model, ""):
        if isinstance(module, nn.BatchNorm2d):
            if not found or found[-1]["kind"] != "conv2d":
                raise ValueError(f"layer {name!r} is a BatchNorm2d that does not follow a convolution")
            found[-1] = _folded(found[-1], module)
        elif not isinstance(module, nn.Dropout | nn.Dropout2d | nn.Identity):
            found.append(_layer(name, module))
    return found


def _chain(model, prefix):
    """(name, module) of the layers, one after the other."""
    from torch import nn

    from convbook.models.classic import Classic

    if isinstance(model, Classic):
        parts = [(key, getattr(model, key)) for key in ("features", "avgpool", "classifier")]
        parts.insert(2, ("flatten", nn.Flatten()))
    elif isinstance(model, nn.Sequential):
        parts = list(model.named_children())
    elif prefix:
        return [(prefix, model)]
    else:
        raise ValueError(f"a page runs a chain of layers, an nn.Sequential, and {type(model).__name__} is none")
    return [pair for key, part in parts for pair in _chain(part, f"{prefix}.{key}" if prefix else key)]


def _layer(name, module) -> dict:
    from torch import nn

    def array(tensor):
        return tensor.detach().cpu().double().numpy()

    def one(key):
        value = getattr(module, key)
        values = set(value) if isinstance(value, tuple) else {value}
        if len(values) > 1 or not isinstance(next(iter(values)), int):
            raise ValueError(f"layer {name!r}: {key} must be one integer for both axes, got {value!r}")
        return values.pop()

    layer = {"kind": "", "name": name}
    if isinstance(module, nn.Conv2d | nn.Linear):
        layer["kind"] = "linear" if isinstance(module, nn.Linear) else "conv2d"
        layer["weight"] = array(module.weight)
        layer["bias"] = np.zeros(len(module.weight)) if module.bias is None else array(module.bias)
        if layer["kind"] == "conv2d" and module.padding_mode != "zeros":
            raise ValueError(f"layer {name!r}: padding mode must be 'zeros', got {module.padding_mode!r}")
    elif isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1)):
        layer["kind"] = "global_avg_pool"
    elif isinstance(module, nn.Flatten) and module.start_dim == 1 and module.end_dim == -1:
        layer["kind"] = "flatten"
    elif isinstance(module, nn.MaxPool2d) and not module.ceil_mode and module.dilation in (1, (1, 1)):
        layer["kind"] = "max_pool2d"
    elif isinstance(module, nn.AvgPool2d) and not module.ceil_mode and module.padding in (0, (0, 0)):
        layer["kind"] = "avg_pool2d"
    else:
        kinds = {nn.ReLU: "relu", nn.Tanh: "tanh"}
        if type(module) not in kinds:
            raise ValueError(f"layer {name!r} is a {type(module).__name__}, which a page cannot run")
        layer["kind"] = kinds[type(module)]
    return {**layer, **{key: one(key) for key in KINDS[layer["kind"]]}}


def _folded(layer, norm) -> dict:
    """The convolution that does what ``layer`` and then ``norm``, in evaluation mode, do."""
    if norm.running_mean is None:
        raise ValueError("a BatchNorm2d without running statistics cannot be folded into a convolution")
    mean, var = (each.detach().cpu().double().numpy() for each in (norm.running_mean, norm.running_var))
    gamma, beta = (
        (each.detach().cpu().double().numpy() if each is not None else start)
        for each, start in ((norm.weight, 1.0), (norm.bias, 0.0))
    )
    scale = gamma / np.sqrt(var + norm.eps)
    return {
        **layer,
        "weight": layer["weight"] * scale[:, None, None, None],
        "bias": (layer["bias"] - mean) * scale + beta,
    }


def _packed(layer, dtype) -> dict:
    def pack(array, key):
        with np.errstate(over="ignore"):
            array = array.astype(DTYPES[dtype])
        if not np.isfinite(array).all():
            raise ValueError(f"layer {layer['name']!r}: {key} holds numbers that {dtype} does not have")
        return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}

    return {key: pack(value, key) if isinstance(value, np.ndarray) else value for key, value in layer.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m convbook.export",
        description="Write a trained net as a file that the explorable `inside` loads.",
    )
    parser.add_argument(
        "model", type=Path, help="weights as convbook.train.export writes them, with NAME.json beside them"
    )
    parser.add_argument("out", type=Path, help="file to write, .json")
    parser.add_argument("--dtype", default="float16", choices=DTYPES)
    options = parser.parse_args(arguments)
    try:
        text = from_file(options.model, options.dtype)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    options.out.write_text(text, encoding="utf-8")
    print(f"{options.out}: {len(text) / 1000:.0f} kB")


def from_file(path: Path, dtype="float16") -> str:
    """The text for the weights in a .safetensors file, with the .json of the same name that tells of them beside it."""
    from convbook.models.pretrained import filled, tensors

    path = Path(path)
    log = path.with_suffix(".json")
    if not log.exists():
        raise ValueError(f"{path} needs {log.name} beside it, which says what model the weights are of")
    facts = json.loads(log.read_text(encoding="utf-8"))
    missing = [key for key in ("model", "options", "shape", "mean", "std", "classes") if key not in facts]
    if missing:
        raise ValueError(f"{log} does not say {', '.join(missing)}")
    model = filled(facts["model"], facts["options"], tensors(path), path)
    name = re.sub(r"[^\w. -]", "", path.stem)
    return page_weights(model, facts["shape"], facts["mean"], facts["std"], facts["classes"], name, dtype)


if __name__ == "__main__":
    main()
