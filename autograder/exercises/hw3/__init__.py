"""Assignment hw3-groups-dilation: groups, one-by-one kernels, dilation, and a test of one's own."""

from autograder.exercises.hw3 import block, conv2d, count, dilate, grouped, inputs, pointwise, separable, shuffle

EXERCISES = (
    grouped.GROUPED_CONV_FORWARD,
    block.BLOCK_DIAGONAL,
    count.CONV_PARAMS,
    separable.DEPTHWISE_SEPARABLE,
    shuffle.CHANNEL_SHUFFLE,
    dilate.DILATE_KERNEL,
    conv2d.CONV2D,
    pointwise.CONV1X1_AS_LINEAR,
    inputs.GROUPED_CONV_INPUTS,
)
