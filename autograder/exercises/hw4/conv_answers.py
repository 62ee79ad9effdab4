"""The backward pass of a convolution in several ways: right answers, and what wrong ones are made from."""

import numpy as np


def loops(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    _, _, oh, ow = dout.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded = np.zeros(padded.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(F)
    for n in range(N):
        for f in range(F):
            for i in range(oh):
                for j in range(ow):
                    g = dout[n, f, i, j]
                    dpadded[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += g * w[f]
                    dw[f] += g * padded[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                    db[f] += g
    dx = dpadded[:, :, pad : pad + H, pad : pad + W]
    return dx, dw, db


def seven_loops(dout, cache):
    """The lecture's own: every product of the forward pass by itself, the border skipped."""
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    (N, C, H, W), (F, _, kh, kw) = x.shape, w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F)
    for n in range(N):
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    db[f] += dout[n, f, i, j]
                    for c in range(C):
                        for a in range(kh):
                            for t in range(kw):
                                y, z = i * s + a - p, j * s + t - p
                                if 0 <= y < H and 0 <= z < W:
                                    dx[n, c, y, z] += dout[n, f, i, j] * w[f, c, a, t]
                                    dw[f, c, a, t] += dout[n, f, i, j] * x[n, c, y, z]
    return dx, dw, db


def gather(dout, cache):
    """Two correlations: dout, spread and surrounded by zeros, with the turned kernel; x with the spread dout."""
    x, w, _, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    (N, _, H, W), (F, _, kh, kw) = x.shape, w.shape
    spread = np.zeros((N, F, H + 2 * p - kh + 1, W + 2 * p - kw + 1))
    spread[:, :, : (dout.shape[2] - 1) * s + 1 : s, : (dout.shape[3] - 1) * s + 1 : s] = dout
    around = np.pad(spread, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (kh, kw), axis=(2, 3))
    dpadded = np.einsum("nfyzab,fcab->ncyz", windows, w[:, :, ::-1, ::-1])
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spread.shape[2:], axis=(2, 3))
    dw = np.einsum("ncabyz,nfyz->fcab", windows, spread)
    return dpadded[:, :, p : p + H, p : p + W], dw, dout.sum(axis=(0, 2, 3))


def taps(dout, cache):
    """One matrix product a tap, in single precision; a list instead of a tuple."""
    x, w, _, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    H, W = x.shape[2:]
    dout, w = dout.astype(np.float32), w.astype(np.float32)
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))).astype(np.float32)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for a, b in np.ndindex(w.shape[2:]):
        tap = np.s_[:, :, a : a + s * dout.shape[2] : s, b : b + s * dout.shape[3] : s]
        dpadded[tap] += np.einsum("nfij,fc->ncij", dout, w[:, :, a, b])
        dw[:, :, a, b] = np.tensordot(dout, padded[tap], axes=([0, 2, 3], [0, 2, 3]))
    return [dpadded[:, :, p : H + p, p : W + p], dw, np.einsum("nfij->f", dout)]


def columns(dout, cache):
    """Through im2col and col2im: the two other matrix products of the layer."""
    x, w, _, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    (N, C, H, W), (F, _, kh, kw) = x.shape, w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    places = [(i * s, j * s) for i in range(dout.shape[2]) for j in range(dout.shape[3])]
    cols = np.stack([padded[:, :, i : i + kh, j : j + kw].reshape(N, -1) for i, j in places], axis=2)
    rows = dout.reshape(N, F, -1)
    dw = (rows @ cols.swapaxes(1, 2)).sum(axis=0).reshape(w.shape)
    dcols = w.reshape(F, -1).T @ rows
    dpadded = np.zeros(padded.shape)
    for k, (i, j) in enumerate(places):
        dpadded[:, :, i : i + kh, j : j + kw] += dcols[:, :, k].reshape(N, C, kh, kw)
    return dpadded[:, :, p:, p:][:, :, :H, :W].tolist(), dw.tolist(), rows.sum(axis=(0, 2)).tolist()


def matrix(dout, cache):
    """The layer's whole Toeplitz matrix, column by column, and its transpose."""
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape

    def forward(image, bank):
        padded = np.pad(image, ((0, 0), (p, p), (p, p)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(1, 2))[:, ::s, ::s]
        return np.einsum("cijab,fcab->fij", windows, bank)

    T = np.stack([forward(e.reshape(C, H, W), w).ravel() for e in np.eye(C * H * W)], axis=1)
    dx = (dout.reshape(N, -1) @ T).reshape(x.shape)
    dw = np.zeros(w.shape)
    for f, c, a, t in np.ndindex(w.shape):
        unit = np.zeros(w.shape)
        unit[f, c, a, t] = 1
        dw[f, c, a, t] = sum(np.sum(forward(x[n], unit) * dout[n]) for n in range(N))
    return dx, dw, dout.sum(axis=3).sum(axis=2).sum(axis=0)
