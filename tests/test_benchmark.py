"""The benchmark times what it says: every run computes the same convolution, in threads and on a device too."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "kernels.py"
spec = importlib.util.spec_from_file_location("benchmark_of_the_kernels", SCRIPT)
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)

LAYERS = [
    ((5, 6, 9, 8), (4, 6, 3, 3), {"padding": 1}),
    ((1, 6, 9, 8), (5, 6, 3, 3), {"padding": 2, "dilation": 2}),
    ((1, 3, 17, 15), (4, 3, 5, 5), {"stride": 2, "padding": 2}),
    ((4, 6, 7, 7), (6, 1, 3, 3), {"padding": 1, "groups": 6}),
]


def arrays(x_shape, w_shape, options):
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape, np.float32) for shape in (x_shape, w_shape))
    dout = rng.standard_normal(bench.conv2d(x, w, **options).shape, np.float32)
    return x, w, dout


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("x_shape", "w_shape", "options"), LAYERS)
def test_all_runs_agree(x_shape, w_shape, options, threads):
    runs = bench.cases(*arrays(x_shape, w_shape, options), options, threads)
    for part in ("forward", "dX", "dW"):
        np.testing.assert_allclose(runs[f"ours {part}"](), runs[f"torch {part}"](), rtol=1e-4, atol=1e-4)
    if "im2col" in runs:
        np.testing.assert_allclose(runs["im2col"](), runs["torch forward"](), rtol=1e-4, atol=1e-4)
    assert ("GEMM" in runs) == (threads == 1 and options.get("groups", 1) == 1)


@pytest.mark.parametrize(("x_shape", "w_shape", "options"), LAYERS)
def test_a_gpus_runs_are_timed_where_there_is_one(x_shape, w_shape, options):
    """The same code path as on a GPU; on a machine without one its device is the CPU."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    x, w, dout = arrays(x_shape, w_shape, options)
    runs = bench.theirs(x, w, dout, options, bench.pairs_of(options), device, "GPU")
    ours = bench.ours(x, w, dout, bench.pairs_of(options), 1)
    for part in ("forward", "dX", "dW"):
        np.testing.assert_allclose(ours[f"ours {part}"](), runs[f"GPU {part}"]().cpu(), rtol=1e-4, atol=1e-4)


def test_pieces_cover_everything_once():
    assert [list(range(7))[piece] for piece in bench.parts(7, 3)] == [[0, 1], [2, 3], [4, 5, 6]]
