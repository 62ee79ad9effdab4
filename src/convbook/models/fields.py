"""Receptive fields through PyTorch's operations, as (rows, columns): Araujo, Norris, Sim 2019 (distill.pub).

A layer with kernel k, stride s, dilation d turns (field r, jump j) into (r + (k - 1) d j, j s). Where branches meet
the larger field counts. Where the map goes, by flattening or a mean, one number sees all positions of the map.
What has no one answer is None, and so is what follows it: transposed convolution, resizing, a permuted image, pools
whose windows differ in size.
"""

import torch

aten = torch.ops.aten
PADS = {aten.constant_pad_nd, aten.reflection_pad2d, aten.replication_pad2d}


def after(op, args, known, out):
    """(field, jump) of `out`, which `op` made.

    known : list of (tensor, (field, jump) or None) of those inputs that depend on the image
    """
    if any(field is None for _, field in known):
        return None
    windows = window(op, args)
    if windows == "unknown":
        return None
    if windows:
        (field, jump), size = known[0][1], known[0][0].shape[-2:]
        kernel, stride, dilation = windows
        if kernel == "map":
            kernel = stride = tuple(size)
        field = tuple(r + (k - 1) * d * j for r, k, d, j in zip(field, kernel, dilation, jump, strict=True))
        return field, tuple(j * s for j, s in zip(jump, stride, strict=True))
    return merged([passed(tensor, field, out, op) for tensor, field in known], [t for t, _ in known], out)


def window(op, args):
    """(kernel, stride, dilation) of an operation that slides one; None for the others."""
    match op.overloadpacket:
        case aten.convolution:
            _, weight, _, stride, _, dilation, transposed = args[:7]
            return "unknown" if transposed or weight.ndim != 4 else (weight.shape[2:], pair(stride), pair(dilation))
        case aten.max_pool2d_with_indices | aten.max_pool2d:
            given = [*args[1:5], *((), 0, 1)[len(args) - 2 :]]  # then what was not
            kernel, stride, _, dilation = given
            return pair(kernel), pair(stride or kernel), pair(dilation)
        case aten.avg_pool2d:
            kernel, stride = args[1], args[2] if len(args) > 2 else ()
            return pair(kernel), pair(stride or kernel), (1, 1)
        case aten._adaptive_avg_pool2d | aten.adaptive_max_pool2d:
            size, target = args[0].shape[-2:], pair(args[1])
            if any(n % m for n, m in zip(size, target, strict=True)):
                return "unknown"
            kernel = tuple(n // m for n, m in zip(size, target, strict=True))
            return kernel, kernel, (1, 1)
        case aten.slice:
            dim, step = args[1] % args[0].ndim if len(args) > 1 else 0, args[4] if len(args) > 4 else 1
            axis = dim - args[0].ndim + 2
            if args[0].ndim >= 4 and axis >= 0 and step > 1:
                return (1, 1), tuple(step if axis == n else 1 for n in (0, 1)), (1, 1)
    return None


def passed(tensor, field, out, op):
    """The field after an operation that slides nothing."""
    if tensor.ndim < 4:
        return field  # no map any more
    size, new = tuple(tensor.shape[-2:]), tuple(out.shape[-2:])
    if out.ndim < 4 or (new == (1, 1) and new != size):
        far, jump = field
        far = tuple(r + (n - 1) * j for r, n, j in zip(far, size, jump, strict=True))
        return far, tuple(n * j for n, j in zip(size, jump, strict=True))
    if new == size or size == (1, 1) or op.overloadpacket in PADS:
        return field
    return field if op.overloadpacket is aten.slice else None


def merged(found, tensors, out):
    """The largest field, and the jump of the inputs that are as large as the output."""
    if None in found:
        return None
    alike = [f for f, t in zip(found, tensors, strict=True) if t.shape[-2:] == out.shape[-2:]] or found
    return tuple(max(f[0][n] for f in found) for n in (0, 1)), tuple(max(f[1][n] for f in alike) for n in (0, 1))


def pair(value):
    """Two numbers, from one or from a list of one or two."""
    value = (value,) if isinstance(value, int) else tuple(value)
    return value * 2 if len(value) == 1 else value
