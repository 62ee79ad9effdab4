"""Code from Stanford's CS231n against our kernels: import from here what a notebook takes from ``cs231n``.

``from convbook.kernels.cs231n import *`` stands for ``cs231n.layers``, ``fast_layers``,
``layer_utils``, ``classifiers.cnn``, ``im2col`` and ``gradient_check``.

>>> import numpy as np
>>> x, w, b = np.ones((2, 3, 4, 4)), np.ones((5, 3, 3, 3)), np.zeros(5)
>>> out, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
>>> out.shape
(2, 5, 4, 4)
"""

from convbook.kernels.cs231n_columns import (
    col2im_indices,
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    im2col_indices,
)
from convbook.kernels.cs231n_layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    conv_backward_fast,
    conv_backward_naive,
    conv_forward_fast,
    conv_forward_naive,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    max_pool_backward_fast,
    max_pool_backward_naive,
    max_pool_forward_fast,
    max_pool_forward_naive,
    relu_backward,
    relu_forward,
    softmax_loss,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from convbook.kernels.cs231n_net import (
    ThreeLayerConvNet,
    affine_relu_backward,
    affine_relu_forward,
    conv_bn_relu_backward,
    conv_bn_relu_forward,
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)

__all__ = [
    "ThreeLayerConvNet",
    "affine_backward",
    "affine_forward",
    "affine_relu_backward",
    "affine_relu_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "col2im_indices",
    "conv_backward_fast",
    "conv_backward_naive",
    "conv_bn_relu_backward",
    "conv_bn_relu_forward",
    "conv_forward_fast",
    "conv_forward_naive",
    "conv_relu_backward",
    "conv_relu_forward",
    "conv_relu_pool_backward",
    "conv_relu_pool_forward",
    "dropout_backward",
    "dropout_forward",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "im2col_indices",
    "layernorm_backward",
    "layernorm_forward",
    "max_pool_backward_fast",
    "max_pool_backward_naive",
    "max_pool_forward_fast",
    "max_pool_forward_naive",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
]
