"""Assignment hw1-filters: images, linear layers and 2D filters."""

from autograder.exercises.hw1 import (
    convolve,
    correlate,
    count,
    edges,
    gaussian,
    images,
    macs,
    same,
    separable,
    template,
    trial,
)

EXERCISES = (
    images.TO_FLOAT_CHW,
    count.LINEAR_PARAMS,
    count.CONV_PARAMS,
    correlate.XCORR2D,
    trial.XCORR2D_INPUTS,
    same.FILTER_SAME,
    convolve.CONVOLVE2D,
    gaussian.GAUSSIAN_KERNEL,
    separable.SEPARABLE,
    macs.SEPARABLE_MACS,
    edges.SOBEL_MAGNITUDE,
    template.NCC,
)
