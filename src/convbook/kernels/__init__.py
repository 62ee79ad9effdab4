"""Reference kernels of the course, in NumPy alone.

Index letters mean one thing everywhere: ``n`` image in the batch, ``f`` filter
(output channel), ``c`` input channel, ``i, j`` output row and column, ``a, b``
kernel row and column.
"""

from convbook.kernels.conv import conv2d, conv2d_naive, im2col, pad2d
from convbook.kernels.conv_backward import conv2d_backward, conv2d_backward_naive, pad2d_backward
from convbook.kernels.conv_transpose import (
    conv_transpose2d,
    conv_transpose2d_backward,
    conv_transpose2d_naive,
    dilate,
    flip,
)
from convbook.kernels.pool import avg_pool2d, global_avg_pool, max_pool2d
from convbook.kernels.sizes import (
    conv_macs,
    conv_output_size,
    conv_params,
    linear_params,
    receptive_field,
    same_padding,
)

__all__ = [
    "avg_pool2d",
    "conv2d",
    "conv2d_backward",
    "conv2d_backward_naive",
    "conv2d_naive",
    "conv_macs",
    "conv_output_size",
    "conv_params",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "conv_transpose2d_naive",
    "dilate",
    "flip",
    "global_avg_pool",
    "im2col",
    "linear_params",
    "max_pool2d",
    "pad2d",
    "pad2d_backward",
    "receptive_field",
    "same_padding",
]
