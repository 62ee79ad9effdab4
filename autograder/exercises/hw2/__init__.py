"""Assignment hw2-conv2d: the arithmetic of Conv2d."""

from autograder.exercises.hw2 import conv, count, pool, sizes

EXERCISES = (
    sizes.OUT_SIZE,
    sizes.SAME_PADDING,
    conv.CONV_FORWARD_NAIVE,
    conv.IM2COL,
    conv.CONV_FORWARD_IM2COL,
    pool.MAX_POOL_FORWARD_NAIVE,
    pool.GLOBAL_AVG_POOL,
    count.CONV_PARAMS,
    count.CONV_MACS,
    sizes.RECEPTIVE_FIELD,
    pool.EQUIVARIANCE_ERROR,
)
