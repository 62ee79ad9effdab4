"""Published weights, fetched once, checked and kept; and the small ones that come with the book.

>>> load_pretrained("resnet20")  # doctest: +ELLIPSIS
Traceback (most recent call last):
ValueError: no weights of 'resnet20' at torchvision: there are alexnet, ...
>>> load_committed("resnet20")  # doctest: +ELLIPSIS
Traceback (most recent call last):
ValueError: no weights 'resnet20' come with the book: there are resnet20-cifar10, ...
"""

import json
import re
import warnings
from pathlib import Path
from pickle import UnpicklingError

import torch

from convbook import data
from convbook.models import RESNETS, create, fetching
from convbook.models.huggingface import from_huggingface

COMMITTED = Path(__file__).resolve().parents[1] / "weights"
SITES = {
    # a file's name ends in the first digits of its SHA-256
    "torchvision": {
        name: f"https://download.pytorch.org/models/{file}.pth"
        for name, file in {
            "alexnet": "alexnet-owt-7be5be79",
            "vgg16": "vgg16-397923af",
            "resnet18": "resnet18-f37072fd",
            "resnet34": "resnet34-b627a593",
            "resnet50": "resnet50-0676ba61",
            "resnet101": "resnet101-63fe2227",
            "resnet152": "resnet152-394f9c45",
            "densenet121": "densenet121-a639ec97",
            "densenet169": "densenet169-b2777c0a",
            "densenet201": "densenet201-c1103571",
            "squeezenet": "squeezenet1_1-b8a52dc0",
            "mobilenet_v2": "mobilenet_v2-b0353104",
            "shufflenet_v2": "shufflenetv2_x1-5666bf0f80",
        }.items()
    },
    "huggingface": {
        f"resnet{depth}": f"https://huggingface.co/microsoft/resnet-{depth}/resolve/main/model.safetensors"
        for depth in RESNETS
    },
}


def load_pretrained(name, source="torchvision", sha256=None, mirror=None):
    """The model with weights trained on ImageNet, in evaluation mode.

    name : as in `convbook.models.MODELS`
    source : "torchvision", or for ResNets "huggingface", whose files are microsoft/resnet-*
    sha256 : the file's, or its first eight digits or more. torchvision's names carry eight or ten of them. Hugging
        Face's do not: without this argument the hash of the first download is kept beside the file and held to from
        then on, and a warning says so.
    mirror : address of a folder to download from instead, such as a server of the course

    The files lie in the folder ``weights`` of `convbook.data.folder`, which ``CONVBOOK_DATA`` names. What is there is
    not fetched again, but its hash is checked each time. Nothing in a file is run: pickles are read with weights_only.

    Images are expected as (N, 3, H, W), RGB in 0..1, less the mean (0.485, 0.456, 0.406), by (0.229, 0.224, 0.225).

    ValueError for a name or source that there is not, for a file that is damaged or of another model;
    FileNotFoundError where the file is not there and cannot be fetched, with what to do.
    """
    url = address(name, source)
    file = url.rpartition("/")[2] if source == "torchvision" else f"microsoft-{name}.safetensors"
    path = data.folder() / "weights" / file
    pin = path.with_name(f"{file}.sha256")
    expected = sha256 or prefix(file) or (pin.read_text().strip() if pin.exists() else None)
    found = fetching.fetch(f"{mirror.rstrip('/')}/{file}" if mirror else url, path, expected)
    if expected is None:
        pin.write_text(f"{found}\n")
        warnings.warn(f"nobody vouched for {file}: its SHA-256 is {found}, held to from now on ({pin})", stacklevel=2)
    return filled(name, {}, tensors(path), path)


def load_committed(name):
    """A model with the weights that come with the book, in float32 and evaluation mode; `about` tells the rest.

    ValueError for a name that there is not, and for a detector's.
    """
    facts, path = about(name), COMMITTED / f"{name}.safetensors"
    if "model" not in facts:
        raise ValueError(f"{name!r} is of convbook.detection: load_trained in convbook.detection.trained loads it")
    return filled(facts["model"], facts["options"], tensors(path), path)


def about(name):
    """How the book's weights of that name were trained, as a dict: model, options, classes, mean, std, log and more.

    >>> about("resnet20-cifar10")["classes"][:2]
    ['airplane', 'automobile']
    """
    known = sorted(path.stem for path in COMMITTED.glob("*.safetensors"))
    if name not in known:
        raise ValueError(f"no weights {name!r} come with the book: there are {', '.join(known) or 'none'}")
    return json.loads((COMMITTED / f"{name}.json").read_text())


def address(name, source):
    """Where the weights are published."""
    if source not in SITES:
        raise ValueError(f"source={source!r}: expected one of {', '.join(SITES)}")
    if name not in SITES[source]:
        raise ValueError(f"no weights of {name!r} at {source}: there are {', '.join(SITES[source])}")
    return SITES[source][name]


def prefix(file):
    """The digits of the hash that a file's name ends in, or None.

    >>> prefix("resnet50-0676ba61.pth")
    '0676ba61'
    """
    found = re.search(r"-([0-9a-f]{8,64})\.pth$", file)
    return found and found[1]


def tensors(path):
    """The state dict in a file, .pth or .safetensors. ValueError for a file that is neither."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError) as error:
        raise ValueError(f"{path} cannot be read as weights: {str(error).splitlines()[0]}") from error


def filled(name, options, state, path):
    """The model with the tensors of `state`, whichever of the known names they go by."""
    with torch.device("meta"):
        model = create(name, **options)
    keys = model.state_dict().keys()
    if any(key.startswith("resnet.embedder.") for key in state):
        state = from_huggingface(state, keys)
    # the DenseNets of 2017 were written as denselayer1.norm.1
    state = {re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", key): v for key, v in state.items()}
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise ValueError(f"{path} does not hold the weights of {name}: {error}") from error
    return model.eval()
