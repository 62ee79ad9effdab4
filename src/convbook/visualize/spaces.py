"""A layer's features as points: who is near whom, how they lie in a plane, what a line can read from them."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from convbook.visualize.activations import activation_maps
from convbook.visualize.looking import device_of


def features(model: nn.Module, layer: str | nn.Module, batches: Iterable[Tensor], pool: bool = True) -> np.ndarray:
    """A layer's output for each image, float32 ``(N, D)``; maps are averaged over places, or flattened."""
    found = []
    for x in batches:
        acts = activation_maps(model, layer, x.to(device_of(model)))
        acts = acts.mean(dim=(2, 3)) if pool and acts.ndim == 4 else acts.flatten(1)
        found.append(acts.float().cpu().numpy())
    if not found:
        raise ValueError("there is no batch to take features of")
    return np.concatenate(found)


def nearest(points: np.ndarray, query: int, k: int = 5) -> np.ndarray:
    """Indices of the ``k`` points nearest to point ``query`` in Euclidean distance, the nearest first, not itself.

    >>> nearest(np.array([[0.0], [9.0], [1.0], [-2.0]]), 0, 2)
    array([2, 3])
    """
    points = np.asarray(points, np.float64)
    if points.ndim != 2:
        raise ValueError(f"points have shape (N, D), not {points.shape}")
    if not 0 <= query < len(points) or not 1 <= k < len(points):
        raise ValueError(f"query is below {len(points)} and k from 1 to {len(points) - 1}, not {query} and {k}")
    distance = np.square(points - points[query]).sum(axis=1)
    distance[query] = np.inf
    return np.argsort(distance, kind="stable")[:k]


def agreement(points: np.ndarray, labels: np.ndarray, k: int = 5) -> float:
    """The share of the ``k`` nearest neighbours that have the label of the point, over all points.

    >>> agreement(np.array([[0.0], [0.1], [5.0], [5.1]]), np.array([0, 0, 1, 1]), 1)
    1.0
    """
    from sklearn.neighbors import NearestNeighbors

    labels = np.asarray(labels)
    found = NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)  # leaves each itself out
    return float((labels[found] == labels[:, None]).mean())


def embed(points: np.ndarray, way: str = "pca", seed: int = 0, **options) -> np.ndarray:
    """Points ``(N, D)`` in a plane, ``(N, 2)``: by ``pca``, ``tsne`` or ``umap``, of scikit-learn and umap-learn.

    ``options`` go to the library: ``perplexity=30`` for t-SNE, ``n_neighbors=15`` for UMAP.
    """
    if way == "pca":
        from sklearn.decomposition import PCA

        return PCA(2, random_state=seed, **options).fit_transform(points)
    if way == "tsne":
        from sklearn.manifold import TSNE

        return TSNE(2, random_state=seed, init="pca", **options).fit_transform(points)
    if way == "umap":
        try:
            from umap import UMAP
        except ImportError:
            raise ImportError("UMAP needs umap-learn: pip install umap-learn") from None
        return UMAP(n_components=2, random_state=seed, **options).fit_transform(points)
    raise ValueError(f"the way is pca, tsne or umap, not {way!r}")


def grid_places(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A cell of a grid for each point of a plane, ``(N, 2)`` rows and columns, moving all as little as possible.

    Raises ``ValueError`` where the grid has fewer cells than there are points.

    >>> grid_places(np.array([[0.0, 0.0], [1.0, 0.0]]), 1, 2)
    array([[0, 0],
           [0, 1]])
    """
    from scipy.optimize import linear_sum_assignment

    plane = np.asarray(plane, np.float64)
    if plane.ndim != 2 or plane.shape[1] != 2:
        raise ValueError(f"a plane's points have shape (N, 2), not {plane.shape}")
    if len(plane) > rows * columns:
        raise ValueError(f"{len(plane)} points do not fit into {rows} x {columns} cells")
    low, extent = plane.min(axis=0), np.ptp(plane, axis=0)
    unit = (plane - low) / np.where(extent > 0, extent, 1)
    cells = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), -1).reshape(-1, 2)
    centres = (cells[:, ::-1] + 0.5) / (columns, rows)
    cost = np.square(unit[:, None] - centres[None]).sum(axis=2)
    return cells[linear_sum_assignment(cost)[1]]


def probe(train: np.ndarray, labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> float:
    """Accuracy on ``test`` of a logistic regression on features that are standardised first: a linear probe."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return float(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(train, labels).score(test, test_labels)
    )


def invariance(model: nn.Module, layer: str | nn.Module, x: Tensor, other: Tensor, pool: bool = True) -> float:
    """How alike a layer finds images and their changed forms: the mean cosine of their features, centred.

    The mean feature of both is taken away first: else all images would look alike in layers after a ReLU.
    ``pool``: maps are averaged over places first, so a shift counts for little in any layer; or compared as they lie.

    >>> x = torch.tensor([[[[0.0, 1.0]]], [[[1.0, 0.0]]]])
    >>> round(invariance(nn.Sequential(nn.Identity()), "0", x, x.flip(3), pool=False), 3)
    -1.0
    """
    both = torch.from_numpy(features(model, layer, [x, other], pool))
    both = both - both.mean(dim=0)
    return float(nn.functional.cosine_similarity(both[: len(x)], both[len(x) :]).mean())
