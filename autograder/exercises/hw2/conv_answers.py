"""The layer of chapter 2 in several ways: right answers, and what wrong ones are made from."""

import numpy as np


def loops(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    out = np.zeros((N, F, oh, ow))
    for n in range(N):
        for f in range(F):
            for i in range(oh):
                for j in range(ow):
                    window = padded[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, conv_param)


def einsum(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
    return np.einsum("ncijab,fcab->nfij", windows, w) + b[None, :, None, None], None


def shifted_taps(x, w, b, conv_param):
    """One strided image a tap, as a sum of matrix-vector products."""
    s, p = conv_param["stride"], conv_param["pad"]
    (N, C, H, W), (F, _, kh, kw) = x.shape, w.shape
    padded = np.zeros((N, C, H + 2 * p, W + 2 * p), np.float32)
    padded[:, :, p : p + H, p : p + W] = x
    oh, ow = (H + 2 * p - kh) // s + 1, (W + 2 * p - kw) // s + 1
    out = np.tile(np.reshape(b, (1, F, 1, 1)).astype(np.float32), (N, 1, oh, ow))
    for a in range(kh):
        for t in range(kw):
            tap = padded[:, :, a : a + s * oh : s, t : t + s * ow : s]
            out += np.moveaxis(np.tensordot(tap, w[:, :, a, t], axes=([1], [1])), -1, 1)
    return out, (x, w, b, conv_param)


def nested_lists(x, w, b, conv_param):
    return loops(x, w, b, conv_param)[0].tolist(), {}


def columns(x, kh, kw, stride, pad):
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    cols = np.zeros((N, C * kh * kw, oh * ow))
    for i in range(oh):
        for j in range(ow):
            window = padded[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            cols[:, :, i * ow + j] = window.reshape(N, -1)
    return cols


def matmul(x, w, b, conv_param):
    F, _, kh, kw = w.shape
    stride, pad = conv_param["stride"], conv_param["pad"]
    cols = columns(x, kh, kw, stride, pad)
    oh = (x.shape[2] + 2 * pad - kh) // stride + 1
    out = w.reshape(F, -1) @ cols + b.reshape(F, 1)
    return out.reshape(len(x), F, oh, -1), (x, w, b, conv_param)


def one_gemm(x, w, b, conv_param):
    """The whole batch in one matrix product, windows in rows."""
    rows = np.concatenate([image.T for image in columns(x, *w.shape[2:], conv_param["stride"], conv_param["pad"])])
    oh = (x.shape[2] + 2 * conv_param["pad"] - w.shape[2]) // conv_param["stride"] + 1
    out = rows @ w.reshape(len(w), -1).T + b
    return out.reshape(len(x), oh, -1, len(w)).transpose(0, 3, 1, 2), rows
