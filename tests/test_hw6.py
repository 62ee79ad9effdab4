"""Assignment hw6: its expected values against other libraries and definitions, and code as it is found in the wild."""

import inspect

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter
from scipy.spatial import KDTree
from sklearn.decomposition import PCA
from sklearn.manifold import _t_sne
from submissions import ROOT
from torch import nn
from torch.nn import functional

from autograder import probes
from autograder.diagnosis import outcomes
from autograder.exercises import EXERCISES
from autograder.verdict import judge
from convbook import visualize

SECRET = b"of this test"


def cases_of(name):
    exercise = EXERCISES[f"hw6.{name}"]
    return [pytest.param(case, id=case.kind) for case in exercise.visible_cases() + exercise.hidden_cases(SECRET)]


def expected(name, case):
    exercise = EXERCISES[f"hw6.{name}"]
    (outcome,) = outcomes(exercise, exercise.reference, [case])
    return outcome["value"]


def verdict_on(name, function, secret=SECRET):
    exercise = EXERCISES[f"hw6.{name}"]
    return judge(exercise, lambda cases: outcomes(exercise, function, cases), secret)


def named(name, function):
    return [mistake.name for mistake in verdict_on(name, function).mistakes]


@pytest.mark.parametrize("case", cases_of("filters_to_grid"))
def test_the_grid_is_that_of_the_book(case):
    np.testing.assert_allclose(expected("filters_to_grid", case), visualize.filters_to_grid(*case.args), atol=1e-12)


@pytest.mark.parametrize("case", cases_of("top_k_activations"))
def test_the_places_are_those_that_the_book_finds_in_a_layer(case):
    acts, k = case.args
    images = torch.tensor(np.asarray(acts, float))[:, None]
    top = visualize.top_activations(nn.Sequential(nn.Identity()), "0", images.split(2), k)[0]
    assert expected("top_k_activations", case).tolist() == [[found.image, found.i, found.j] for found in top]


@pytest.mark.parametrize("case", cases_of("receptive_box"))
def test_the_box_is_what_a_gradient_reaches(case):
    layers, i, j, size = case.args
    model = nn.Sequential(*(nn.Conv2d(1, 1, k, stride, padding) for k, stride, padding in layers))
    box = visualize.receptive_box(model, str(len(layers) - 1), (1, *size), i, j)
    assert tuple(expected("receptive_box", case)) == box


@pytest.mark.parametrize("case", cases_of("saliency"))
def test_the_gradient_is_that_of_torch(case):
    layers, x, c, _ = case.args
    modules = [nn.Flatten()]
    for w, b in layers:
        linear = nn.Linear(*w.shape).double()
        linear.weight.data, linear.bias.data = torch.tensor(w.T), torch.tensor(b)
        modules += [linear, nn.ReLU()]
    got = visualize.saliency(nn.Sequential(*modules[:-1]), torch.tensor(x), c)
    np.testing.assert_allclose(expected("saliency", case), got, atol=1e-12)


def test_the_notebook_shows_the_net_that_saliency_is_called_with():
    text = (ROOT / "solutions" / "hw6-visualization" / "hw6-visualization.md").read_text()
    assert inspect.getsource(probes.Net) in text


def test_the_net_s_gradients_are_slopes():
    rng = np.random.default_rng(5)
    net = probes.Net([(rng.standard_normal((6, 4)), rng.standard_normal(4)), (rng.standard_normal((4, 3)), np.ones(3))])
    x, dscores = rng.standard_normal((2, 1, 2, 3)), rng.standard_normal((2, 3))

    def total():
        return np.sum(net.forward(x) * dscores)

    total()
    net.backward(dscores)
    for array, name in [(x, "x"), (net.layers[0][0], "w0"), (net.layers[0][1], "b0"), (net.layers[1][0], "w1")]:
        for place in list(np.ndindex(array.shape))[::5]:
            kept, values = array[place], []
            for step in (1e-6, -1e-6):
                array[place] = kept + step
                values.append(total())
            array[place] = kept
            assert net.grads[name][place] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-6)


@pytest.mark.parametrize("case", cases_of("relu_backward"))
def test_the_rules_are_those_of_the_book(case):
    dout, x, mode = case.args
    want = visualize.relu_backward(torch.tensor(dout), torch.tensor(x), mode)
    np.testing.assert_array_equal(expected("relu_backward", case), want)
    if mode == "backprop":
        x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        (grad,) = torch.autograd.grad(functional.relu(x), x, torch.tensor(dout, dtype=torch.float64))
        np.testing.assert_allclose(expected("relu_backward", case), grad)


@pytest.mark.parametrize(
    ("name", "of_the_book"), [("grad_cam", visualize.cam.weigh), ("grad_cam_pp", visualize.cam.weigh_pp)]
)
def test_the_maps_are_those_of_the_book(name, of_the_book):
    for param in cases_of(name):
        (case,) = param.values
        acts, grads = (torch.tensor(np.asarray(value, float))[None] for value in case.args)
        np.testing.assert_allclose(expected(name, case), of_the_book(acts, grads)[0], atol=1e-9)


@pytest.mark.parametrize("case", cases_of("grad_cam_pp"))
def test_no_place_that_is_divided_by_almost_nothing_decides(case):
    """A small number below, which much code adds, makes no difference."""
    acts, grads = case.args
    bottom = 2 * grads**2 + acts.sum(axis=(1, 2), keepdims=True) * grads**3
    assert (np.abs(bottom[grads > 0]) > 1e-3).all()


@pytest.mark.parametrize("case", cases_of("gradient_ascent"))
def test_the_climb_is_that_of_an_optimiser(case):
    kind, a, t, x0, steps, lr, *l2 = case.args
    a, t, x = (torch.tensor(value, dtype=torch.float64) for value in (a, t, x0))
    x.requires_grad_()
    optimiser = torch.optim.SGD([x], lr=lr, weight_decay=2 * l2[0] if l2 else 0, maximize=False)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = (a * (x - t) ** 2).sum() / 2 if kind == "bowl" else -(a * torch.sin(x - t)).sum()
        loss.backward()
        optimiser.step()
    np.testing.assert_allclose(expected("gradient_ascent", case), x.detach(), atol=1e-10)
    if kind == "bowl" and steps > 100:
        top = a * t / (a + 2 * (l2[0] if l2 else 0))
        np.testing.assert_allclose(expected("gradient_ascent", case), top, atol=1e-5)


@pytest.mark.parametrize("case", cases_of("nearest"))
def test_neighbours_are_those_of_a_tree_and_of_the_book(case):
    feats, q, k = case.args
    got = expected("nearest", case)
    np.testing.assert_array_equal(got, visualize.nearest(feats, q, k))
    others = np.delete(feats.astype(float), q, axis=0)
    distances, _ = KDTree(others).query(feats[q].astype(float), range(1, k + 1))
    np.testing.assert_allclose(np.linalg.norm(feats[got].astype(float) - feats[q], axis=1), distances)
    assert q not in got and len(set(got.tolist())) == k


@pytest.mark.parametrize("case", cases_of("pca_2d"))
def test_the_components_are_those_of_scikit_learn(case):
    X, part = case.args
    pca = PCA(2, svd_solver="full")
    plane = pca.fit_transform(X)
    if part == "plane":
        np.testing.assert_allclose(np.abs(expected("pca_2d", case)["plane"]), np.abs(plane), atol=1e-9)
        # what the sign is told by is far from 0, and the axes are far from each other
        cubes, sizes = (plane**3).sum(axis=0), (np.abs(plane) ** 3).sum(axis=0)
        assert (np.abs(cubes) > 1e-3 * sizes).all()
    else:
        np.testing.assert_allclose(expected("pca_2d", case)["explained"], pca.explained_variance_ratio_, atol=1e-9)
    third = PCA(min(X.shape), svd_solver="full").fit(X).explained_variance_[:3]
    assert (third[1:] < 0.97 * third[:-1]).all()


@pytest.mark.parametrize("case", cases_of("tsne_p"))
def test_the_probabilities_are_those_of_the_definition(case):
    D, perplexity = case.args
    P = expected("tsne_p", case)
    assert P.sum() == pytest.approx(1) and np.diag(P).tolist() == [0] * len(P)
    np.testing.assert_allclose(P, P.T)


@pytest.mark.parametrize(
    "case", [case for case in cases_of("tsne_p") if case.values[0].group != "very near and very far"]
)
def test_the_probabilities_are_those_of_scikit_learn(case):
    """It works in float32, and stops where the entropy is right to five digits."""
    D, perplexity = case.args
    joint = _t_sne._joint_probabilities((D**2).astype(np.float32), float(perplexity), 0)
    n = len(D)
    wanted = np.zeros((n, n))
    wanted[np.triu_indices(n, 1)] = joint
    np.testing.assert_allclose(expected("tsne_p", case), wanted + wanted.T, atol=3e-5)


def test_scale_changes_no_probability():
    D = np.array([[0.0, 1, 2, 5], [1, 0, 2, 4], [2, 2, 0, 3], [5, 4, 3, 0]])
    reference = EXERCISES["hw6.tsne_p"].reference
    for scale in (1e-3, 7, 3000):
        np.testing.assert_allclose(reference(scale * D, 2.2), reference(D, 2.2), atol=1e-9)


@pytest.mark.parametrize("case", cases_of("occlusion_map"))
def test_the_map_is_that_of_the_book(case):
    w, power, x, size, stride = case.args
    score = probes.scored(w, power)

    class Scored(nn.Module):
        def forward(self, images):
            return torch.tensor([[score(image)] for image in images.numpy()])

    want = visualize.occlusion_map(Scored(), torch.tensor(x)[None], 0, size, stride)[0]
    np.testing.assert_allclose(expected("occlusion_map", case), want, atol=1e-4)  # which adds up in float32


def test_occlusion_of_a_sum_is_a_blur():
    """Inside, where all squares are there: the parts of the score, added up over squares and averaged."""
    rng = np.random.default_rng(6)
    w, x = rng.standard_normal((2, 2, 9, 11))
    got = EXERCISES["hw6.occlusion_map"].reference(lambda image: np.sum(w * image), x, 3, 1)
    parts = (w * x).sum(axis=0)
    want = 9 * uniform_filter(uniform_filter(parts, 3, mode="constant"), 3, mode="constant")
    np.testing.assert_allclose(got[2:-2, 2:-2], want[2:-2, 2:-2])


def test_grad_cam_as_written_for_torch_is_recognised():
    """The common snippet for a batch of one: weights multiplied into the channels, then their mean."""

    def snippet(acts, grads):
        acts = acts.copy()
        pooled = grads.mean(axis=(1, 2))
        for k in range(len(acts)):
            acts[k] *= pooled[k]
        return np.maximum(acts.mean(axis=0), 0)

    assert named("grad_cam", lambda acts, grads: snippet(acts.astype(float), grads)) == ["mean over channels"]


def test_saliency_of_the_loss_is_recognised():
    def students(model, x, c):
        scores = model.forward(x)
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        p[:, c] -= 1
        model.zero_grad()
        model.backward(p)
        found = np.max(np.abs(model.grads["x"]), axis=1)
        model.zero_grad()
        return found

    assert named("saliency", students) == ["logarithm of the probability"]


def test_the_model_may_not_be_trained():
    def students(model, x, c):
        model.layers[0][0][:] *= 0.9
        return EXERCISES["hw6.saliency"].reference(model, x, c)

    verdict = verdict_on("saliency", students)
    assert verdict.score == 0
    assert {difference.layer for _, difference, _ in verdict.failures.values()} == {"runs"}


def test_scikit_learn_s_answers_get_all_points():
    def nearest(feats, q, k):
        from sklearn.metrics import pairwise_distances

        distance = np.delete(pairwise_distances(feats.astype(float))[q], q)
        order = np.argsort(distance.round(9), kind="stable")[:k]
        return order + (order >= q)

    def pca_2d(X):
        pca = PCA(2)
        return pca.fit_transform(X), pca.explained_variance_ratio_

    assert verdict_on("nearest", nearest).score == EXERCISES["hw6.nearest"].points
    assert verdict_on("pca_2d", pca_2d).score == EXERCISES["hw6.pca_2d"].points


def test_a_search_that_is_good_enough_passes():
    """As the first code of t-SNE has it: at most fifty steps from beta 1, to five digits of the entropy."""

    def students(D, perplexity):
        n = len(D)
        P = np.zeros((n, n))
        for i in range(n):
            low, high, beta = -np.inf, np.inf, 1.0
            d = np.delete(D[i] ** 2, i)
            d = d - d.min()
            for _ in range(50):
                p = np.exp(-d * beta)
                H = np.log(p.sum()) + beta * np.sum(d * p) / p.sum()
                difference = H - np.log(perplexity)
                if abs(difference) < 1e-5:
                    break
                if difference > 0:
                    low = beta
                    beta = beta * 2 if np.isinf(high) else (beta + high) / 2
                else:
                    high = beta
                    beta = beta / 2 if np.isinf(low) else (beta + low) / 2
            P[i, np.arange(n) != i] = p / p.sum()
        P = P + P.T
        return P / P.sum()

    assert verdict_on("tsne_p", students).score == EXERCISES["hw6.tsne_p"].points


def test_what_a_mistake_costs_is_its_group_alone():
    for name, mistake, score in [
        ("filters_to_grid", "0 / 0", 6),
        ("saliency", "gradients left", 7),
        ("receptive_box", "cut in the end alone", 8),
        ("relu_backward", "guided by x alone", 4),
        ("grad_cam", "ReLU before the sum", 3),
        ("nearest", "bytes wrap around", 6),
        ("pca_2d", "shares of the plane", 3),
    ]:
        exercise = EXERCISES[f"hw6.{name}"]
        (function,) = [each.function for each in exercise.mistakes if each.name == mistake]
        assert verdict_on(name, function).score == pytest.approx(score), name
