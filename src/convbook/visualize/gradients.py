"""Explanations by gradients: what a change of each pixel would do to a score."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from convbook.visualize.looking import check_images, inspecting, layer_of, put_out, recording, scores_of

RULES = ("backprop", "deconv", "guided")


def relu_backward(dout: Tensor, x: Tensor, rule: str = "backprop") -> Tensor:
    """What goes back through a ReLU that was given ``x``, by one of three rules.

    ``backprop`` passes where x was positive; ``deconv`` (Zeiler and Fergus 2014) where ``dout`` is; ``guided``
    (Springenberg et al. 2015) where both are.

    >>> dout, x = torch.tensor([1.0, 1.0, -1.0, -1.0]), torch.tensor([2.0, -2.0, 2.0, -2.0])
    >>> for rule in RULES:
    ...     print(relu_backward(dout, x, rule).add(0).tolist())
    [1.0, 0.0, -1.0, 0.0]
    [1.0, 1.0, 0.0, 0.0]
    [1.0, 0.0, 0.0, 0.0]
    """
    if rule not in RULES:
        raise ValueError(f"the rule is one of {', '.join(RULES)}, not {rule!r}")
    keep = torch.ones_like(dout, dtype=torch.bool)
    if rule != "deconv":
        keep = keep & (x > 0)
    if rule != "backprop":
        keep = keep & (dout > 0)
    return torch.where(keep, dout, torch.zeros_like(dout))


class RuledReLU(torch.autograd.Function):
    """A ReLU whose backward pass follows a rule."""

    @staticmethod
    def forward(ctx, x, rule):
        ctx.save_for_backward(x)
        ctx.rule = rule
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, dout):
        (x,) = ctx.saved_tensors
        return relu_backward(dout, x, ctx.rule), None


@contextmanager
def relu_rule(model: nn.Module, rule: str) -> Iterator[None]:
    """Every ``nn.ReLU`` of the model follows ``rule`` on the way back.

    Raises ``ValueError`` where there is none, for then nothing would change: ReLUs that are called as functions
    cannot be found.
    """
    if rule not in RULES:
        raise ValueError(f"the rule is one of {', '.join(RULES)}, not {rule!r}")
    found = [module for module in model.modules() if isinstance(module, nn.ReLU)]
    if not found and rule != "backprop":
        raise ValueError(f"the model has no nn.ReLU to apply the rule {rule!r} to")
    try:
        for module in found:
            setattr(module, "forward", lambda x: RuledReLU.apply(x, rule))  # noqa: B010 - of this module alone
        yield
    finally:
        for module in found:
            del module.forward


def gradient(model: nn.Module, x: Tensor, classes: int | Tensor | None = None, rule: str = "backprop") -> Tensor:
    """Gradient of each image's score with respect to its pixels, shape of ``x``.

    ``classes``: one class, one for each image, or the model's own choice.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    >>> x = torch.ones(1, 1, 2, 2)
    >>> torch.equal(gradient(model, x, 1).flatten(), model[1].weight[1])
    True
    """
    x = check_images(x).detach().clone().requires_grad_()
    with inspecting(model), relu_rule(model, rule), torch.enable_grad():
        score, _ = scores_of(model, x, classes)
        return torch.autograd.grad(score.sum(), x)[0]


def saliency(model: nn.Module, x: Tensor, classes: int | Tensor | None = None, rule: str = "backprop") -> Tensor:
    """How much each pixel matters to the score: the largest absolute gradient of its channels, ``(N, H, W)``.

    Simonyan, Vedaldi and Zisserman 2013. The score is the one before the softmax: after it a class would also gain
    from what speaks against the others.
    """
    return gradient(model, x, classes, rule).abs().amax(dim=1)


def integrated_gradients(
    model: nn.Module,
    x: Tensor,
    classes: int | Tensor | None = None,
    baseline: Tensor | float = 0.0,
    steps: int = 50,
    batch: int = 16,
) -> Tensor:
    """Gradients summed along the straight line from ``baseline`` to ``x``, times their difference; shape of ``x``.

    Sundararajan, Taly and Yan 2017. All of it adds up to the score's change from the baseline, up to the error of
    the midpoint rule with ``steps`` steps. ``batch`` of them go through the model at once, with all images.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    >>> x = torch.rand(1, 1, 2, 2)
    >>> torch.allclose(integrated_gradients(model, x, 1, steps=3).sum(), model(x)[0, 1])
    True
    """
    if steps < 1:
        raise ValueError(f"steps is at least 1, not {steps}")
    if batch < 1:
        raise ValueError(f"batch is at least 1, not {batch}")
    x = check_images(x).detach()
    start = torch.as_tensor(baseline, dtype=x.dtype, device=x.device).expand_as(x)
    with inspecting(model), torch.no_grad():
        _, classes = scores_of(model, x, classes)
    total = torch.zeros_like(x)
    for part in ((torch.arange(steps, device=x.device) + 0.5) / steps).split(batch):
        points = start + (x - start) * part.to(x.dtype).view(-1, 1, 1, 1, 1)
        found = gradient(model, points.flatten(0, 1), classes.repeat(len(part)))
        total += found.view_as(points).sum(dim=0)
    return (x - start) * total / steps


def project(
    model: nn.Module, layer: str | nn.Module, x: Tensor, channel: int, i: int, j: int, rule: str = "deconv"
) -> Tensor:
    """One activation of a layer projected back to the pixels, shape of ``x``: the deconvnet of Zeiler and Fergus.

    All other activations of the layer count as zero, so what arrives is what this one was made of, by the rule.
    """
    x = check_images(x).detach().clone().requires_grad_()
    layer_of(model, layer)
    with inspecting(model), relu_rule(model, rule), recording(model, layer) as outputs, torch.enable_grad():
        model(x)
        acts = put_out(outputs)
        if acts.ndim != 4:
            raise ValueError(f"that layer puts out {tuple(acts.shape)}, not maps (N, C, H, W)")
        channels, height, width = acts.shape[1:]
        if not (0 <= channel < channels and 0 <= i < height and 0 <= j < width):
            raise ValueError(f"channel {channel} at ({i}, {j}) is not in maps of {channels} x {height} x {width}")
        return torch.autograd.grad(acts[:, channel, i, j].sum(), x)[0]
