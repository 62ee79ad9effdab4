"""Feature visualization: what a network has learnt, as pictures and numbers.

Each function takes a model and a layer of it, by name or as the module, and works on any ``nn.Module``, on the
device where the model is. The model is left as it was: its mode, its gradients, its hooks.
"""

from convbook.visualize.activations import Top, activation_maps, receptive_box, top_activations
from convbook.visualize.ascent import Ascent, ascend, blurred, class_score, total_variation, unit_score
from convbook.visualize.cam import grad_cam, unit_range, weigh, weigh_pp
from convbook.visualize.gradients import (
    RULES,
    gradient,
    integrated_gradients,
    project,
    relu_backward,
    relu_rule,
    saliency,
)
from convbook.visualize.grids import filters_to_grid
from convbook.visualize.looking import inspecting, layer_of, recording
from convbook.visualize.occlusion import occlusion_map
from convbook.visualize.randomised import randomised
from convbook.visualize.spaces import agreement, embed, features, grid_places, invariance, nearest, probe

__all__ = [
    "RULES",
    "Ascent",
    "Top",
    "activation_maps",
    "agreement",
    "ascend",
    "blurred",
    "class_score",
    "embed",
    "features",
    "filters_to_grid",
    "grad_cam",
    "gradient",
    "grid_places",
    "inspecting",
    "integrated_gradients",
    "invariance",
    "layer_of",
    "nearest",
    "occlusion_map",
    "probe",
    "project",
    "randomised",
    "receptive_box",
    "recording",
    "relu_backward",
    "relu_rule",
    "saliency",
    "top_activations",
    "total_variation",
    "unit_range",
    "unit_score",
    "weigh",
    "weigh_pp",
]
