"""The sweep of chapter 1 in several ways: right answers, and what wrong ones are made from."""

import numpy as np


def sweep(img, g):
    H, W = img.shape
    kh, kw = g.shape
    oh, ow = H - kh + 1, W - kw + 1
    weights = g.astype(float)
    out = np.zeros((oh, ow))
    for i in range(oh):
        for j in range(ow):
            window = img[i : i + kh, j : j + kw]
            out[i, j] = (window * weights).sum()
    return out


def four_loops(img, g):
    out = [[0.0] * (img.shape[1] - g.shape[1] + 1) for _ in range(img.shape[0] - g.shape[0] + 1)]
    for i, row in enumerate(out):
        for j in range(len(row)):
            for a in range(g.shape[0]):
                for b in range(g.shape[1]):
                    row[j] += float(img[i + a, j + b]) * float(g[a, b])
    return out


def windows(img, g):
    return np.einsum("ijab,ab->ij", np.lib.stride_tricks.sliding_window_view(img / 1, g.shape), g / 1)


def taps(img, g):
    oh, ow = img.shape[0] - g.shape[0] + 1, img.shape[1] - g.shape[1] + 1
    out = np.zeros((oh, ow), np.float32)
    for (a, b), weight in np.ndenumerate(g):
        out += np.float32(weight) * img[a : a + oh, b : b + ow]
    return out


def columns(img, g):
    """Windows in the rows of a matrix, the kernel as a vector."""
    oh, ow = img.shape[0] - g.shape[0] + 1, img.shape[1] - g.shape[1] + 1
    rows = [img[i : i + len(g), j : j + g.shape[1]].ravel() for i in range(oh) for j in range(ow)]
    return (np.array(rows, np.float64) @ g.ravel().astype(np.float64)).reshape(oh, ow)
