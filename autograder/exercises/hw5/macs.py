"""Exercise count_macs."""

from autograder.exercise import Case, Exercise, Mistake, rewrite


def count_macs(spec, input_size):
    def count(layers, H, W):
        total = 0
        for layer in layers:
            kind = layer["kind"]
            if kind in ("conv", "pool"):
                k, s, p = layer["k"], layer["stride"], layer["padding"]
                H, W = (H + 2 * p - k) // s + 1, (W + 2 * p - k) // s + 1
                if kind == "conv":
                    total += H * W * layer["c_out"] * (layer["c_in"] // layer["groups"]) * k * k
            elif kind == "global_pool":
                H, W = 1, 1
            elif kind == "linear":
                total += layer["c_in"] * layer["c_out"]
            elif kind == "residual":
                shortcut, _, _ = count(layer["shortcut"], H, W)
                main, H, W = count(layer["main"], H, W)
                total += main + shortcut
        return total, H, W

    return count(spec, *input_size)[0]


def generated(spec, input_size):
    """Layers one after another, with their sizes, from a generator."""
    sizes = list(input_size)

    def output(layer, sizes):
        return [(m + 2 * layer["padding"] - layer["k"]) // layer["stride"] + 1 for m in sizes]

    def macs(layers, sizes):
        for layer in layers:
            if layer["kind"] == "residual":
                yield from macs(layer["shortcut"], sizes[:])
                yield from macs(layer["main"], sizes)
            elif "k" in layer:
                sizes[:] = output(layer, sizes)
                yield (
                    layer["k"] ** 2 * layer["c_in"] * layer["c_out"] // layer["groups"] * sizes[0] * sizes[1]
                    if (layer["kind"] == "conv")
                    else 0
                )
            elif layer["kind"] == "global_pool":
                sizes[:] = [1, 1]
            elif layer["kind"] == "linear":
                yield layer["c_in"] * layer["c_out"]

    return sum(macs(spec, sizes))


def by_convolving(spec, input_size):
    """Sizes from PyTorch itself, on tensors without memory; a global pooling ends what has a size."""
    import torch
    from torch import nn

    def run(layers, x):
        total = 0
        for layer in layers:
            match layer:
                case {"kind": "conv", "c_in": c_in, "c_out": c_out, "k": k, "stride": s, "padding": p, "groups": g}:
                    conv = nn.Conv2d(c_in, c_out, k, s, p, groups=g, bias=False, device="meta")
                    x = conv(x.expand(1, c_in, -1, -1))
                    total += conv.weight.numel() * x.shape[2] * x.shape[3]
                    x = x[:, :1]
                case {"kind": "pool", "k": k, "stride": s, "padding": p}:
                    x = nn.functional.avg_pool2d(x, k, s, p)
                case {"kind": "linear", "c_in": c_in, "c_out": c_out}:
                    total += nn.Linear(c_in, c_out, bias=False, device="meta").weight.numel()
                case {"kind": "residual", "main": main, "shortcut": shortcut}:
                    more, _ = run(shortcut, x)
                    most, x = run(main, x)
                    total += more + most
        return total, x

    return run(spec, torch.empty(1, 1, *input_size, device="meta"))[0]


def with_a_stack(spec, input_size):
    """No recursion: what is still to be counted, each with the size that it will be given."""
    total, todo = 0, [(list(spec), tuple(input_size))]
    while todo:
        layers, (H, W) = todo.pop()
        while layers:
            layer = layers.pop(0)
            if layer["kind"] == "residual":
                todo.append((list(layer["shortcut"]), (H, W)))
                layers = [*layer["main"], *layers]
                continue
            if layer["kind"] == "linear":
                total += layer["c_out"] * layer["c_in"]
            if "stride" in layer:
                reach = layer["k"] - 2 * layer["padding"]
                H, W = (
                    (H - reach + layer["stride"]) // layer["stride"],
                    (W - reach + layer["stride"]) // layer["stride"],
                )
                per_pixel = layer.get("c_out", 0) * layer.get("c_in", 0) * layer["k"] ** 2
                total += H * W * per_pixel // layer.get("groups", 1)
    return total


# ---- networks as data


def conv(c_in, c_out, k, stride=1, groups=1, padding=None):
    padding = k // 2 if padding is None else padding
    settings = {"c_in": c_in, "c_out": c_out, "k": k, "stride": stride, "padding": padding, "groups": groups}
    return {"kind": "conv", **settings}


def norm_relu(c):
    return [{"kind": "norm", "c": c}, {"kind": "relu"}]


def pool(k, stride, padding=0):
    return {"kind": "pool", "k": k, "stride": stride, "padding": padding}


def linear(c_in, c_out):
    return {"kind": "linear", "c_in": c_in, "c_out": c_out}


def residual(c_in, width, stride, expansion, stride_in_3x3=True):
    c_out, norm = expansion * width, {"kind": "norm", "c": width}
    if expansion == 1:
        main = [conv(c_in, width, 3, stride), *norm_relu(width), conv(width, width, 3), norm]
    else:
        first, second = (1, stride) if stride_in_3x3 else (stride, 1)
        main = [conv(c_in, width, 1, first), *norm_relu(width), conv(width, width, 3, second), *norm_relu(width)]
        main += [conv(width, c_out, 1), {"kind": "norm", "c": c_out}]
    shortcut = [] if stride == 1 and c_in == c_out else [conv(c_in, c_out, 1, stride), {"kind": "norm", "c": c_out}]
    return [{"kind": "residual", "main": main, "shortcut": shortcut}, {"kind": "relu"}]


def resnet(expansion, counts, stride_in_3x3=True, num_classes=1000):
    layers = [conv(3, 64, 7, 2), *norm_relu(64), pool(3, 2, 1)]
    c_in = 64
    for number, n in enumerate(counts):
        for block in range(n):
            stride = 2 if number and not block else 1
            layers += residual(c_in, 64 * 2**number, stride, expansion, stride_in_3x3)
            c_in = 64 * 2**number * expansion
    return [*layers, {"kind": "global_pool"}, linear(c_in, num_classes)]


def draw(rng):
    def case(group, kind, layers, *size):
        return Case(group, kind, (layers, tuple(map(int, size))))

    plain, paths, whole = "plain layers", "residual blocks", "whole networks"
    a, b, c = map(int, rng.permutation([4, 6, 8, 10])[:3])
    H, W = map(int, rng.permutation([17, 20, 26, 31])[:2])
    number = int(rng.integers(7, 20))
    return [
        case(plain, "one convolution", [conv(a, b, 3)], H, W),
        case(plain, "padding and a stride that does not divide", [conv(a, b, 5, 3, padding=1)], H, W),
        case(plain, "groups", [conv(a, b, 3, groups=2), *norm_relu(b), conv(b, c, 1)], H, W),
        case(plain, "depthwise", [conv(a, a, 3, 2, groups=a), *norm_relu(a), conv(a, c, 1)], H, W),
        case(plain, "pooling", [pool(3, 2, 1), conv(a, b, 3, 2), *norm_relu(b), pool(2, 2), conv(b, c, 3)], H, W),
        case(plain, "a head", [conv(a, b, 3, 2), {"kind": "global_pool"}, linear(b, number)], H, W),
        case(paths, "two basic blocks", residual(a, a, 1, 1) + residual(a, b, 2, 1), H, W),
        case(paths, "a bottleneck", residual(a, c, 2, 4), H, W),
        case(paths, "a bottleneck, stride first", residual(b, c, 2, 4, False) + residual(4 * c, c, 1, 4), H, W),
        case(
            paths,
            "a shortcut with pooling, and a block in a block",
            [
                {
                    "kind": "residual",
                    "main": [conv(a, b, 3, 2), *residual(b, b, 1, 1)],
                    "shortcut": [pool(1, 2), conv(a, b, 1)],
                },
                conv(b, c, 3),
            ],
            H,
            W,
        ),
        case(whole, "a small ResNet", resnet(1, (1, 1, 2, 1), num_classes=number), 4 * H, 4 * W),
        case(whole, "a small ResNet of bottlenecks", resnet(4, (1, 2, 1, 1), False, number), 4 * W, 4 * H),
    ]


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(count_macs, *changes))


SIZE = "H, W = (H + 2 * p - k) // s + 1, (W + 2 * p - k) // s + 1"
CONV = 'total += H * W * layer["c_out"] * (layer["c_in"] // layer["groups"]) * k * k'
LINEAR = 'total += layer["c_in"] * layer["c_out"]'
SHORT, MAIN = 'shortcut, _, _ = count(layer["shortcut"], H, W)', 'main, H, W = count(layer["main"], H, W)'
RETURN = "return count(spec, *input_size)[0]"
OTHER = 'elif kind == "global_pool":'

COUNT_MACS = Exercise(
    id="hw5.count_macs",
    function="count_macs",
    points=10,
    anchor="resnets-macs",
    allowed=("torch",),
    exact_type=True,
    reference=count_macs,
    groups={"plain layers": 4, "residual blocks": 4, "whole networks": 2},
    examples=(
        Case("whole networks", "ResNet-18", (resnet(1, (2, 2, 2, 2)), (224, 224))),
        Case("whole networks", "ResNet-50, the stride in the 3x3", (resnet(4, (3, 4, 6, 3)), (224, 224))),
        Case("whole networks", "ResNet-50, the stride in the first 1x1", (resnet(4, (3, 4, 6, 3), False), (224, 224))),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "FLOPs",
            "macs",
            "You count twice as much: a multiplication and an addition are two operations, but one multiply-accumulate.",
            (RETURN, "return 2 * count(spec, *input_size)[0]"),
        ),
        wrong(
            "projection skipped",
            "macs",
            "You leave out the convolutions of the shortcuts. They multiply as well.",
            ("total += main + shortcut", "total += main"),
        ),
        wrong(
            "linear layer skipped",
            "macs",
            "You leave out the linear layer: c_in * c_out multiply-accumulates.",
            (LINEAR, "pass"),
        ),
        wrong(
            "blocks skipped",
            "macs",
            "You leave out what is inside of residual blocks. Count both of their paths, each as a list of layers.",
            ("total += main + shortcut", "pass"),
        ),
        wrong(
            "norm counted",
            "macs",
            "You count batch norms. By convention only convolutions and linear layers are counted: a batch norm melts into the convolution before it.",
            (OTHER, 'elif kind == "norm":\n                total += H * W * layer["c"]\n            ' + OTHER),
        ),
        wrong(
            "norm counted twice",
            "macs",
            "You count batch norms, with two operations a value. By convention only convolutions and linear layers are counted.",
            (OTHER, 'elif kind == "norm":\n                total += 2 * H * W * layer["c"]\n            ' + OTHER),
        ),
        wrong(
            "pooling counted",
            "macs",
            "You count pooling. It compares or adds, and multiplies nothing.",
            (SIZE, SIZE + '\n                if kind == "pool":\n                    total += H * W * k * k'),
        ),
        wrong(
            "bias counted",
            "macs",
            "You count a bias for each output. A bias is an addition alone, and these layers have none.",
            (CONV, CONV + ' + H * W * layer["c_out"]'),
        ),
        wrong(
            "size before the layer",
            "macs",
            "You multiply by the size of the layer's input. A filter is applied once for each pixel of its output.",
            (SIZE, "before = H, W\n                " + SIZE),
            (CONV, CONV.replace("H * W", "before[0] * before[1]")),
        ),
        wrong(
            "weights alone",
            "macs",
            "You count weights. Every weight is used once for each pixel of the output.",
            (CONV, CONV.replace("H * W * ", "")),
        ),
        wrong(
            "stride ignored",
            "macs",
            "You ignore the stride: every layer's output is as large as at stride 1.",
            (SIZE, SIZE.replace("// s", "// 1")),
        ),
        wrong(
            "padding ignored",
            "macs",
            "You ignore the padding: your sizes shrink by k - 1 at every layer.",
            (SIZE, SIZE.replace(" + 2 * p", "")),
        ),
        wrong(
            "padding once",
            "macs",
            "You add the padding once. It is put on both sides: 2 * padding.",
            (SIZE, SIZE.replace("2 * p", "p")),
        ),
        wrong(
            "padding that keeps the size",
            "macs",
            "You divide the size by the stride and take any padding for the one that keeps the size. Use the formula with k and padding.",
            (SIZE, "H, W = -(-H // s), -(-W // s)"),
        ),
        wrong(
            "rounded up",
            "macs",
            "You round sizes up. A window that does not fit is left out: round down.",
            (SIZE, "H, W = -(-(H + 2 * p - k) // s) + 1, -(-(W + 2 * p - k) // s) + 1"),
        ),
        wrong(
            "square images",
            "macs",
            "You take the image's height for its width.",
            (RETURN, "return count(spec, input_size[0], input_size[0])[0]"),
        ),
        wrong(
            "k instead of k squared",
            "macs",
            "You multiply by k once. A kernel has k * k weights a channel.",
            (CONV, CONV.replace("* k * k", "* k")),
        ),
        wrong(
            "groups ignored",
            "macs",
            "You ignore groups: a filter reads c_in / groups channels.",
            (CONV, CONV.replace('(layer["c_in"] // layer["groups"])', 'layer["c_in"]')),
        ),
        wrong(
            "groups twice",
            "macs",
            "You divide by the groups twice. A filter reads c_in / groups channels, and there are c_out filters in all.",
            (CONV, CONV.replace('layer["c_out"]', 'layer["c_out"] // layer["groups"]')),
        ),
        wrong(
            "input channels forgotten",
            "macs",
            "You forget c_in: a filter has k * k weights for each channel that it reads.",
            (CONV, CONV.replace('(layer["c_in"] // layer["groups"])', "1")),
        ),
        wrong(
            "pooling keeps the size",
            "macs",
            "Pooling does not change your sizes. It has a stride like a convolution.",
            ('if kind in ("conv", "pool"):', 'if kind == "conv":'),
        ),
        wrong(
            "shortcut behind the main path",
            "macs",
            "You count the shortcut at the size that the main path has reached. Both paths begin with the block's input.",
            (SHORT, "pass"),
            (MAIN, f"{MAIN}\n                {SHORT}"),
        ),
        wrong(
            "main path behind the shortcut",
            "macs",
            "You count the main path at the size that the shortcut has reached. Both paths begin with the block's input.",
            (SHORT, 'shortcut, H, W = count(layer["shortcut"], H, W)'),
        ),
        wrong(
            "size of a block forgotten",
            "macs",
            "After a residual block you go on with the size before it. Go on with the size that its main path has reached.",
            (MAIN, 'main, _, _ = count(layer["main"], H, W)'),
        ),
        wrong(
            "float",
            "macs",
            "Your count is a float. Divide with //, which gives an int.",
            (RETURN, "return count(spec, *input_size)[0] / 1"),
        ),
        wrong(
            "billions",
            "macs",
            "You return billions. Return the count itself, an int.",
            (RETURN, "return count(spec, *input_size)[0] / 1e9"),
        ),
    ),
    variants={
        "a function that calls itself": count_macs,
        "a generator": generated,
        "a stack, no recursion": with_a_stack,
        "sizes by PyTorch": by_convolving,
    },
)
