"""Forward convolution: ours in loops, ours as a matrix product, PyTorch. Prints ratios of one run.

python benchmarks/kernels.py
"""

import os
import statistics
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is first imported

import numpy as np  # noqa: E402
import torch  # noqa: E402

from convbook.kernels import conv2d, conv2d_naive  # noqa: E402

LAYERS = {
    "1x64x56x56 to 64, k3 p1": ((1, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    "8x256x14x14 to 256, k3 p1": ((8, 256, 14, 14), (256, 256, 3, 3), {"padding": 1}),
    "1x3x224x224 to 64, k7 s2 p3": ((1, 3, 224, 224), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
    "8x128x28x28 depthwise, k3 p1": ((8, 128, 28, 28), (128, 1, 3, 3), {"padding": 1, "groups": 128}),
}


def median_times(functions: dict, repeats: int) -> dict:
    """Median seconds of each function, the runs interleaved so that all see the same load."""
    times = {name: [] for name in functions}
    for _ in range(repeats + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(runs[1:]) for name, runs in times.items()}


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    print(f"{'layer':30}  ours / PyTorch  (float32; PyTorch on one thread, ours on NumPy's)")
    for name, (x_shape, w_shape, options) in LAYERS.items():
        x = rng.standard_normal(x_shape, np.float32)
        w = rng.standard_normal(w_shape, np.float32)
        tx, tw = torch.from_numpy(x), torch.from_numpy(w)
        seconds = median_times(
            {
                "ours": lambda x=x, w=w, options=options: conv2d(x, w, **options),
                "torch": lambda x=tx, w=tw, options=options: torch.nn.functional.conv2d(x, w, **options),
            },
            repeats=7,
        )
        print(f"{name:30}  {seconds['ours'] / seconds['torch']:8.2f}", flush=True)
    x, w = rng.standard_normal((1, 4, 12, 12), np.float32), rng.standard_normal((4, 4, 3, 3), np.float32)
    seconds = median_times({"loops": lambda: conv2d_naive(x, w), "matmul": lambda: conv2d(x, w)}, repeats=3)
    print(f"{'1x4x12x12 to 4, k3':30}  {seconds['loops'] / seconds['matmul']:8.0f}  loops / matrix product")


if __name__ == "__main__":
    main()
