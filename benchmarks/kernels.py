"""How fast the NumPy kernels are: forward, dX and dW against PyTorch on the same threads, float32.

python benchmarks/kernels.py [--repeats 15] [--layers AB] [--threads 1] [--plot]

Prints seconds as ratios to PyTorch on the CPU in the same run, writes everything to
``_build/bench/kernels.json``, and with ``--plot`` the roofline picture to
``_build/bench/roofline.svg``. With ``--threads 2`` PyTorch gets two threads, and our kernels a
pool of two over the images (over the filters where there is but one), BLAS at one thread each;
the results go to ``_build/bench/kernels-2.json``. Where there is a GPU, PyTorch is timed on it too.
"""

import argparse
import json
import math
import os
import platform
import statistics
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is first imported

import numpy as np  # noqa: E402
import torch  # noqa: E402

from convbook.kernels import conv2d, conv2d_naive, conv_output_size  # noqa: E402
from convbook.kernels.gradients import filter_gradient, input_gradient  # noqa: E402
from convbook.kernels.methods import columns, correlate, method_for  # noqa: E402

BUILD = Path(__file__).resolve().parents[1] / "_build" / "bench"

LAYERS = {
    "A": ("1x64x56x56 to 64, k3 p1", (1, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    "B": ("8x64x56x56 to 64, k3 p1", (8, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    "C": ("8x256x14x14 to 256, k3 p1", (8, 256, 14, 14), (256, 256, 3, 3), {"padding": 1}),
    "D": ("8x512x7x7 to 512, k3 p1", (8, 512, 7, 7), (512, 512, 3, 3), {"padding": 1}),
    "E": ("1x3x224x224 to 64, k7 s2 p3", (1, 3, 224, 224), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
    "G": ("8x64x56x56 to 64, k3 d2 p2", (8, 64, 56, 56), (64, 64, 3, 3), {"padding": 2, "dilation": 2}),
    "H": ("8x256x14x14 to 1024, k1", (8, 256, 14, 14), (1024, 256, 1, 1), {}),
    "F": ("8x128x28x28 depthwise, k3 p1", (8, 128, 28, 28), (128, 1, 3, 3), {"padding": 1, "groups": 128}),
}
MEAN_OVER = "ABCDEGH"  # the depthwise layer has no matrix product to compare with


def keep_freed_memory() -> None:
    """Free one large block, after which glibc keeps what is freed instead of giving it back to the system.

    Otherwise ours or PyTorch's memory comes anew, page by page, in some runs and not in others: up to a
    millisecond, for whoever happens to come second.
    """
    np.empty(31 * 2**18, np.float32)  # glibc adapts to blocks of up to 32 MB


def median_times(functions: dict, repeats: int) -> dict:
    """Median seconds of each function, the runs interleaved, forwards and backwards in turn."""
    times = {name: [] for name in functions}
    for k in range(repeats + 2):
        for name in list(functions)[:: 1 if k % 2 else -1]:
            start = time.perf_counter()
            functions[name]()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(runs[2:]) for name, runs in times.items()}


def pairwise_times(runs: dict, repeats: int) -> dict:
    """Median seconds: ours and PyTorch's of each part side by side, every other run by itself.

    A run that fills the caches and hands much memory back, as im2col does, makes the next
    one slow, and would do so to the same one of a pair each time.
    """
    seconds = {}
    for part in ("forward", "dX", "dW"):
        seconds |= median_times({name: runs[name] for name in (f"torch {part}", f"ours {part}")}, repeats)
    for name in runs.keys() - seconds.keys():
        seconds |= median_times({name: runs[name]}, repeats)
    return seconds


def im2col_indices(x, w, padding=0, stride=1, dilation=1):
    """Convolution as CS231n's ``conv_forward_im2col`` has it: fancy indices gather the whole batch at once."""
    (N, C, H, W), (F, _, kh, kw) = x.shape, w.shape
    oh, ow = (conv_output_size(n, k, stride, padding, dilation) for n, k in ((H, kh), (W, kw)))
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    i = np.tile(np.repeat(np.arange(kh), kw), C)[:, None] * dilation + stride * np.repeat(np.arange(oh), ow)
    j = np.tile(np.arange(kw), kh * C)[:, None] * dilation + stride * np.tile(np.arange(ow), oh)
    k = np.repeat(np.arange(C), kh * kw)[:, None]
    columns = padded[:, k, i, j].transpose(1, 2, 0).reshape(C * kh * kw, -1)
    return (w.reshape(F, -1) @ columns).reshape(F, oh, ow, N).transpose(3, 0, 1, 2)


def parts(count: int, threads: int) -> list[slice]:
    """``range(count)`` in as many pieces as there are threads."""
    bounds = [count * k // threads for k in range(threads + 1)]
    return [slice(*bound) for bound in zip(bounds, bounds[1:], strict=False)]


def ours(x, w, dout, geometry, threads: int) -> dict:
    """Our three runs, in one thread or a piece of the work in each of several."""
    if threads == 1:
        dx = np.empty_like(x)
        return {
            "ours forward": lambda: conv2d(x, w, None, *geometry),
            "ours dX": lambda: input_gradient(dout, w, dx, *geometry) or dx,
            "ours dW": lambda: filter_gradient(dout, x, w.shape[2:], *geometry),
        }
    run, size = ThreadPoolExecutor(threads).map, w.shape[2:]
    images, filters, channels = (parts(n, threads) for n in (len(x), len(w), x.shape[1]))
    by_image = len(x) >= threads

    def forward():
        out = np.empty_like(dout)
        if by_image:
            list(run(lambda s: correlate(x[s], w, out[s], *geometry), images))
        else:
            list(run(lambda s: correlate(x, w[s], out[:, s], *geometry), filters))
        return out

    def to_x():
        dx = np.empty_like(x)
        if by_image:
            list(run(lambda s: input_gradient(dout[s], w, dx[s], *geometry), images))
        else:
            list(run(lambda s: input_gradient(dout, w[:, s], dx[:, s], *geometry), channels))
        return dx

    def to_w():
        if by_image:
            return sum(run(lambda s: filter_gradient(dout[s], x[s], size, *geometry), images))
        return np.concatenate(list(run(lambda s: filter_gradient(dout[:, s], x, size, *geometry), filters)))

    return {"ours forward": forward, "ours dX": to_x, "ours dW": to_w}


def theirs(x, w, dout, options, geometry, device: str, name: str) -> dict:
    """PyTorch's three runs on a device, which is waited for if it is not the CPU."""
    x, w, dout = (torch.from_numpy(array).to(device) for array in (x, w, dout))
    (*pairs, groups), wait = geometry, torch.cuda.synchronize if device == "cuda" else lambda: None

    def forward():
        out = torch.nn.functional.conv2d(x, w, **options)
        wait()
        return out

    def backward(which):
        mask = [which == k for k in range(3)]
        gradients = torch.ops.aten.convolution_backward(
            dout, x, w, None, *map(list, pairs), False, [0, 0], groups, mask
        )
        wait()
        return gradients[which]

    return {f"{name} forward": forward, f"{name} dX": lambda: backward(0), f"{name} dW": lambda: backward(1)}


def pairs_of(options) -> tuple:
    """Stride, padding and dilation as pairs, and groups, from the options of a layer."""
    pairs = [(options.get(key, default),) * 2 for key, default in (("stride", 1), ("padding", 0), ("dilation", 1))]
    return *pairs, options.get("groups", 1)


def cases(x, w, dout, options, threads: int = 1) -> dict:
    """Name of each run and the function that does it."""
    geometry = pairs_of(options)
    runs = theirs(x, w, dout, options, geometry, "cpu", "torch") | ours(x, w, dout, geometry, threads)
    if geometry[3] == 1 and threads == 1:
        N, F, oh, ow = dout.shape
        left, right = w.reshape(F, -1), np.ones((w[0].size, oh * ow), np.float32)
        result = np.empty((F, oh * ow), np.float32)
        runs["GEMM"] = lambda: [np.matmul(left, right, out=result) for _ in range(N)]
        runs["im2col"] = lambda: im2col_indices(x, w, **options)
        runs["blocks"] = lambda: columns(x, w, np.empty_like(dout), *geometry[:3])
    if torch.cuda.is_available():
        runs |= theirs(x, w, dout, options, geometry, "cuda", "GPU")
    return runs


def error(x, w, options) -> float:
    """Largest error of the forward pass in float32, in units of the output's standard deviation."""
    exact = conv2d_float64(x, w, options)
    return float(np.abs(conv2d(x, w, **options) - exact).max() / exact.std())


def conv2d_float64(x, w, options):
    return torch.nn.functional.conv2d(torch.from_numpy(x).double(), torch.from_numpy(w).double(), **options).numpy()


def peak_megabytes(function) -> float:
    """Most memory that ``function`` has allocated at once through NumPy, its result included."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def ceilings(repeats: int) -> dict:
    """What this machine can do at most: FLOP/s of a large product, bytes/s of a large copy."""
    a, b, out = (np.ones((1024, 1024), np.float32) for _ in range(3))
    source, target = np.ones(2**25, np.float32), np.ones(2**25, np.float32)
    seconds = median_times(
        {"gemm": lambda: np.matmul(a, b, out=out), "copy": lambda: np.copyto(target, source)}, repeats
    )
    return {"gemm_flops": 2 * 1024**3 / seconds["gemm"], "copy_bytes": 2 * source.nbytes / seconds["copy"]}


def measure(letter: str, repeats: int, threads: int) -> dict:
    """Everything about one layer."""
    name, x_shape, w_shape, options = LAYERS[letter]
    rng = np.random.default_rng(0)
    x = rng.standard_normal(x_shape, np.float32)
    w = rng.standard_normal(w_shape, np.float32) / np.float32(math.sqrt(math.prod(w_shape[1:])))
    out = conv2d(x, w, **options)
    dout = rng.standard_normal(out.shape, np.float32)
    runs = cases(x, w, dout, options, threads)
    *pairs, groups = pairs_of(options)
    method = method_for((len(x), w.shape[1]), (len(w) // groups, *w.shape[1:]), out.shape[2:], *pairs)
    return {
        "name": name,
        "method": method.__name__,
        "flops": 2 * out.size * math.prod(w_shape[1:]),
        "bytes": x.nbytes + w.nbytes + out.nbytes,
        "seconds": pairwise_times(runs, repeats),
        "megabytes": {run: peak_megabytes(runs[run]) for run in runs if run.startswith("ours")},
        "error": error(x, w, options),
    }


def loops(repeats: int) -> dict:
    """Seconds of the loops on a layer small enough for them, and what they would take on A."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((1, 4, 12, 12), np.float32), rng.standard_normal((4, 4, 3, 3), np.float32)
    seconds = median_times({"loops": lambda: conv2d_naive(x, w), "ours": lambda: conv2d(x, w)}, repeats)
    macs, macs_of_a = 4 * 10 * 10 * 36, 64 * 56 * 56 * 576
    return {"seconds": seconds, "seconds_on_A_extrapolated": seconds["loops"] * macs_of_a / macs}


def table(layers: dict, small: dict, threads: int) -> None:
    """Print ratios to PyTorch: below 1 is faster than it."""
    print(f"Seconds / PyTorch's, threads: {threads}, float32 (dX, dW against PyTorch's own); error against float64")
    head = "forward", "dX", "dW", "GEMM", "im2col", "blocks", "torch ms", "GFLOP/s", "peak MB", "error"
    print(f"{'layer':32} {'method':10}" + "".join(f"{word:>9}" for word in head))
    ratios = {"forward": {}, "dX": {}, "dW": {}}
    for letter, layer in layers.items():
        seconds = layer["seconds"]
        for part in ratios:
            ratios[part][letter] = seconds[f"ours {part}"] / seconds[f"torch {part}"]
        row = [f"{ratios[part][letter]:9.2f}" for part in ratios]
        for name in ("GEMM", "im2col", "blocks"):
            row.append(f"{seconds[name] / seconds['torch forward']:9.2f}" if name in seconds else f"{'':9}")
        row.append(f"{seconds['torch forward'] * 1e3:9.2f}{layer['flops'] / seconds['ours forward'] / 1e9:9.0f}")
        row.append(f"{layer['megabytes']['ours forward']:9.1f}{layer['error']:9.0e}")
        print(f"{letter} {layer['name']:30} {layer['method']:10}" + "".join(row))
    if set(MEAN_OVER) <= set(layers):
        means = [math.exp(sum(math.log(part[k]) for k in MEAN_OVER) / len(MEAN_OVER)) for part in ratios.values()]
        print(f"{'geometric mean over ' + MEAN_OVER:43}" + "".join(f"{mean:9.2f}" for mean in means))
    for letter, layer in layers.items():
        gpu = {name: s for name, s in layer["seconds"].items() if name.startswith("GPU")}
        if gpu:
            print(letter, *(f"{name} {s * 1e3:.3f} ms" for name, s in gpu.items()))
    times = small["seconds"]["loops"] / small["seconds"]["ours"]
    print(f"loops: {times:.0f} times ours on 1x4x12x12 to 4; on A about {small['seconds_on_A_extrapolated']:.0f} s")


def pin(threads: int) -> None:
    """As many processors as threads, and no more threads than that in PyTorch; BLAS has one from the start."""
    if hasattr(os, "sched_setaffinity"):  # not on macOS
        processors = sorted(os.sched_getaffinity(0))
        if threads > len(processors):
            raise SystemExit(f"--threads {threads} is more than the {len(processors)} processors there are")
        os.sched_setaffinity(0, processors[-threads:])
    torch.set_num_threads(threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="runs that the median is taken of")
    parser.add_argument("--layers", default="".join(LAYERS), help="letters of the layers, such as AB")
    parser.add_argument("--threads", type=int, default=1, help="threads for PyTorch and for us")
    parser.add_argument("--plot", action="store_true", help="draw the roofline picture, of one thread")
    options = parser.parse_args()
    if options.threads < 1 or (options.plot and options.threads > 1):
        parser.error(f"--threads must be at least 1, and 1 with --plot, got {options.threads}")
    pin(options.threads)
    torch.set_grad_enabled(False)
    torch.backends.cudnn.allow_tf32 = False  # on a GPU float32 means float32, as on the CPU
    keep_freed_memory()
    layers = {letter: measure(letter, options.repeats, options.threads) for letter in options.layers}
    small, limits = loops(3), ceilings(options.repeats)
    table(layers, small, options.threads)
    BUILD.mkdir(parents=True, exist_ok=True)
    versions = {"numpy": np.__version__, "torch": torch.__version__, "machine": platform.machine()}
    versions["threads"] = options.threads
    if torch.cuda.is_available():
        versions["gpu"] = torch.cuda.get_device_name()
    record = {"versions": versions, "ceilings": limits, "layers": layers, "loops": small}
    file = BUILD / ("kernels.json" if options.threads == 1 else f"kernels-{options.threads}.json")
    file.write_text(json.dumps(record, indent=1) + "\n")
    if options.plot:
        from convbook.roofline import roofline

        roofline(record).savefig(BUILD / "roofline.svg", transparent=True, metadata={"Date": None})


if __name__ == "__main__":
    main()
