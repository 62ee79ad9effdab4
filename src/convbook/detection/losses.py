"""What a detector is trained on: how wrong a box is, and how wrong a class is where background is everywhere."""

import numpy as np

from convbook.kernels.conv import as_float


def l2_loss(pred, target) -> np.ndarray:
    """Sum of squared differences along the last axis, ``(..., 4) -> (...)``: the lecture's loss of a box.

    Equal loss does not mean equal overlap; these three miss their target by the same:

    >>> from convbook.detection import box_iou, xywh_to_xyxy
    >>> target = [0, 0, 1, 1]
    >>> three = np.array([[0.3, 0, 1, 1], [0, 0, 1.3, 1], [0, 0, 0.7, 1]])
    >>> l2_loss(three, target)
    array([0.09, 0.09, 0.09])
    >>> box_iou(xywh_to_xyxy(three), xywh_to_xyxy([target])).ravel().round(4)
    array([0.5385, 0.7692, 0.7   ])
    """
    pred, target = (as_float(x, name, np.ndim(x), "(..., 4)") for x, name in ((pred, "pred"), (target, "target")))
    if pred.ndim == 0 or target.ndim == 0 or pred.shape[-1] != target.shape[-1]:
        raise ValueError(f"pred and target must have the same last axis, got shapes {pred.shape} and {target.shape}")
    return ((pred - target) ** 2).sum(axis=-1)


def check_beta(beta: float) -> float:
    """``beta`` as a positive float, or ``ValueError``.

    >>> check_beta(0)
    Traceback (most recent call last):
    ...
    ValueError: beta must be a positive number, got 0
    """
    if not isinstance(beta, (int, float, np.number)) or not 0 < beta < np.inf:
        raise ValueError(f"beta must be a positive number, got {beta!r}")
    return float(beta)


def smooth_l1(x, beta: float = 1.0) -> np.ndarray:
    """``x² / (2 beta)`` up to ``beta``, ``|x| - beta / 2`` beyond, value by value, any shape.

    Value and slope meet at ``beta``; the slope never exceeds 1, so one wild box cannot rule a step
    (Girshick 2015, arXiv 1504.08083; beta as in PyTorch).

    >>> smooth_l1([-3, -1, 0.5, 0])
    array([2.5  , 0.5  , 0.125, 0.   ])
    """
    beta = check_beta(beta)
    size = np.abs(as_float(x, "x", np.ndim(x), "(...)"))
    return np.where(size < beta, size**2 / (2 * beta), size - beta / 2)


def smooth_l1_backward(dout, x, beta: float = 1.0) -> np.ndarray:
    """Gradient of :func:`smooth_l1`: ``dout`` times ``x / beta``, cut off at -1 and 1.

    >>> smooth_l1_backward([1, 1, 1, 2], [-3, -1, 0.5, 0.25])
    array([-1. , -1. ,  0.5,  0.5])
    """
    beta = check_beta(beta)
    return np.asarray(dout) * np.clip(as_float(x, "x", np.ndim(x), "(...)") / beta, -1, 1)


def focal_loss(logits, targets, alpha: float = 0.25, gamma: float = 2.0) -> np.ndarray:
    """Cross-entropy of a yes-or-no answer, turned down where it is right already: ``-a (1 - p)^gamma log p``.

    A loss of the class, not of the box (Lin et al. 2017, arXiv 1708.02002). ``p`` is the probability of the right
    answer, ``a`` is ``alpha`` where the target is 1 and ``1 - alpha`` where it is 0. ``logits`` and ``targets``
    (0 or 1) have one shape, which the result has too. Raises ``ValueError`` for other targets, an alpha outside
    0 to 1 or a negative gamma. Large logits are no trouble.

    >>> focal_loss([0, 2, -2], [1, 1, 1]).round(4)
    array([0.0433, 0.0005, 0.4125])
    """
    logits, targets = as_float(logits, "logits", np.ndim(logits), "(...)"), np.asarray(targets)
    if targets.shape != logits.shape or not np.isin(targets, (0, 1)).all():
        raise ValueError(f"targets must be 0 or 1 in shape {logits.shape}, got shape {targets.shape}: {targets!r}")
    if not (0 <= alpha <= 1 and gamma >= 0):
        raise ValueError(f"alpha must be from 0 to 1 and gamma at least 0, got {alpha} and {gamma}")
    for_right = np.where(targets == 1, logits, -logits)
    log_p, log_not_p = -np.logaddexp(0, -for_right), -np.logaddexp(0, for_right)
    return -np.where(targets == 1, alpha, 1 - alpha) * np.exp(gamma * log_not_p) * log_p
