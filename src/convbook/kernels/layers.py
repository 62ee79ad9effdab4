"""What stands between and after the convolutions: ReLU, the linear layer, the softmax loss."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.pool import check_dout


def relu(x) -> np.ndarray:
    """``max(x, 0)``, value by value, any shape.

    >>> relu([-1, 0, 2])
    array([0., 0., 2.])
    """
    return np.maximum(as_float(x, "x", np.ndim(x), "(...)"), 0)


def relu_backward(dout, x) -> np.ndarray:
    """Gradient of :func:`relu`: ``dout`` where the input ``x`` was above 0; at 0 itself it is 0, as in PyTorch.

    >>> relu_backward([5, 6, 7], [-1, 0, 2])
    array([0., 0., 7.])
    """
    x = as_float(x, "x", np.ndim(x), "(...)")
    return np.where(x > 0, check_dout(dout, x.shape), np.zeros((), x.dtype))


def check_linear(x, w, b):
    """Check every argument; return x, w, b (zeros if None)."""
    x, w = as_float(x, "x", 2, "(N, C)"), as_float(w, "w", 2, "(F, C)")
    if w.shape[1] != x.shape[1]:
        raise ValueError(f"w of shape {w.shape} takes {w.shape[1]} features, but x of shape {x.shape} has {x.shape[1]}")
    b = np.zeros(len(w), w.dtype) if b is None else as_float(b, "b", 1, "(F,)")
    if b.shape != (len(w),):
        raise ValueError(f"b must have shape ({len(w)},), one value an output, got shape {b.shape}")
    return x, w, b


def linear(x, w, b=None) -> np.ndarray:
    """Fully connected layer: ``out[n, f] = b[f] + sum over c of x[n, c] w[f, c]``.

    ``x (N, C)``, ``w (F, C)``, ``b (F,)`` or None, as in ``torch.nn.functional.linear``;
    returns ``(N, F)``. Raises ``ValueError`` where shapes do not fit.

    >>> linear([[1, 2]], [[3, 4], [5, 6]], [0, 1])
    array([[11., 18.]])
    """
    x, w, b = check_linear(x, w, b)
    return x @ w.T + b


def linear_backward(dout, x, w) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient of :func:`linear`: ``dx = dout w``, ``dw = dout^T x``, ``db`` the sum over the batch.

    >>> dx, dw, db = linear_backward([[1, 10]], [[1, 2]], [[3, 4], [5, 6]])
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[53.0, 64.0]], [[1.0, 2.0], [10.0, 20.0]], [1.0, 10.0])
    """
    x, w, _ = check_linear(x, w, None)
    dout = check_dout(dout, (len(x), len(w)))
    return dout @ w, dout.T @ x, dout.sum(axis=0)


def check_scores(scores, labels):
    """Check both arguments; return them as arrays."""
    scores, labels = as_float(scores, "scores", 2, "(N, K)"), np.asarray(labels)
    if labels.shape != scores.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be {len(scores)} integers, one an image, got shape {labels.shape} of dtype {labels.dtype}"
        )
    if len(scores) == 0:
        raise ValueError(f"the mean loss of no image is undefined: scores have shape {scores.shape}")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise ValueError(f"labels must lie in 0..{scores.shape[1] - 1}, got {labels.min()}..{labels.max()}")
    return scores, labels


def log_softmax(scores) -> np.ndarray:
    """Logarithm of the softmax of each row of ``scores (N, K)``.

    The largest score of a row is subtracted first: it changes nothing, and keeps ``exp``
    from overflowing.

    >>> log_softmax([[1000, 1000]])
    array([[-0.69314718, -0.69314718]])
    """
    scores = as_float(scores, "scores", 2, "(N, K)")
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax_cross_entropy(scores, labels):
    """Mean over the batch of ``-log softmax(scores[n])[labels[n]]``.

    ``scores (N, K)``: logits, not probabilities; ``labels (N,)``: integers in ``0..K-1``
    (``ValueError`` otherwise). Returns a scalar of the dtype of the scores.

    >>> float(softmax_cross_entropy([[1000, 0], [0, 0]], [0, 1]))  # 0 and log 2, halved
    0.34657359027997264
    """
    scores, labels = check_scores(scores, labels)
    return -log_softmax(scores)[np.arange(len(labels)), labels].mean()


def softmax_cross_entropy_backward(dout, scores, labels) -> np.ndarray:
    """Gradient of :func:`softmax_cross_entropy`: ``dout (softmax - one-hot) / N``.

    ``dout``: a scalar, 1 where the loss is the end of the graph.

    >>> softmax_cross_entropy_backward(1, [[0, 0]], [1])
    array([[ 0.5, -0.5]])
    """
    scores, labels = check_scores(scores, labels)
    dscores = np.exp(log_softmax(scores))
    dscores[np.arange(len(labels)), labels] -= 1
    dscores *= float(check_dout(dout, ())) / len(labels)
    return dscores
