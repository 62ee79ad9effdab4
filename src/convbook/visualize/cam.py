"""Class activation maps: which places of a layer speak for a class."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from convbook.visualize.looking import check_images, inspecting, layer_of, put_out, recording, scores_of


def weigh(acts: Tensor, grads: Tensor) -> Tensor:
    """Grad-CAM's map of one layer: channels weighed by the mean of their gradients, then a ReLU; ``(N, H, W)``.

    Selvaraju et al. 2017, equations 1 and 2. The ReLU comes after the sum over channels: what speaks against the
    class may cancel what speaks for it.

    >>> acts = torch.tensor([[[[1.0, 2.0]], [[3.0, 0.0]]]])
    >>> grads = torch.tensor([[[[1.0, 1.0]], [[-1.0, 0.0]]]])
    >>> weigh(acts, grads)
    tensor([[[0., 2.]]])
    """
    check_pair(acts, grads)
    return functional.relu((grads.mean(dim=(2, 3), keepdim=True) * acts).sum(dim=1))


def weigh_pp(acts: Tensor, grads: Tensor) -> Tensor:
    """Grad-CAM++'s map: places with a positive gradient count, each by a weight of its own; ``(N, H, W)``.

    Chattopadhyay et al. 2018, equation 19, with the gradients of the score; a place without a gradient gets none.
    """
    check_pair(acts, grads)
    bottom = 2 * grads**2 + acts.sum(dim=(2, 3), keepdim=True) * grads**3
    alpha = torch.where(bottom != 0, grads**2 / torch.where(bottom != 0, bottom, 1), 0)
    weights = (alpha * functional.relu(grads)).sum(dim=(2, 3), keepdim=True)
    return functional.relu((weights * acts).sum(dim=1))


def check_pair(acts: Tensor, grads: Tensor) -> None:
    if acts.ndim != 4 or acts.shape != grads.shape:
        raise ValueError(
            f"activations and gradients have one shape (N, C, H, W), not {tuple(acts.shape)} and {tuple(grads.shape)}"
        )


def grad_cam(
    model: nn.Module,
    x: Tensor,
    layer: str | nn.Module,
    classes: int | Tensor | None = None,
    plus_plus: bool = False,
    enlarge: bool = True,
) -> Tensor:
    """Where in an image a layer finds the class: ``(N, H, W)``, as large as the image, or as the layer's maps.

    ``classes``: one class, one for each image, or the model's own choice. Not scaled; :func:`unit_range` does that
    for a picture.
    """
    x = check_images(x).detach().clone().requires_grad_()
    layer_of(model, layer)
    with inspecting(model), recording(model, layer) as outputs, torch.enable_grad():
        score, _ = scores_of(model, x, classes)
        acts = put_out(outputs)
        (grads,) = torch.autograd.grad(score.sum(), acts)
    maps = (weigh_pp if plus_plus else weigh)(acts.detach(), grads)
    if not enlarge:
        return maps
    return functional.interpolate(maps[:, None], x.shape[2:], mode="bilinear", align_corners=False)[:, 0]


def unit_range(maps: Tensor) -> Tensor:
    """Each map ``(N, H, W)`` from 0 to 1; one of equal values is all 0.

    >>> unit_range(torch.tensor([[[1.0, 3.0]], [[2.0, 2.0]]]))
    tensor([[[0., 1.]],
    <BLANKLINE>
            [[0., 0.]]])
    """
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / torch.where(high > low, high - low, 1)
