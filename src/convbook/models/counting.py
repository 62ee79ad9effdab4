"""What a net costs, layer by layer: parameters, multiply-adds, and how far each output sees.

The net runs once on tensors without data ("meta"), so that VGG-16 is counted in a moment; the operations that pass
by are counted. A MAC is one multiplication with its addition; FLOPs, where someone counts them, are twice as many.

>>> from torch import nn
>>> net = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2))
>>> for row in layers(net, (3, 32, 20)):
...     print(row.name, row.kind, row.output, row.params, row.macs, row.receptive_field, row.jump)
0 Conv2d (8, 15, 9) 224 29160 (3, 3) (2, 2)
1 ReLU (8, 15, 9) 0 0 (3, 3) (2, 2)
2 MaxPool2d (8, 7, 4) 0 0 (5, 5) (4, 4)
"""

from dataclasses import dataclass
from math import prod

import torch
from torch import nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from convbook.models import fields

aten = torch.ops.aten


@dataclass(frozen=True)
class Row:
    """One layer.

    output : shape without the batch
    params : of this layer itself; 0 when the layer runs a second time
    receptive_field, jump : how many rows and columns of the input one output sees, and how many lie between two
        outputs; not clipped to the image, None after an operation that has no one answer (see `fields`)
    """

    name: str
    kind: str
    output: tuple
    params: int
    macs: int
    receptive_field: tuple | None
    jump: tuple | None


def layers(model, size):
    """One `Row` for each layer that runs, in the order of running. The model is left as it was.

    size : the input without the batch, (C, H, W); or (H, W) or one number for a square, with the channels of the
        model's first convolution. ValueError for another size.
    """
    shape = input_shape(model, size)
    names = {module: name for name, module in model.named_modules()}
    rows, counted, running = [], set(), []
    trace = _Trace(running)

    def before(module, args):
        running.append(0)

    def after(module, args, output):
        macs = running.pop()
        if isinstance(output, torch.Tensor) and (macs or not any(module.children())):
            new = [p for p in module.parameters(recurse=False) if p not in counted]
            counted.update(new)
            field, jump = trace.seen(output) or (None, None)
            kind, params = type(module).__name__, sum(p.numel() for p in new)
            rows.append(Row(names[module], kind, tuple(output.shape[1:]), params, macs, field, jump))

    hooks = [handle for m in names for handle in (m.register_forward_pre_hook(before), m.register_forward_hook(after))]
    modes = {module: module.training for module in names}
    try:
        model.eval()
        weights = {k: v.to("meta") for k, v in (*model.named_parameters(), *model.named_buffers())}
        image = trace.start(torch.zeros(1, *shape, device="meta", dtype=dtype(model)))
        with torch.no_grad(), trace:
            functional_call(model, weights, (image,))
    finally:
        for handle in hooks:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return rows


def count_macs(model, size):
    """Multiply-adds of one image through convolutions and matrix products; `size` as in `layers`.

    Batch norm, activations, pooling and biases are left out, as everywhere.

    >>> from convbook.models import resnet
    >>> count_macs(resnet(18), 224)
    1814073344
    """
    return sum(row.macs for row in layers(model, size))


def count_parameters(model):
    """Numbers that training changes; what batch norm merely tracks is not among them."""
    return sum(p.numel() for p in model.parameters())


def grouped(rows, depth=1):
    """Rows added up by the first `depth` parts of their names: the stages of a net.

    >>> from convbook.models import resnet
    >>> [(row.name, row.output) for row in grouped(layers(resnet(50), 224))][2:5]
    [('relu', (64, 112, 112)), ('maxpool', (64, 56, 56)), ('layer1', (256, 56, 56))]
    """
    groups = {}
    for row in rows:
        groups.setdefault(".".join(row.name.split(".")[:depth]), []).append(row)
    return [together(name, group) for name, group in groups.items()]


def together(name, rows):
    last, kinds = rows[-1], {row.kind for row in rows}
    kind = last.kind if len(kinds) == 1 else f"{len(rows)} layers"
    params, macs = sum(row.params for row in rows), sum(row.macs for row in rows)
    return Row(name, kind, last.output, params, macs, last.receptive_field, last.jump)


def input_shape(model, size):
    """(C, H, W) from what `layers` accepts."""
    size = (size, size) if isinstance(size, int) else tuple(size)
    if len(size) not in (2, 3) or not all(isinstance(n, int) and n > 0 for n in size):
        raise ValueError(f"size={size}: expected (C, H, W), (H, W) or one number, all positive integers")
    if len(size) == 3:
        return size
    convs = (module.in_channels for module in model.modules() if isinstance(module, nn.Conv2d))
    channels = next(convs, None)
    if channels is None:
        raise ValueError(f"size={size}: the model has no convolution to tell the channels, give (C, H, W)")
    return channels, *size


def dtype(model):
    return next((p.dtype for p in model.parameters()), torch.get_default_dtype())


class _Trace(TorchDispatchMode):
    """Adds each operation's MACs to the module that runs, and follows how far its outputs see."""

    def __init__(self, running):
        super().__init__()
        self.running, self.tensors = running, {}

    def start(self, image):
        self.keep(image, ((1, 1), (1, 1)))
        return image

    def keep(self, tensor, field):
        self.tensors[id(tensor)] = tensor, field  # kept alive, so that no other tensor gets its id

    def seen(self, tensor):
        return self.tensors.get(id(tensor), (None, None))[1]

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        out = op(*args, **(kwargs or {}))
        if self.running:
            self.running[-1] += macs(op, args, out)
        known = [(leaf, self.seen(leaf)) for leaf in tree_leaves((args, kwargs)) if id(leaf) in self.tensors]
        for result in tree_leaves(out):
            if known and isinstance(result, torch.Tensor):
                self.keep(result, fields.after(op, args, known, result))
        return out


def macs(op, args, out):
    """Multiply-adds of one operation of PyTorch's."""
    match op.overloadpacket:
        case aten.convolution:
            x, weight, transposed = args[0], args[1], args[6]
            return (x if transposed else out).numel() * prod(weight.shape[1:])
        case aten.mm | aten.bmm:
            return out.numel() * args[0].shape[-1]
        case aten.addmm | aten.baddbmm:
            return out.numel() * args[1].shape[-1]
    return 0
