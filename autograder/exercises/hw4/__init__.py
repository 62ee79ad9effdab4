"""Assignment hw4-backprop: the backward pass."""

from autograder.exercises.hw4 import (
    batchnorm,
    conv,
    fold,
    gradient,
    groupnorm,
    inputs,
    layernorm,
    layers,
    pool,
    sandwich,
    softmax,
    toeplitz,
    transpose,
)

EXERCISES = (
    layers.RELU_BACKWARD,
    layers.AFFINE_BACKWARD,
    gradient.NUMERICAL_GRADIENT,
    toeplitz.CONV_TOEPLITZ,
    conv.CONV_BACKWARD_NAIVE,
    transpose.CONV_TRANSPOSE2D,
    fold.COL2IM,
    pool.MAX_POOL_BACKWARD_NAIVE,
    sandwich.CONV_RELU_BACKWARD,
    batchnorm.SPATIAL_BATCHNORM_FORWARD,
    batchnorm.SPATIAL_BATCHNORM_BACKWARD,
    groupnorm.SPATIAL_GROUPNORM_FORWARD,
    groupnorm.SPATIAL_GROUPNORM_BACKWARD,
    layernorm.LAYERNORM_FORWARD,
    layernorm.LAYERNORM_BACKWARD,
    softmax.SOFTMAX_LOSS,
    inputs.CONV_BACKWARD_INPUTS,
)
