"""Looking into models: against Captum, formulas by hand, and what must hold."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from convbook import visualize as V

N, C, H, W = 3, 2, 11, 9


class Block(nn.Module):
    """A residual block whose one ReLU, in place, is used twice, as in published ResNets."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.relu(self.conv2(self.relu(self.bn1(self.conv1(x)))) + x)


def make(inplace=True, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(C, 4, (3, 2), padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=inplace),
        nn.MaxPool2d(2),
        Block(4) if inplace else nn.Conv2d(4, 4, 3, padding=1),
        nn.Conv2d(4, 5, 3),
        nn.ReLU(inplace=inplace),
        nn.Flatten(),
        nn.Linear(5 * 3 * 3, 7),
    ).double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model.train()


@pytest.fixture
def model():
    return make()


@pytest.fixture
def x():
    return torch.randn(N, C, H, W, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


CLASSES = torch.tensor([4, 0, 6])


def state(model):
    return (
        [module.training for module in model.modules()],
        [(p.requires_grad, None if p.grad is None else p.grad.clone(), p.detach().clone()) for p in model.parameters()],
        [buffer.clone() for buffer in model.buffers()],
        [len(module._forward_hooks) + len(module._backward_hooks) for module in model.modules()],
        ["forward" in module.__dict__ for module in model.modules()],
    )


USES = {
    "gradient": lambda model, x: V.gradient(model, x),
    "saliency": lambda model, x: V.saliency(model, x, 2, "guided"),
    "deconv": lambda model, x: V.saliency(model, x, 2, "deconv"),
    "integrated": lambda model, x: V.integrated_gradients(model, x, steps=2),
    "project": lambda model, x: V.project(model, "5", x, 1, 2, 0),
    "maps": lambda model, x: V.activation_maps(model, "4.conv1", x),
    "top": lambda model, x: V.top_activations(model, "5", [x], k=2),
    "box": lambda model, x: V.receptive_box(model, "5", (C, H, W), 1, 1),
    "cam": lambda model, x: V.grad_cam(model, x, "5"),
    "occlusion": lambda model, x: V.occlusion_map(model, x, size=3, stride=2),
    "ascent": lambda model, x: V.ascend(model, V.unit_score(model, "5", 1), x[:1], steps=2).image,
    "features": lambda model, x: V.features(model, "4", [x]),
    "randomised": lambda model, x: list(V.randomised(model)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_the_model_and_the_images_are_left_as_they_were(model, x, use):
    functional.cross_entropy(model(x), CLASSES).backward()  # so that there are gradients to leave alone
    before, pixels, rng = state(model), x.clone(), torch.get_rng_state()
    use(model, x)
    torch.testing.assert_close(state(model), before, rtol=0, atol=0)
    torch.testing.assert_close(x, pixels, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), rng)


@pytest.mark.parametrize("use", [USES["saliency"], USES["cam"], USES["maps"]])
def test_the_model_is_left_as_it_was_when_something_fails(model, x, use):
    before = state(model)
    with pytest.raises(RuntimeError):
        use(model, x[:, :1])  # a channel is missing
    torch.testing.assert_close(state(model), before, rtol=0, atol=0)


def test_integrated_gradients_as_captum(model, x):
    from captum.attr import IntegratedGradients

    baseline = torch.full_like(x, 0.3)
    theirs = IntegratedGradients(model.eval()).attribute(
        x, baseline, target=CLASSES, n_steps=7, method="riemann_middle"
    )
    for batch in (1, 3, 16):  # 3 does not divide 7
        torch.testing.assert_close(V.integrated_gradients(model, x, CLASSES, 0.3, 7, batch), theirs)


def test_integrated_gradients_add_up_to_the_change_of_the_score(model, x):
    with V.inspecting(model):
        change = (model(x) - model(torch.zeros_like(x))).gather(1, CLASSES[:, None])[:, 0]
    total = V.integrated_gradients(model, x, CLASSES, steps=2000).sum(dim=(1, 2, 3))
    torch.testing.assert_close(total, change, rtol=1e-2, atol=1e-3)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Captum tells what it does
@pytest.mark.parametrize("rule, name", [("guided", "GuidedBackprop"), ("deconv", "Deconvolution")])
def test_rules_as_captum(x, rule, name):
    import captum.attr

    model = make(inplace=False).eval()
    theirs = getattr(captum.attr, name)(model).attribute(x, target=CLASSES)
    torch.testing.assert_close(V.gradient(model, x, CLASSES, rule), theirs)


def test_a_gradient_is_autograds_own(model, x):
    pixels = x.clone().requires_grad_()
    model.eval()(pixels).gather(1, CLASSES[:, None]).sum().backward()
    torch.testing.assert_close(V.gradient(model, x, CLASSES), pixels.grad)
    torch.testing.assert_close(V.saliency(model, x, CLASSES), pixels.grad.abs().amax(1))


def test_rules_of_a_relu_by_hand():
    """All eight signs: the rule, the input and what comes back."""
    for rule, passes in (("backprop", "+-  "), ("deconv", "+ + "), ("guided", "+   ")):
        for (dout, at), sign in zip([(2.0, 1.0), (-2.0, 1.0), (2.0, -1.0), (-2.0, -1.0)], passes, strict=True):
            expected = dout if sign != " " else 0.0
            got = V.relu_backward(torch.tensor(dout), torch.tensor(at), rule).item()
            assert got == pytest.approx(expected), (rule, dout, at)


@pytest.mark.parametrize("layer", ["5", "4", "0"])
def test_grad_cam_as_captum(model, x, layer):
    from captum.attr import LayerGradCam

    twin = make().eval()
    for module in twin.modules():  # Captum's hooks do not get on with ReLUs in place
        if isinstance(module, nn.ReLU):
            module.inplace = False
    theirs = LayerGradCam(twin, V.layer_of(twin, layer)).attribute(x, CLASSES, relu_attributions=True)[:, 0]
    torch.testing.assert_close(V.grad_cam(model, x, layer, CLASSES, enlarge=False), theirs)
    enlarged = functional.interpolate(theirs[:, None], (H, W), mode="bilinear", align_corners=False)[:, 0]
    torch.testing.assert_close(V.grad_cam(model, x, layer, CLASSES), enlarged)


def test_grad_cam_pp_by_its_formula():
    """Loops as in the paper, over images, channels and places; one channel without any gradient."""
    rng = np.random.default_rng(0)
    acts, grads = rng.uniform(0, 2, (2, 3, 4, 5)), rng.normal(size=(2, 3, 4, 5))
    grads[:, 1] = 0
    expected = np.zeros((2, 4, 5))
    for n in range(2):
        for c in range(3):
            weight = 0.0
            for i, j in np.ndindex(4, 5):
                g = grads[n, c, i, j]
                bottom = 2 * g**2 + acts[n, c].sum() * g**3
                weight += (g**2 / bottom if bottom else 0.0) * max(g, 0)
            expected[n] += weight * acts[n, c]
    got = V.weigh_pp(torch.from_numpy(acts), torch.from_numpy(grads))
    torch.testing.assert_close(got, torch.from_numpy(np.maximum(expected, 0)))
    assert V.weigh_pp(torch.ones(1, 2, 3, 3), torch.zeros(1, 2, 3, 3)).abs().max() < 1e-12


def test_the_relu_comes_after_the_sum_over_channels():
    acts = torch.tensor([[[[1.0]], [[1.0]]]])
    assert V.weigh(acts, torch.tensor([[[[2.0]], [[-3.0]]]])).item() == pytest.approx(0.0)


def test_top_activations_as_a_sort_of_all(model, x):
    many = torch.randn(13, C, H, W, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    found = V.top_activations(model, "4", many.split(5), k=4)
    maps = V.activation_maps(model, "4", many)
    for c, top in found.items():
        best = maps[:, c].flatten(1).max(dim=1).values
        assert [each.image for each in top] == best.argsort(descending=True)[:4].tolist()
        for each in top:
            assert maps[each.image, c, each.i, each.j].item() == pytest.approx(each.value)
            assert each.value == pytest.approx(best[each.image].item())
    assert list(found) == [0, 1, 2, 3]
    assert list(V.top_activations(model, "4", [many], k=1, channels=[2])) == [2]


def test_of_equal_activations_the_earlier_image_comes_first():
    flat = torch.ones(5, 1, 2, 2)
    assert [each.image for each in V.top_activations(nn.Sequential(nn.ReLU()), "0", [flat], k=3)[0]] == [0, 1, 2]


def reach(model, layer, i, j):
    """Pixels that change one place of a layer's map when they are changed, one at a time."""
    x = torch.zeros(1, C, H, W, dtype=torch.float64)
    positive = V.activations.make_positive(model.eval())
    base = V.activation_maps(positive, layer, x + 1)[0, :, i, j]
    rows, columns = [], []
    for y, k in np.ndindex(H, W):
        changed = x + 1
        changed[0, :, y, k] += 1
        if (V.activation_maps(positive, layer, changed)[0, :, i, j] - base).abs().max() > 0:
            rows.append(y)
            columns.append(k)
    return min(columns), min(rows), max(columns) + 1, max(rows) + 1


@pytest.mark.parametrize("layer, i, j", [("0", 0, 0), ("3", 2, 1), ("4", 4, 4), ("5", 1, 2)])
def test_receptive_boxes_as_pixels_that_matter(model, layer, i, j):
    assert V.receptive_box(model, layer, (C, H, W), i, j) == reach(make(), layer, i, j)


def test_what_lies_outside_the_box_does_not_matter(model, x):
    x0, y0, x1, y1 = V.receptive_box(model, "4.conv1", (C, H, W), 0, 1)
    other = torch.randn_like(x)
    other[..., y0:y1, x0:x1] = x[..., y0:y1, x0:x1]
    one, two = (V.activation_maps(model, "4.conv1", images)[..., 0, 1] for images in (x, other))
    torch.testing.assert_close(one, two)
    assert (y1 - y0, x1 - x0) != (H, W)


def test_a_projection_stays_within_the_receptive_box(model, x):
    x0, y0, x1, y1 = V.receptive_box(model, "4.conv1", (C, H, W), 0, 1)
    for rule in V.RULES:
        projected = V.project(model, "4.conv1", x, 2, 0, 1, rule).clone()
        assert projected.abs().max() > 0
        projected[..., y0:y1, x0:x1] = 0
        assert projected.abs().max() < 1e-12


def test_occlusion_finds_what_matters_and_its_sign():
    model = nn.Sequential(nn.Flatten(), nn.Linear(30, 2, bias=False)).double()
    with torch.no_grad():
        model[1].weight.zero_()
        model[1].weight[1].view(5, 6)[3, 4] = 2
        model[1].weight[1].view(5, 6)[0, 0] = -1
    x = torch.ones(2, 1, 5, 6, dtype=torch.float64)
    found = V.occlusion_map(model, x, 1, size=2, stride=2)
    assert found.shape == (2, 5, 6)
    assert found.amax(dim=(1, 2)).allclose(found[:, 3, 4])
    assert found[:, 0, 0].allclose(torch.tensor(-1.0, dtype=found.dtype))
    assert found[:, 2, 0].abs().max() < 1e-12


def test_ascent_reaches_the_optimum_that_is_known(model):
    """Of w . x - l2 |x|^2 the top is w / (2 l2), whatever the start."""
    w = torch.randn(1, 1, 3, 4, generator=torch.Generator().manual_seed(3))
    found = V.ascend(nn.Identity(), lambda x: (w * x).sum(), torch.zeros_like(w), 200, 0.2, l2=0.5, normalise=False)
    torch.testing.assert_close(found.image, w)
    assert found.objective[-1] > found.objective[0] and len(found.objective) == 201


def test_each_regulariser_does_what_it_says(model, x):
    score, start = V.class_score(model, 3), x[:1]
    plain = V.ascend(model, score, start, 30, keep_every=10)
    assert plain.objective[-1] > plain.objective[0]
    assert len(plain.steps) == 4 and torch.equal(plain.steps[-1], plain.image)
    assert V.ascend(model, score, start, 30, l2=1.0).image.norm() < plain.image.norm()
    roughness = V.total_variation(plain.image)
    assert V.total_variation(V.ascend(model, score, start, 30, tv=1.0).image) < roughness
    assert V.total_variation(V.ascend(model, score, start, 30, blur=1.0).image) < roughness
    jittered = [V.ascend(model, score, start, 5, jitter=2, seed=seed).image for seed in (0, 0, 1)]
    torch.testing.assert_close(jittered[0], jittered[1], rtol=0, atol=0)
    assert (jittered[0] - jittered[2]).abs().max() > 1e-6


def test_blur_as_scipy(x):
    from scipy.ndimage import gaussian_filter

    ours = V.blurred(x, 1.2).numpy()
    theirs = gaussian_filter(x.numpy(), (0, 0, 1.2, 1.2), mode="nearest", radius=(0, 0, 4, 4))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_neighbours_and_planes():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(4)
    points = np.concatenate([rng.normal(size=(20, 6)), rng.normal(size=(20, 6)) + 4])
    labels = np.repeat([0, 1], 20)
    distances = np.linalg.norm(points - points[3], axis=1)
    assert V.nearest(points, 3, 5).tolist() == np.argsort(distances)[1:6].tolist()
    assert V.agreement(points, labels, 3) > 0.95 > 0.7 > V.agreement(points, rng.permutation(labels), 3)
    np.testing.assert_allclose(V.embed(points), PCA(2, random_state=0).fit_transform(points))
    tsne = V.embed(points, "tsne", perplexity=8)
    assert tsne.shape == (40, 2) and V.agreement(tsne, labels, 3) > 0.95
    cells = V.grid_places(tsne, 5, 8)
    assert len({tuple(cell) for cell in cells.tolist()}) == 40 and cells.max(axis=0).tolist() == [4, 7]


def test_a_linear_probe_reads_what_is_there():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 200)
    points = rng.normal(size=(200, 4)) + 3 * np.eye(3, 4)[labels]
    assert V.probe(points[:150], labels[:150], points[150:], labels[150:]) > 0.8
    assert V.probe(points[:150, 3:], labels[:150], points[150:, 3:], labels[150:]) < 0.6


def test_filters_in_a_grid():
    rng = np.random.default_rng(6)
    w = rng.normal(size=(5, 3, 2, 4)) * [[[[1]]], [[[9]]], [[[2]]], [[[1]]], [[[0]]]]
    grid = V.filters_to_grid(w, columns=3, gap=2)
    assert grid.shape == (2 * 4 - 2, 3 * 6 - 2, 3)
    for f in range(4):
        cell = grid[f // 3 * 4 : f // 3 * 4 + 2, f % 3 * 6 : f % 3 * 6 + 4]
        expected = (w[f] - w[f].min()) / (w[f].max() - w[f].min())
        np.testing.assert_allclose(cell, expected.transpose(1, 2, 0))
    np.testing.assert_allclose(grid[4:6, 6:10], 0.5)
    np.testing.assert_allclose(grid[:, 4:6], 1)


def test_randomised_layers_go_from_the_last_to_the_first(model, x):
    names, before = [], V.activation_maps(model, "5", x)
    for name, other in V.randomised(model):
        names.append(name)
        same = torch.equal(V.activation_maps(other, "5", x), before)
        assert same == (name == "8"), name
    assert names == ["8", "5", "4.conv2", "4.bn1", "4.conv1", "1", "0"]


def test_deeper_features_can_be_compared(model, x):
    assert V.invariance(model, "5", x, x) == pytest.approx(1.0)
    assert V.invariance(model, "5", x, x.flip(0)) < 0.99


def test_pooled_features_do_not_see_a_roll_and_maps_do():
    x = torch.randn(6, 3, 7, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rolled = x.roll(2, dims=3)
    same = nn.Sequential(nn.Identity())
    assert V.invariance(same, "0", x, rolled) == pytest.approx(1.0)
    one, other = x.flatten(1).numpy(), rolled.flatten(1).numpy()
    middle = np.concatenate([one, other]).mean(axis=0)
    cosine = [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(one - middle, other - middle, strict=True)]
    assert V.invariance(same, "0", x, rolled, pool=False) == pytest.approx(np.mean(cosine), abs=1e-5)


WRONG = [
    (lambda m, x: V.saliency(m, x[0]), ValueError, r"shape \(N, C, H, W\), not \(2, 11, 9\)"),
    (lambda m, x: V.saliency(m, x.numpy()), TypeError, "not ndarray"),
    (lambda m, x: V.saliency(m, x.long()), TypeError, "not torch.int64"),
    (lambda m, x: V.saliency(m, x, 7), ValueError, "no class 7: the model has 7, from 0 on"),
    (lambda m, x: V.saliency(m, x, rule="guide"), ValueError, "one of backprop, deconv, guided, not 'guide'"),
    (lambda m, x: V.saliency(nn.Flatten(), x, rule="guided"), ValueError, "no nn.ReLU"),
    (lambda m, x: V.grad_cam(m, x, "layer4"), ValueError, "no layer 'layer4'; it has 0, 1, 2"),
    (lambda m, x: V.grad_cam(m, x, nn.ReLU()), ValueError, "ReLU is no layer of this model"),
    (lambda m, x: V.grad_cam(m, x, "8"), ValueError, r"one shape \(N, C, H, W\)"),
    (lambda m, x: V.saliency(m[:6], x), ValueError, r"a classifier puts out \(N, classes\)"),
    (lambda m, x: V.project(m, "5", x, 5, 0, 0), ValueError, "channel 5 at .0, 0. is not in maps of 5 x 3 x 3"),
    (lambda m, x: V.receptive_box(m, "5", (C, H, W), 3, 0), ValueError, r"\(3, 0\) is not in maps of 3 x 3"),
    (lambda m, x: V.top_activations(m, "5", [x], 0), ValueError, "k is at least 1, not 0"),
    (lambda m, x: V.top_activations(m, "5", [x], 2, [5]), ValueError, "no channel 5: it has 5"),
    (lambda m, x: V.occlusion_map(m, x, size=10), ValueError, "from 1 to 9"),
    (lambda m, x: V.integrated_gradients(m, x, steps=0), ValueError, "at least 1, not 0"),
    (lambda m, x: V.integrated_gradients(m, x, batch=0), ValueError, "batch is at least 1, not 0"),
    (lambda m, x: V.ascend(m, V.class_score(m, 0), x[:1], lr=-1), ValueError, "lr above 0"),
    (lambda m, x: V.nearest(np.zeros((4, 2)), 0, 4), ValueError, "k from 1 to 3, not 0 and 4"),
    (lambda m, x: V.embed(np.zeros((4, 2)), "mds"), ValueError, "pca, tsne or umap, not 'mds'"),
    (lambda m, x: V.grid_places(np.zeros((7, 2)), 2, 3), ValueError, "7 points do not fit into 2 x 3"),
    (lambda m, x: V.filters_to_grid(np.zeros((4, 2, 3, 3))), ValueError, r"not \(4, 2, 3, 3\)"),
    (lambda m, x: V.features(m, "5", []), ValueError, "no batch"),
]


@pytest.mark.parametrize("use, error, words", WRONG, ids=range(len(WRONG)))
def test_bad_input_is_named(model, x, use, error, words):
    with pytest.raises(error, match=words):
        use(model, x)
