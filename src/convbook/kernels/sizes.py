"""Arithmetic of layer shapes: output sizes, receptive fields, parameters and multiply-adds."""

from collections.abc import Iterable
from operator import index


def whole(name: str, value, least: int) -> int:
    """Return ``value`` as an int, or raise ``ValueError`` naming it.

    >>> whole("stride", 2, least=1)
    2
    >>> whole("stride", 0, least=1)
    Traceback (most recent call last):
    ...
    ValueError: stride must be an integer of at least 1, got 0
    """
    try:
        number = index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    return number


def pair(name: str, value, least: int) -> tuple[int, int]:
    """Return ``(height, width)`` from an int or a pair of ints.

    >>> pair("stride", 2, least=1)
    (2, 2)
    >>> pair("padding", (0, 1), least=0)
    (0, 1)
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name} must be an integer or a pair of integers, got {value!r}")
        return whole(name, value[0], least), whole(name, value[1], least)
    return whole(name, value, least), whole(name, value, least)


def conv_output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Output length of a convolution or pooling along one axis.

    ``floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1``
    (Data C182 lecture 10, with the floor and the dilation that it leaves out).

    Raises ``ValueError`` for a stride, kernel or dilation below 1, a negative
    padding, or a kernel that does not fit into the padded input.

    >>> conv_output_size(32, 5)
    28
    >>> conv_output_size(224, 11, stride=4)  # AlexNet as printed: 54.25, floored
    54
    >>> conv_output_size(7, 3, stride=2, padding=1, dilation=2)
    3
    """
    size = whole("size", size, 1)
    kernel_size = whole("kernel_size", kernel_size, 1)
    stride = whole("stride", stride, 1)
    padding = whole("padding", padding, 0)
    dilation = whole("dilation", dilation, 1)
    extent = dilation * (kernel_size - 1) + 1
    if extent > size + 2 * padding:
        raise ValueError(
            f"kernel of size {kernel_size} with dilation {dilation} covers {extent} pixels, "
            f"more than the padded input's {size + 2 * padding} ({size} + 2*{padding})"
        )
    return (size + 2 * padding - extent) // stride + 1


def same_padding(kernel_size: int, dilation: int = 1) -> int:
    """Padding on each side that keeps the size at stride 1: ``dilation (kernel_size - 1) / 2``.

    Raises ``ValueError`` where the total to pad is odd, so that no symmetric padding does it.

    >>> same_padding(3), same_padding(5), same_padding(3, dilation=2)
    (1, 2, 2)
    >>> same_padding(4)
    Traceback (most recent call last):
    ...
    ValueError: kernel_size 4 with dilation 1 needs 3 padding pixels in all, which no symmetric padding gives
    """
    total = whole("dilation", dilation, 1) * (whole("kernel_size", kernel_size, 1) - 1)
    if total % 2:
        raise ValueError(
            f"kernel_size {kernel_size} with dilation {dilation} needs {total} padding pixels in all, "
            "which no symmetric padding gives"
        )
    return total // 2


def receptive_field(layers: Iterable[tuple[int, ...]]) -> int:
    """Side of the input square that one output value can see (the theoretical receptive field).

    ``layers``: ``(kernel_size, stride)`` or ``(kernel_size, stride, dilation)`` from
    input to output, convolutions and poolings alike. Each layer adds
    ``dilation (kernel_size - 1)`` steps of the distance, in input pixels, between
    its neighbouring inputs; each stride multiplies that distance (Araujo, Norris
    and Sim 2019, doi:10.23915/distill.00021).

    >>> receptive_field([(3, 1)] * 5)
    11
    >>> receptive_field([(3, 2), (3, 1, 2)])
    11
    """
    field, jump = 1, 1
    for layer in layers:
        if len(layer) not in (2, 3):
            raise ValueError(f"a layer is (kernel_size, stride) or (kernel_size, stride, dilation), got {layer!r}")
        kernel_size = whole("kernel_size", layer[0], 1)
        stride = whole("stride", layer[1], 1)
        dilation = whole("dilation", layer[2], 1) if len(layer) == 3 else 1
        field += dilation * (kernel_size - 1) * jump
        jump *= stride
    return field


def check_groups(c_in: int, c_out: int, groups: int) -> None:
    """Raise ``ValueError`` unless ``groups`` divides both channel counts.

    >>> check_groups(6, 4, groups=4)
    Traceback (most recent call last):
    ...
    ValueError: groups=4 does not divide the 6 input channels
    """
    whole("groups", groups, 1)
    if c_in % groups:
        raise ValueError(f"groups={groups} does not divide the {c_in} input channels")
    if c_out % groups:
        raise ValueError(f"groups={groups} does not divide the {c_out} filters")


def conv_params(c_in: int, c_out: int, kernel_size, groups: int = 1, bias: bool = True) -> int:
    """Number of trainable values of a Conv2d: ``c_out (c_in / groups) kh kw``, plus ``c_out`` biases.

    >>> conv_params(3, 4, 3)
    112
    >>> conv_params(64, 32, 3, groups=4, bias=False)
    4608
    """
    check_groups(whole("c_in", c_in, 1), whole("c_out", c_out, 1), groups)
    kh, kw = pair("kernel_size", kernel_size, 1)
    return c_out * (c_in // groups) * kh * kw + (c_out if bias else 0)


def conv_macs(c_in: int, c_out: int, kernel_size, output_size, groups: int = 1) -> int:
    """Multiply-adds of a Conv2d on one image; a FLOP count is twice this. The bias is not counted.

    ``output_size``: int or ``(height, width)`` of the output.

    >>> conv_macs(3, 64, 3, 224)  # the first layer of VGG-16
    86704128
    """
    oh, ow = pair("output_size", output_size, 1)
    return conv_params(c_in, c_out, kernel_size, groups, bias=False) * oh * ow


def linear_params(n_in: int, n_out: int, bias: bool = True) -> int:
    """Number of trainable values of a fully connected layer.

    >>> linear_params(512 * 7 * 7, 1000)
    25089000
    """
    return whole("n_in", n_in, 1) * whole("n_out", n_out, 1) + (n_out if bias else 0)
