"""Reference kernels of the course, in NumPy alone.

Index letters mean one thing everywhere: ``n`` image in the batch, ``f`` filter
(output channel), ``c`` input channel, ``i, j`` output row and column, ``a, b``
kernel row and column.
"""

from convbook.kernels.conv import conv2d, conv2d_naive, im2col, pad2d
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
    "conv2d_naive",
    "conv_macs",
    "conv_output_size",
    "conv_params",
    "global_avg_pool",
    "im2col",
    "linear_params",
    "max_pool2d",
    "pad2d",
    "receptive_field",
    "same_padding",
]
