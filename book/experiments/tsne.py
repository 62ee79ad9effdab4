"""What t-SNE keeps and what it does not: three perplexities on digits, and on clusters whose distances are known."""

import time

import click
import numpy as np
import torch
from common import write
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness

from convbook.visualize import agreement, embed

PERPLEXITIES, NEIGHBOURS = (5, 30, 100), (5, 15, 50)


def centres(points, labels):
    return np.stack([points[labels == label].mean(axis=0) for label in np.unique(labels)])


def bytes_of(plane):
    """Places to 1/255 of the plane's side, as hexadecimal text: (N, 2) uint8."""
    low, extent = plane.min(axis=0), np.ptp(plane, axis=0).max()
    return np.round(255 * (plane - low) / extent).astype(np.uint8).tobytes().hex()


def known(seed, n=100):
    """Three clusters in ten dimensions: the second one unit of distance from the first, the third five."""
    rng = np.random.default_rng(seed)
    where = np.zeros((3, 10))
    where[1, 0], where[2, 0] = 10, 50
    labels = np.repeat(np.arange(3), n)
    return where[labels] + rng.normal(size=(3 * n, 10)), labels


def sizes(seed, n=100):
    """Two clusters, one ten times as wide as the other."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(2), n)
    points = rng.normal(size=(2 * n, 10)) * np.where(labels, 10, 1)[:, None]
    points[labels == 1, 0] += 100
    return points, labels


def ratio_of_distances(plane, labels):
    near, far, _ = pdist(centres(plane, labels))
    return float(far / near)


def ratio_of_sizes(plane, labels):
    spread = [np.sqrt(plane[labels == label].var(axis=0).sum()) for label in (0, 1)]
    return float(spread[1] / spread[0])


@click.command()
@click.option("--quick", is_flag=True, help="Two hundred digits, one seed.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    n, seeds = (350, [0]) if quick else (1000, [0, 1, 2])
    digits = load_digits()
    points, labels = digits.data[:n], digits.target[:n]
    ways = {"PCA": ("pca", {})} | {f"t-SNE, perplexity {p}": ("tsne", {"perplexity": p}) for p in PERPLEXITIES}
    try:
        embed(points[:50], "umap", n_neighbors=5)
        ways |= {f"UMAP, {k} neighbours": ("umap", {"n_neighbors": k, "n_jobs": 1}) for k in NEIGHBOURS}
    except ImportError as missing:
        click.echo(missing)
    true, planes, rows = pdist(centres(points, labels)), {}, {}
    for name, (way, options) in ways.items():
        planes[name] = plane = embed(points, way, **options).astype(float)
        rows[name] = {
            "agreement": agreement(plane, labels, 5),
            "trustworthiness": float(trustworthiness(points, plane, n_neighbors=5)),
            "centres": float(spearmanr(true, pdist(centres(plane, labels))).statistic),
        }
        click.echo(f"{time.time() - started:5.0f} s {name}: {rows[name]}")
    rows["64 pixels"] = {"agreement": agreement(points, labels, 5), "trustworthiness": 1.0, "centres": 1.0}
    between = {
        f"{one} against {other}": float(
            spearmanr(*(pdist(centres(planes[f"t-SNE, perplexity {p}"], labels)) for p in (one, other))).statistic
        )
        for one, other in ((5, 30), (30, 100), (5, 100))
    }
    clusters = {}
    for what, make, measure in (("distances", known, ratio_of_distances), ("sizes", sizes, ratio_of_sizes)):
        clusters[what] = {"in ten dimensions": [measure(*make(seed)) for seed in seeds]}
        for p in PERPLEXITIES[:2] if quick else PERPLEXITIES[:2] + (90,):
            made = [(seed, *make(seed)) for seed in seeds]
            clusters[what][f"perplexity {p}"] = [
                measure(embed(data, "tsne", seed, perplexity=p), of) for seed, data, of in made
            ]
        click.echo(f"{time.time() - started:5.0f} s {what}: {clusters[what]}")
    write("tsne", started, quick, digits=n, seeds=seeds, rows=rows, between=between, clusters=clusters,
          planes={name: bytes_of(plane) for name, plane in planes.items()})  # fmt: skip


if __name__ == "__main__":
    main()
