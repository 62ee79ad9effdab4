"""Assignment hw6-visualization: what a network has learnt, as pictures and numbers."""

from autograder.exercises.hw6 import (
    ascent,
    cam,
    campp,
    filters,
    neighbours,
    occlusion,
    pca,
    receptive,
    relu,
    saliency,
    top,
    trial_cam,
    tsne,
)

EXERCISES = (
    filters.FILTERS_TO_GRID,
    top.TOP_K_ACTIVATIONS,
    receptive.RECEPTIVE_BOX,
    saliency.SALIENCY,
    relu.RELU_BACKWARD,
    cam.GRAD_CAM,
    campp.GRAD_CAM_PP,
    occlusion.OCCLUSION_MAP,
    ascent.GRADIENT_ASCENT,
    neighbours.NEAREST,
    pca.PCA_2D,
    tsne.TSNE_P,
    trial_cam.GRAD_CAM_INPUTS,
)
