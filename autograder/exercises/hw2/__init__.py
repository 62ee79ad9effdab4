"""Assignment hw2-conv2d: the arithmetic of Conv2d."""

from autograder.exercises.hw2 import conv, count, equivariance, field, im2col, pool, sizes

EXERCISES = (
    sizes.OUT_SIZE,
    sizes.SAME_PADDING,
    conv.CONV_FORWARD_NAIVE,
    im2col.IM2COL,
    im2col.CONV_FORWARD_IM2COL,
    pool.MAX_POOL_FORWARD_NAIVE,
    pool.GLOBAL_AVG_POOL,
    count.CONV_PARAMS,
    count.CONV_MACS,
    field.RECEPTIVE_FIELD,
    equivariance.EQUIVARIANCE_ERROR,
)
