"""The whole layer in several ways: right answers, and what wrong ones are made from."""

import numpy as np


def pair(value):
    """Two numbers, for rows and for columns, of one or two.

    >>> pair(2), pair((1, 3))
    ((2, 2), (1, 3))
    """
    return value if isinstance(value, tuple) else (value, value)


def layer(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    b = np.zeros(len(w)) if b is None else b
    (sh, sw), (dh, dw) = pair(stride), pair(dilation)
    N, C, H, W = x.shape
    F, depth, kh, kw = w.shape
    if C % groups or F % groups:
        raise ValueError(f"groups={groups} does not divide {C} and {F}")
    if padding == "same":
        padding = dh * (kh - 1) // 2, dw * (kw - 1) // 2
    ph, pw = pair(padding)
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    oh = (H + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (W + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    each = F // groups
    out = np.zeros((N, F, oh, ow))
    for m in range(groups):
        for f in range(m * each, (m + 1) * each):
            for n in range(N):
                for i in range(oh):
                    for j in range(ow):
                        block = padded[n, m * depth : (m + 1) * depth]
                        window = block[:, i * sh : i * sh + dh * kh : dh, j * sw : j * sw + dw * kw : dw]
                        out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out


def seven_loops(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    """One product at a time, zeros where the pixel would lie outside: nothing is padded."""
    (sh, sw), (dh, dw) = pair(stride), pair(dilation)
    (N, C, H, W), (F, depth, kh, kw) = x.shape, w.shape
    if C % groups != 0 or F % groups != 0:
        raise ValueError
    ph, pw = ((kh - 1) * dh // 2, (kw - 1) * dw // 2) if padding == "same" else pair(padding)
    out = []
    for n in range(N):
        maps = []
        for f in range(F):
            rows = []
            for i in range(-ph, H + ph - dh * (kh - 1), sh):
                row = []
                for j in range(-pw, W + pw - dw * (kw - 1), sw):
                    total = 0.0 if b is None else float(b[f])
                    for c in range(depth):
                        for a in range(kh):
                            for t in range(kw):
                                y, z = i + a * dh, j + t * dw
                                if 0 <= y < H and 0 <= z < W:
                                    channel = f * groups // F * depth + c
                                    total += float(x[n, channel, y, z]) * float(w[f, c, a, t])
                    row.append(total)
                rows.append(row)
            maps.append(rows)
        out.append(maps)
    return out


def spread(w, dilation):
    """The kernels with their zeros written in."""
    dh, dw = pair(dilation)
    F, C, kh, kw = w.shape
    wide = np.zeros((F, C, dh * (kh - 1) + 1, dw * (kw - 1) + 1))
    wide[:, :, ::dh, ::dw] = w
    return wide


def dense_weights(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    """No groups and no dilation: the block-diagonal bank with its zeros, on every window."""
    if x.shape[1] % groups or len(w) % groups:
        raise ValueError("groups")
    each, depth = len(w) // groups, w.shape[1]
    wide = spread(w, dilation)
    dense = np.zeros((len(w), x.shape[1], *wide.shape[2:]))
    for m in range(groups):
        dense[m * each : (m + 1) * each, m * depth : (m + 1) * depth] = wide[m * each : (m + 1) * each]
    (sh, sw), (kh, kw) = pair(stride), dense.shape[2:]
    ph, pw = (kh // 2, kw // 2) if padding == "same" else pair(padding)
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    out = np.einsum("ncijab,fcab->nfij", windows, dense)
    return out if b is None else out + np.reshape(b, (1, -1, 1, 1))


def taps(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    """One strided image a tap, the groups as an axis of their own, in single precision."""
    (sh, sw), (dh, dw) = pair(stride), pair(dilation)
    (N, C, H, W), (F, depth, kh, kw) = x.shape, w.shape
    if any(count % groups for count in (C, F)):
        raise ValueError("groups")
    ph, pw = (dh * (kh - 1) // 2, dw * (kw - 1) // 2) if padding == "same" else pair(padding)
    padded = np.zeros((N, groups, depth, H + 2 * ph, W + 2 * pw), np.float32)
    padded[..., ph : ph + H, pw : pw + W] = x.reshape(N, groups, depth, H, W)
    bank = w.reshape(groups, F // groups, depth, kh, kw).astype(np.float32)
    oh, ow = (H + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (W + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    out = np.zeros((N, groups, F // groups, oh, ow), np.float32)
    for a in range(kh):
        for t in range(kw):
            tap = padded[..., a * dh : a * dh + sh * oh : sh, t * dw : t * dw + sw * ow : sw]
            out += np.einsum("ngcij,gfc->ngfij", tap, bank[..., a, t])
    out = out.reshape(N, F, oh, ow)
    return out if b is None else out + np.asarray(b, np.float32)[:, None, None]


def split_and_joined(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    """Dense layers side by side, each a matrix product with the windows as columns."""
    if x.shape[1] % groups or len(w) % groups:
        raise ValueError("groups")
    (sh, sw), (dh, dw) = pair(stride), pair(dilation)
    F, depth, kh, kw = w.shape
    ph, pw = (dh * (kh - 1) // 2, dw * (kw - 1) // 2) if padding == "same" else pair(padding)
    parts = []
    for images, bank in zip(np.split(x, groups, axis=1), np.split(w, groups), strict=True):
        images = np.pad(images, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
        i = np.arange(0, images.shape[2] - dh * (kh - 1), sh)
        j = np.arange(0, images.shape[3] - dw * (kw - 1), sw)
        rows = i[:, None, None, None] + dh * np.arange(kh)[None, None, :, None]
        columns = j[None, :, None, None] + dw * np.arange(kw)
        cols = images[:, :, rows, columns].transpose(0, 2, 3, 1, 4, 5).reshape(len(x), -1, depth * kh * kw)
        parts.append((cols @ bank.reshape(len(bank), -1).T).swapaxes(1, 2).reshape(len(x), -1, len(i), len(j)))
    out = np.concatenate(parts, axis=1)
    return out if b is None else (out.T + 0).T + np.array(b).reshape(-1, 1, 1)


VARIANTS = {
    "loops over groups": layer,
    "seven loops": seven_loops,
    "dense block-diagonal weights": dense_weights,
    "a tap at a time, in float32": taps,
    "split, matrix products, joined": split_and_joined,
    "nested lists": lambda *args: layer(*args).tolist(),
}
