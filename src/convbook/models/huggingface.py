"""ResNets' weights under the names that `transformers.ResNetForImageClassification` gives them, and back.

>>> huggingface_name("layer1.0.conv2.weight")
'resnet.encoder.stages.0.layers.0.layer.1.convolution.weight'
>>> huggingface_name("fc.bias")
'classifier.1.bias'
"""

import re

KINDS = {"conv": "convolution", "bn": "normalization"}
BLOCK = re.compile(r"layer(\d)\.(\d+)\.(.+)")
PART = re.compile(r"(conv|bn)(\d)")


def huggingface_name(key):
    """Their key for one of our ResNet's. ValueError if it is none."""
    module, _, end = key.rpartition(".")
    if module == "fc":
        return f"classifier.1.{end}"
    if module in ("conv1", "bn1"):
        return f"resnet.embedder.embedder.{KINDS[module[:-1]]}.{end}"
    if block := BLOCK.fullmatch(module):
        stage, number, inner = block.groups()
        start = f"resnet.encoder.stages.{int(stage) - 1}.layers.{number}"
        if inner in ("downsample.0", "downsample.1"):
            return f"{start}.shortcut.{('convolution', 'normalization')[int(inner[-1])]}.{end}"
        if part := PART.fullmatch(inner):
            return f"{start}.layer.{int(part[2]) - 1}.{KINDS[part[1]]}.{end}"
    raise ValueError(f"{key!r} is no key of a ResNet")


def to_huggingface(state):
    """Our ResNet's state dict under their names."""
    return {huggingface_name(key): value for key, value in state.items()}


def from_huggingface(state, keys):
    """Their state dict under our names, of which `keys` are all; what has no name of ours keeps its own."""
    ours = {huggingface_name(key): key for key in keys}
    return {ours.get(key, key): value for key, value in state.items()}
