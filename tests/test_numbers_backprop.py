"""Every number of chapter 4 is recomputed here, without the kernels of the course.

The oracle is PyTorch's autograd, SciPy, or a loop written below; a claim in words is proved by a small
experiment in which what is printed fails.
"""

import itertools

import numpy as np
import pytest
import torch
from recompute import Checks
from scipy.signal import convolve2d, correlate, correlate2d
from torch.nn import functional as F

from convbook.lecture_numbers import NUMBERS, slips

TAPS, PIXELS, V = np.array([2.0, 3.0, 5.0]), np.arange(1.0, 6.0), np.array([7.0, 1.0, 2.0, 9.0, 4.0])
NAMES = {"a": 2.0, "b": 3.0, "c": 5.0, "w1": 2.0, "w2": 3.0, "w3": 5.0, "0": 0.0}
NAMES |= {f"x{k}": float(k) for k in range(1, 6)}
CHECKS = Checks("backprop")
check, corrected = CHECKS.check, CHECKS.corrected


def rows(text) -> list[list[float]]:
    """A matrix of letters as numbers: a, b, c and w1, w2, w3 are 2, 3, 5, and x1 to x5 are 1 to 5."""
    return [[NAMES[name] for name in row.split()] for row in text.split(";")]


def printed(key):
    return NUMBERS[key].printed


def columns_of(function, n) -> np.ndarray:
    """The matrix of a linear function of n numbers: what it makes of each unit vector."""
    return np.stack([np.asarray(function(e)) for e in np.eye(n)], axis=1)


def conv1d(x, stride=1, padding=0):
    return F.conv1d(torch.tensor(x)[None, None], torch.tensor(TAPS)[None, None], None, stride, padding)[0, 0]


def conv_transpose1d(x, **options):
    return F.conv_transpose1d(torch.tensor(x)[None, None], torch.tensor(TAPS)[None, None], **options)[0, 0]


def gradients(stride=1, padding=0, seed=0, size=(7, 6), kernel=(3, 2), channels=3, filters=4):
    """x, w, dout of a layer with autograd's dx, dw, db."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(2, channels, *size, generator=g, dtype=torch.float64, requires_grad=True)
    w = torch.randn(filters, channels, *kernel, generator=g, dtype=torch.float64, requires_grad=True)
    b = torch.randn(filters, generator=g, dtype=torch.float64, requires_grad=True)
    out = F.conv2d(x, w, b, stride, padding)
    dout = torch.randn(out.shape, generator=g, dtype=torch.float64)
    return x.detach(), w.detach(), dout, *torch.autograd.grad(out, (x, w, b), dout)


# --- the chain rule --------------------------------------------------------------------------------------


@check("wise.chain")
def _():
    h = torch.randn(4, dtype=torch.float64, requires_grad=True)
    w = torch.randn(3, 4, dtype=torch.float64)
    z = w @ h
    after = z.tanh()
    upstream = torch.randn(3, dtype=torch.float64)
    (dh,) = torch.autograd.grad(after, h, upstream)
    slope = 1 - after**2  # ∂h^(l+1)/∂z^(l+1)
    torch.testing.assert_close(dh, w.T @ (slope * upstream))
    as_printed = [sum(w[j, k] * (w[j, j] * slope[j]) * upstream[j] for j in range(3)) for k in range(4)]
    assert not torch.allclose(dh, torch.stack(as_printed))
    return corrected("wise.chain")


# --- one convolution as a matrix ---------------------------------------------------------------------------


@check("data188.toeplitz")
def _():
    np.testing.assert_allclose(rows(corrected("data188.toeplitz")), columns_of(lambda e: conv1d(e, padding=1), 5))
    return printed("data188.toeplitz")


@check("data188.toeplitz.transpose")
def _():
    transpose = columns_of(lambda e: conv1d(e, padding=1), 5).T
    np.testing.assert_allclose(rows(corrected("data188.toeplitz.transpose")), transpose)
    return printed("data188.toeplitz.transpose")


@check("data188.toeplitz.product")
def _():
    return correlate(PIXELS, TAPS, mode="same")


@check("data188.toeplitz.adjoint")
def _():
    x = torch.tensor(PIXELS, requires_grad=True)
    out = F.conv1d(x[None, None], torch.tensor(TAPS)[None, None], padding=1)[0, 0]
    (dx,) = torch.autograd.grad(out, x, torch.tensor(V))
    np.testing.assert_allclose(dx, np.convolve(V, TAPS, "same"))
    return dx


@check("data188.columns")
def _():
    padded = np.pad(PIXELS, 1)
    windows = [[padded[i + a] for a in range(3)] for i in range(5)]
    np.testing.assert_allclose(rows(corrected("data188.columns")), windows)
    return printed("data188.columns")


@check("data188.columns.adjoint")
def _():
    w = torch.tensor(TAPS, requires_grad=True)
    out = F.conv1d(torch.tensor(PIXELS)[None, None], w[None, None], padding=1)[0, 0]
    return torch.autograd.grad(out, w, torch.tensor(V))[0]


def turned(dout, w, stride, padding, end=(0, 0)):
    """The sentence: spread dout by the stride, pad k - 1 - p, ``end`` more at its end; turn w, swap its channels."""
    N, filters, oh, ow = dout.shape
    spread = dout.new_zeros(N, filters, (oh - 1) * stride + 1, (ow - 1) * stride + 1)
    spread[:, :, ::stride, ::stride] = dout
    top, left = (k - 1 - padding for k in w.shape[2:])
    spread = F.pad(spread, (left, left + end[1], top, top + end[0]))
    return F.conv2d(spread, w.flip(2, 3).swapaxes(0, 1))


@check("data188.flip")
def _():
    for stride, padding, kernel in itertools.product((1, 2, 3), (0, 1), ((3, 2), (2, 2), (3, 3))):
        _, w, dout, dx, _, _ = gradients(stride, padding, kernel=kernel)
        end = [want - have for want, have in zip(dx.shape[2:], turned(dout, w, stride, padding).shape[2:], strict=True)]
        assert all(0 <= e < stride for e in end)
        torch.testing.assert_close(turned(dout, w, stride, padding, end), dx)
    x, w, dout, dx, _, _ = gradients(stride=2, channels=1, filters=1)
    dense = F.conv2d(dout, w.flip(2, 3), padding=(2, 1))  # as printed
    assert dense.shape != dx.shape
    dout, dx = gradients(stride=1)[2:4]
    with pytest.raises(RuntimeError):
        F.conv2d(dout, gradients()[1].flip(2, 3), padding=(2, 1))  # channels not swapped
    return corrected("data188.flip")


# --- the derivatives written out ---------------------------------------------------------------------------

X9 = np.arange(1.0, 10.0).reshape(3, 3)
DO = np.array([[1.0, 10.0], [100.0, 1000.0]])


def jacobian() -> np.ndarray:
    """dO/dF of a 2x2 filter on a 3x3 image: a row an output value, a column a tap."""
    image = torch.tensor(X9)[None, None]
    f = torch.zeros(1, 1, 2, 2, dtype=torch.float64)
    return torch.autograd.functional.jacobian(lambda f: F.conv2d(image, f).ravel(), f).reshape(4, 4).numpy()


@check("c182.loss.sum")
def _():
    right = np.einsum("oa,o->a", jacobian(), DO.ravel())
    np.testing.assert_allclose(right.reshape(2, 2), corrected("c182.filter.gradient"))
    with_respect_to_x = columns_of(lambda e: correlate2d(e.reshape(3, 3), [[1, 2], [3, 4]], "valid").ravel(), 9)
    assert with_respect_to_x.shape[1] == 9, "dY/dX has a column a pixel, and the filter has four taps"
    return corrected("c182.loss.sum")


@check("c182.jacobian")
def _():
    O, T = {"11": 0, "12": 1}, {"11": 0, "12": 1}  # noqa: E741
    got = [jacobian()[O[o], T[t]] for o, t in (("11", "12"), ("12", "11"), ("12", "12"))]
    names = {"X12": X9[0, 1], "X13": X9[0, 2]}
    assert got == [names[name] for name in corrected("c182.jacobian").split(", ")]
    return corrected("c182.jacobian")


@check("c182.jacobian.rows")
def _():
    return jacobian()


@check("c182.filter.gradient")
def _():
    windows = [X9[a : a + 2, b : b + 2] for a, b in itertools.product(range(2), repeat=2)]
    return np.reshape([(window * DO).sum() for window in windows], (2, 2))


@check("c182.next")
def _():
    x = torch.randn(1, 1, 4, 4, dtype=torch.float64)
    first, second = (torch.randn(1, 1, 2, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    middle = F.conv2d(x, first)
    middle.retain_grad()
    F.conv2d(middle, second).sum().backward()
    np.testing.assert_allclose(middle.grad[0, 0], convolve2d(np.ones((2, 2)), second.detach()[0, 0], mode="full"))
    return corrected("c182.next")  # dL/d(middle) is made of the second layer's weights alone


@check("c182.rotated")
def _():
    for padding in (0, 1):
        _, w, dout, dx, _, _ = gradients(1, padding, kernel=(3, 3))
        torch.testing.assert_close(turned(dout, w, 1, padding), dx)
        rotated = w.flip(2, 3)
        with pytest.raises(RuntimeError):
            F.conv2d(dout, rotated)  # as printed: dout has a channel a filter
        with pytest.raises(RuntimeError):
            F.conv2d(dout, rotated, padding=2 - padding)
    return corrected("c182.rotated")


# --- the pseudo-code ---------------------------------------------------------------------------------------


def scatter(dout, w, shape, stride, line) -> np.ndarray:
    """The pseudo-code of dX around one ``line``; the padded image's gradient, before its border goes."""
    dxp = np.zeros(shape)
    N, _, oh, ow = dout.shape
    for n, i, j in np.ndindex(N, oh, ow):
        for a, b in np.ndindex(w.shape[-2:]):
            line(dxp, dout, w, n, i, j, a, b, stride)
    return dxp


def right_line(dxp, dout, w, n, i, j, a, b, s):
    dxp[n, :, i * s + a, j * s + b] += dout[n, :, i, j] @ w[:, :, a, b]


def printed_line(dxp, dout, w, n, i, j, a, b, s):
    """As printed, read kindly: the filter has no axis for the filters, and its places are tap places."""
    dxp[n, :, i * s + a, j * s + b] += w[:, a, b] * dout[n, :, i, j]


@check("c182.dx.filter")
def _():
    assert gradients()[1].shape == (4, 3, 3, 2)
    x, w, dout, dx, _, _ = (t.numpy() for t in gradients(channels=3, filters=4))
    with pytest.raises(ValueError, match="broadcast"):
        scatter(dout, w[0], x.shape, 1, printed_line)
    return corrected("c182.dx.filter")


@check("c182.dx.line")
def _():
    for stride, padding in itertools.product((1, 2), (0, 1)):
        x, w, dout, dx, _, _ = (t.numpy() for t in gradients(stride, padding))
        shape = (*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding)
        dxp = scatter(dout, w, shape, stride, right_line)
        inside = dxp[:, :, padding : shape[2] - padding, padding : shape[3] - padding]
        np.testing.assert_allclose(inside, dx, atol=1e-12)
    x, w, dout, dx, _, _ = (t.numpy() for t in gradients(channels=3, filters=3))
    assert np.abs(scatter(dout, w[0], x.shape, 1, printed_line) - dx).max() > 1, "wrong for three filters"
    x, w, dout, dx, _, _ = (t.numpy() for t in gradients(channels=1, filters=1))
    np.testing.assert_allclose(scatter(dout, w[0], x.shape, 1, printed_line), dx, atol=1e-12)  # only there
    return corrected("c182.dx.line")


@check("c182.dw.name")
def _():
    code = """
dw = np.zeros_like(w)
N, C, H, W = x.shape
F, C, HH, WW = w.shape
x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
for h in range(1 + (H + 2 * pad - HH) // stride):
    for w in range(1 + (W + 2 * pad - WW) // stride):
        for n in range(N):
            for f in range(F):
                for c in range(C):
                    x_region = x[n, c, h * stride : h * stride + HH, w * stride : w * stride + WW]
                    dw[f, c, :, :] += x_region * dout[n, f, h, w]
"""
    for stride, padding in ((1, 0), (2, 1)):
        x, w, dout, _, dw, _ = (t.numpy() for t in gradients(stride, padding))
        names = {"np": np, "x": x, "w": w, "dout": dout, "stride": stride, "pad": padding}
        exec(code, names)
        np.testing.assert_allclose(names["dw"], dw, atol=1e-12)
        assert isinstance(names["w"], int), "the filters are gone"
    return corrected("c182.dw.name")


@check("c182.dw.dout")
def _():
    x, w, dout, *_ = gradients()
    assert dout.shape == (2, 4, 5, 5) and dout.shape[2:] != x.shape[2:]
    return corrected("c182.dw.dout")


@check("c182.db")
def _():
    _, _, dout, _, _, db = gradients()
    torch.testing.assert_close(dout.sum((0, 2, 3)), db)
    return corrected("c182.db")


# --- Weizmann's matrices -----------------------------------------------------------------------------------


@check("dl4cv.toeplitz")
def _():
    np.testing.assert_allclose(rows(corrected("dl4cv.toeplitz")), columns_of(conv1d, 8))
    assert [len(row) for row in rows(printed("dl4cv.toeplitz"))] == [8] * 6 + [9]
    return corrected("dl4cv.toeplitz")


@check("dl4cv.stride1")
def _():
    np.testing.assert_allclose(rows(corrected("dl4cv.stride1")), columns_of(conv1d, 7))
    one_sided = columns_of(lambda e: np.correlate(np.append(e, 0), TAPS, "valid"), 7)
    np.testing.assert_allclose(rows(printed("dl4cv.stride1")), one_sided)
    return corrected("dl4cv.stride1")


@check("dl4cv.stride2")
def _():
    np.testing.assert_allclose(rows(corrected("dl4cv.stride2")), columns_of(lambda e: conv1d(e, stride=2), 7))
    return printed("dl4cv.stride2")


@check("dl4cv.transposed")
def _():
    right = columns_of(lambda e: conv_transpose1d(e, padding=1), 7)
    np.testing.assert_allclose(rows(corrected("dl4cv.transposed")), right)
    wrong = np.argwhere(np.array(rows(printed("dl4cv.transposed"))) != right).tolist()
    assert wrong == [[3, 1], [4, 2]]
    return corrected("dl4cv.transposed")


@check("dl4cv.transposed.stride2")
def _():
    right = columns_of(lambda e: conv_transpose1d(e, stride=2), 3)
    np.testing.assert_allclose(rows(corrected("dl4cv.transposed.stride2")), right)
    np.testing.assert_allclose(right.T, rows(printed("dl4cv.stride2")))
    assert np.argwhere(np.array(rows(printed("dl4cv.transposed.stride2"))) != right).tolist() == [[3, 0]]
    return corrected("dl4cv.transposed.stride2")


@check("dl4cv.channels")
def _():
    _, w, dout, dx, _, _ = gradients()
    torch.testing.assert_close(F.conv_transpose2d(dout, w), dx)
    with pytest.raises(RuntimeError):
        F.conv_transpose2d(dout, w.swapaxes(0, 1))
    assert torch.nn.ConvTranspose2d(4, 3, (3, 2)).weight.shape == w.shape
    return corrected("dl4cv.channels")


@check("dl4cv.filter.gradient")
def _():
    X = torch.randn(10, 6, dtype=torch.float64)
    K = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    dY = torch.randn(10, 4, dtype=torch.float64)
    (dK,) = torch.autograd.grad(X @ K, K, dY)
    torch.testing.assert_close(X.T @ dY, dK)
    torch.testing.assert_close(dY.T @ X, dK.T)
    assert (dY.T @ X).shape == (4, 6) != dK.shape
    return corrected("dl4cv.filter.gradient")


@check("dl4cv.output.padding")
def _():
    w = torch.ones(1, 1, 3, 3, dtype=torch.float64)
    out = F.conv2d(torch.ones(1, 1, 7, 6, dtype=torch.float64), w, stride=2)
    assert F.conv_transpose2d(out, w, stride=2, output_padding=(0, 1)).shape[2:] == (7, 6)
    return F.conv_transpose2d(out, w, stride=2).shape[2:]


# --- ours ----------------------------------------------------------------------------------------------------


@check("pool.tie")
def _():
    x = torch.tensor([[5.0, 5.0], [1.0, 5.0]], dtype=torch.float64, requires_grad=True)
    F.max_pool2d(x[None, None], 2).sum().backward()
    return x.grad


def stamps(kernel, stride, n=4) -> np.ndarray:
    """How many of n stamps of ``kernel`` pixels, ``stride`` apart, lie on each pixel."""
    covered = [range(i * stride, i * stride + kernel) for i in range(n)]
    return np.array([sum(pixel in stamp for stamp in covered) for pixel in range((n - 1) * stride + kernel)])


@check("checkerboard.3.2")
def _():
    return stamps(3, 2)


@check("checkerboard.4.2")
def _():
    for kernel, stride in itertools.product(range(1, 7), range(1, 5)):
        if kernel >= stride:
            inside = stamps(kernel, stride, n=12)[kernel:-kernel]
            assert (len(set(inside)) == 1) == (kernel % stride == 0), "even coverage needs a whole ratio"
    return stamps(4, 2)


# --- the chapter as a whole --------------------------------------------------------------------------------


def test_every_entry_has_a_check():
    assert set(CHECKS.by_key) == set(CHECKS.numbers)


@pytest.mark.parametrize("key", CHECKS.numbers)
def test_corrected(key):
    CHECKS.hold(key)


def test_the_slips_are_the_known_ones():
    assert list(slips("backprop")) == [
        "wise.chain",
        "data188.flip",
        "c182.loss.sum",
        "c182.jacobian",
        "c182.next",
        "c182.rotated",
        "c182.dx.filter",
        "c182.dx.line",
        "c182.dw.name",
        "c182.dw.dout",
        "dl4cv.toeplitz",
        "dl4cv.stride1",
        "dl4cv.transposed",
        "dl4cv.transposed.stride2",
        "dl4cv.channels",
        "dl4cv.filter.gradient",
    ]
