"""Assignment hw4-backprop: the backward pass."""

from autograder.exercises.hw4 import conv, fold, toeplitz, transpose

EXERCISES = (toeplitz.CONV_TOEPLITZ, conv.CONV_BACKWARD_NAIVE, transpose.CONV_TRANSPOSE2D, fold.COL2IM)
