"""ReLU, linear layer and softmax loss as loops: the readings that :mod:`convbook.kernels.layers` is held against."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.layers import check_linear, check_scores
from convbook.kernels.pool import check_dout


def relu_naive(x) -> np.ndarray:
    """The same as :func:`~convbook.kernels.relu`, value by value.

    >>> relu_naive([-1, 0, 2])
    array([0., 0., 2.])
    """
    x = as_float(x, "x", np.ndim(x), "(...)")
    out = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        if not x[index] <= 0:
            out[index] = x[index]
    return out


def relu_backward_naive(dout, x) -> np.ndarray:
    """The same as :func:`~convbook.kernels.relu_backward`, value by value.

    >>> relu_backward_naive([5, 6, 7], [-1, 0, 2])
    array([0., 0., 7.])
    """
    x = as_float(x, "x", np.ndim(x), "(...)")
    dout = check_dout(dout, x.shape)
    dx = np.zeros(x.shape, np.result_type(dout, x))
    for index in np.ndindex(x.shape):
        if x[index] > 0:
            dx[index] = dout[index]
    return dx


def linear_naive(x, w, b=None) -> np.ndarray:
    """The same as :func:`~convbook.kernels.linear`, as loops.

    >>> linear_naive([[1, 2]], [[3, 4], [5, 6]], [0, 1])
    array([[11., 18.]])
    """
    x, w, b = check_linear(x, w, b)
    out = np.zeros((len(x), len(w)), np.result_type(x, w, b))
    for n in range(len(x)):
        for f in range(len(w)):
            out[n, f] = b[f]
            for c in range(x.shape[1]):
                out[n, f] += x[n, c] * w[f, c]
    return out


def linear_backward_naive(dout, x, w):
    """The same as :func:`~convbook.kernels.linear_backward`: each product ``x w`` pays ``dout`` back to both factors.

    >>> dx, dw, db = linear_backward_naive([[1, 10]], [[1, 2]], [[3, 4], [5, 6]])
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[53.0, 64.0]], [[1.0, 2.0], [10.0, 20.0]], [1.0, 10.0])
    """
    x, w, _ = check_linear(x, w, None)
    dout = check_dout(dout, (len(x), len(w)))
    dtype = np.result_type(dout, x, w)
    dx, dw, db = np.zeros(x.shape, dtype), np.zeros(w.shape, dtype), np.zeros(len(w), dtype)
    for n in range(len(x)):
        for f in range(len(w)):
            db[f] += dout[n, f]
            for c in range(x.shape[1]):
                dx[n, c] += dout[n, f] * w[f, c]
                dw[f, c] += dout[n, f] * x[n, c]
    return dx, dw, db


def log_softmax_naive(scores) -> np.ndarray:
    """The same as :func:`~convbook.kernels.log_softmax`, class by class.

    >>> log_softmax_naive([[1000, 1000]])
    array([[-0.69314718, -0.69314718]])
    """
    scores = as_float(scores, "scores", 2, "(N, K)")
    out = np.zeros_like(scores)
    for n in range(len(scores)):
        largest, total = scores[n].max(), scores.dtype.type(0)
        for k in range(scores.shape[1]):
            total += np.exp(scores[n, k] - largest)
        for k in range(scores.shape[1]):
            out[n, k] = scores[n, k] - largest - np.log(total)
    return out


def softmax_cross_entropy_naive(scores, labels):
    """The same as :func:`~convbook.kernels.softmax_cross_entropy`, image by image.

    >>> float(softmax_cross_entropy_naive([[1000, 0], [0, 0]], [0, 1]))
    0.34657359027997264
    """
    scores, labels = check_scores(scores, labels)
    log_probabilities, loss = log_softmax_naive(scores), scores.dtype.type(0)
    for n in range(len(scores)):
        loss -= log_probabilities[n, labels[n]] / len(scores)
    return loss


def softmax_cross_entropy_backward_naive(dout, scores, labels) -> np.ndarray:
    """The same as :func:`~convbook.kernels.softmax_cross_entropy_backward`: probability, less 1 at the label.

    >>> softmax_cross_entropy_backward_naive(1, [[0, 0]], [1])
    array([[ 0.5, -0.5]])
    """
    scores, labels = check_scores(scores, labels)
    dout, log_probabilities = float(check_dout(dout, ())), log_softmax_naive(scores)
    dscores = np.zeros_like(scores)
    for n in range(len(scores)):
        for k in range(scores.shape[1]):
            dscores[n, k] = dout * (np.exp(log_probabilities[n, k]) - (k == labels[n])) / len(scores)
    return dscores
