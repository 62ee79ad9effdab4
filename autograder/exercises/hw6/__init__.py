"""Assignment hw6-visualization: what a network has learnt, as pictures and numbers."""

from autograder.exercises.hw6 import cam, campp, filters, relu, saliency, top

EXERCISES = (
    filters.FILTERS_TO_GRID,
    top.TOP_K_ACTIVATIONS,
    saliency.SALIENCY,
    relu.RELU_BACKWARD,
    cam.GRAD_CAM,
    campp.GRAD_CAM_PP,
)
