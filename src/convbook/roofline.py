"""The roofline picture: how far a layer is from what the machine can do."""

import math

import matplotlib.pyplot as plt
import numpy as np

from convbook.figures import INK, PALETTE, STYLE


def roofline(record: dict) -> plt.Figure:
    """GFLOP/s against arithmetic intensity under the two ceilings of the machine that ``record`` is of.

    ``record``: what ``benchmarks/kernels.py`` writes as JSON. A layer cannot do more FLOP/s than a large
    matrix product does, nor than its bytes come in (Williams, Waterman and Patterson 2009,
    doi:10.1145/1498765.1498785). Winograd's multiplications are counted as those that it saves.

    >>> roofline({"layers": {}, "ceilings": {"gemm_flops": 1e11, "copy_bytes": 1e10}}).axes[0].get_ylabel()
    'GFLOP/s'
    """
    layers, limits = record["layers"], record["ceilings"]
    marks = {
        "ours forward": ("o", "output"),
        "torch forward": ("s", "input"),
        "GEMM": ("_", "neutral"),
        "im2col": ("v", "wrong"),
    }
    intensity = {letter: layer["flops"] / layer["bytes"] for letter, layer in layers.items()}
    flops, traffic = limits["gemm_flops"] / 1e9, limits["copy_bytes"] / 1e9
    with plt.rc_context({**STYLE, "figure.figsize": (7.0, 4.0)}):
        figure, axes = plt.subplots()
        at = np.geomspace(1, 2 * max(intensity.values(), default=100), 200)
        axes.plot(at, np.minimum(flops, traffic * at), color=INK, linewidth=1)
        axes.annotate(f"GEMM {flops:.0f} GFLOP/s", (1.1 * flops / traffic, flops), va="bottom")
        axes.annotate(f"copy {traffic:.0f} GB/s", (2.5, traffic * 1.6), va="top")
        for run, (mark, color) in marks.items():
            shown = [letter for letter in layers if run in layers[letter]["seconds"]]
            speeds = [layers[letter]["flops"] / layers[letter]["seconds"][run] / 1e9 for letter in shown]
            label = {"ours forward": "ours", "torch forward": "PyTorch", "GEMM": "bare GEMM"}.get(run, run)
            axes.scatter(
                [intensity[letter] for letter in shown],
                speeds,
                marker=mark,
                color=PALETTE[color],
                label=label,
                zorder=3,
            )
        alike = {}  # letters of layers that stand one over the other
        for letter in sorted(layers):
            alike.setdefault(round(8 * math.log10(intensity[letter])), []).append(letter)
        for letters in alike.values():
            runs = [
                layers[letter]["flops"]
                / min(layers[letter]["seconds"][run] for run in marks if run in layers[letter]["seconds"])
                for letter in letters
            ]
            axes.annotate(
                " ".join(letters),
                (intensity[letters[0]], max(runs) / 1e9),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
            )
        axes.set(xscale="log", yscale="log", xlabel="FLOP a byte of input, filters and output", ylabel="GFLOP/s")
        axes.legend(frameon=False, loc="lower right")
    return figure
