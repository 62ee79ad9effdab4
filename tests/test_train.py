"""The training loop: its parts by their definitions, determinism, and what it says to bad input."""

import json
import math

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from torch import nn

from convbook import data
from convbook.train import Options, fit
from convbook.train.__main__ import main
from convbook.train.batches import Batches, blank_square, loss, reflected
from convbook.train.loop import make_optimizer, moments
from convbook.train.schedule import learning_rate

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def noise(n=11, shape=(3, 6, 9), classes=3, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, *shape)).astype(np.uint8)
    return data.Images(images, np.arange(n) % classes, tuple("abcdefgh"[:classes]))


def small(seed=0, c=1, classes=10, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(c, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(),
        nn.Dropout(dropout), nn.Linear(32, classes),
    )  # fmt: skip


def test_moments_are_those_of_numpy():
    images = noise()
    mean, std = moments(images)
    np.testing.assert_allclose(mean, (images.images / 255).mean((0, 2, 3)), atol=1e-6)
    np.testing.assert_allclose(std, (images.images / 255).std((0, 2, 3)), atol=1e-6)


@pytest.mark.parametrize("channels_last", [False, True])
def test_plain_batches_are_the_normalised_images(channels_last):
    images = noise()
    mean, std = [0.5, 0.4, 0.3], [0.2, 0.3, 0.4]
    found = list(Batches(images, mean, std, CPU, 2, channels_last).plain(4))
    expected = (images.images / 255 - np.array(mean)[:, None, None]) / np.array(std)[:, None, None]
    np.testing.assert_allclose(torch.cat([x for x, _ in found]), expected, atol=1e-5)
    np.testing.assert_array_equal(torch.cat([y for _, y in found]), images.labels)
    assert [len(x) for x, _ in found] == [4, 4, 3]
    assert found[0][0].is_contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)


def test_border_is_numpys_reflection():
    x = np.arange(30).reshape(5, 6)
    expected = np.pad(x, 3, mode="reflect")
    np.testing.assert_array_equal(x[np.ix_(reflected(5, 3, CPU), reflected(6, 3, CPU))], expected)


def test_each_augmented_image_is_a_crop_of_its_own():
    """Found by trying all crops of NumPy's padding; all shifts and both directions occur about equally often."""
    images, pad = noise(7, (2 + 1, 5, 6)), 2
    batches = Batches(images, [0, 0, 0], [1, 1, 1], CPU, pad)
    padded = np.pad(images.images, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="reflect")
    generator, seen = torch.Generator().manual_seed(0), {}
    for _ in range(120):
        for x, labels in batches.shuffled(7, generator, flip=True):
            for pixels, label in zip(np.round(x.numpy() * 255).astype(np.uint8), labels.numpy(), strict=True):
                where = [
                    (n, top, left, mirrored)
                    for n in np.flatnonzero(images.labels == label)
                    for top in range(5) for left in range(5) for mirrored in (1, -1)
                    if (padded[n, :, top : top + 5, left : left + 6][:, :, ::mirrored] == pixels).all()
                ]  # fmt: skip
                assert len(where) == 1
                seen[where[0][1:]] = seen.get(where[0][1:], 0) + 1
    assert len(seen) == 50 and min(seen.values()) > 4 and max(seen.values()) < 40


def test_an_epoch_has_each_image_once():
    images = noise(24)
    batches = Batches(images, [0, 0, 0], [1, 1, 1], CPU)
    epochs = [torch.cat([x for x, _ in batches.shuffled(6, torch.Generator().manual_seed(k))]) for k in (0, 0, 1)]
    assert len({pixels.numpy().tobytes() for pixels in epochs[0]}) == 24
    np.testing.assert_array_equal(epochs[0], epochs[1])
    assert (epochs[0] != epochs[2]).any()
    assert [len(x) for x, _ in batches.shuffled(10, torch.Generator())] == [10, 10]  # whole batches alone
    assert [len(x) for x, _ in batches.shuffled(100, torch.Generator())] == [24]


def test_cutout_blanks_one_square():
    x = torch.ones(500, 3, 9, 12)
    cut = blank_square(x, 4, torch.Generator().manual_seed(0))
    sizes = set()
    for image in cut:
        rows, columns = ((image[0] == 0).any(1 - axis).nonzero().flatten() for axis in (0, 1))
        assert (image == image[0]).all()
        zero = torch.zeros(9, 12, dtype=bool)
        zero[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
        assert ((image[0] == 0) == zero).all()
        sizes.add((len(rows), len(columns)))
    assert max(sizes) == (4, 4) and min(sizes) == (2, 2)  # at the border a part lies outside


def test_label_smoothing_by_hand():
    logits, labels = torch.tensor([[1.0, 2.0, 4.0], [0.5, 0.0, -3.0]]), torch.tensor([2, 0])
    p = logits.double().softmax(1)
    expected = -np.mean([
        sum((0.1 / 3 + 0.9 * (c == label)) * math.log(p[n, c]) for c in range(3)) for n, label in enumerate([2, 0])
    ])  # fmt: skip
    assert abs(loss(logits, labels, 0.1).item() - expected) < 1e-6


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.55])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_learning_rate(schedule, warmup, steps):
    options = Options(lr=0.3, schedule=schedule, warmup=warmup)
    rates = np.array([learning_rate(k, steps, options) for k in range(steps)])
    top = rates.argmax()
    assert (rates > 0).all() and (rates <= 0.3 + 1e-12).all() and rates[top] > 0.3 * (1 - 2 / (steps + 1))
    assert (np.diff(rates[: top + 1]) > 0).all() and (np.diff(rates[top:]) < 0).all()
    assert abs(top + 1 - max(1, warmup * steps)) < 1
    if steps == 100 and warmup == 0.1:
        halfway = learning_rate(54, steps, options)
        assert abs(halfway - 0.15) < 0.005  # both shapes pass through half at half of the way down
        quarter = learning_rate(32, steps, options)
        assert abs(quarter - {"one-cycle": 0.225, "cosine": 0.15 * (1 + math.cos(math.pi / 4))}[schedule]) < 0.005


def test_decay_is_for_weights_alone():
    decay = {id(p): g["weight_decay"] for g in make_optimizer(small(), Options()).param_groups for p in g["params"]}
    net = small()
    decay = {id(p): g["weight_decay"] for g in make_optimizer(net, Options()).param_groups for p in g["params"]}
    assert {name: decay[id(p)] for name, p in net.named_parameters() if decay[id(p)]} == {
        "0.weight": 5e-4, "6.weight": 5e-4
    }  # fmt: skip


OPTIONS = Options(epochs=3, batch=32, lr=0.1, flip=True, pad=1, cutout=2, label_smoothing=0.1)


def digits():
    return data.load("digits").limited(320), data.load("digits", "test").limited(80)


def without_seconds(log):
    return [{key: value for key, value in row.items() if "seconds" not in key} for row in log["epochs"]]


def test_same_seed_same_result():
    logs = []
    for seed in (0, 0, 1):
        net = small(dropout=0.2)
        torch.rand(seed + 5)  # what was drawn elsewhere does not matter
        logs.append((fit(net, *digits(), Options(**OPTIONS.as_dict() | {"seed": seed})), net[0].weight.detach()))
    np.testing.assert_array_equal(logs[0][1], logs[1][1])
    assert without_seconds(logs[0][0]) == without_seconds(logs[1][0])
    assert (logs[0][1] != logs[2][1]).any()


def test_log_and_weights(tmp_path):
    net = small()
    log = fit(net, *digits(), OPTIONS, out=tmp_path / "run", note={"command": "as one does"})
    assert json.loads((tmp_path / "run" / "log.json").read_text()) == log
    assert log["command"] == "as one does" and log["options"]["lr"] == 0.1 and log["versions"]["torch"]
    assert [row["epoch"] for row in log["epochs"]] == [1, 2, 3] and log["seconds"] > 0
    net.eval()
    train, test = digits()
    x = (torch.tensor(test.images) / 255 - log["data"]["mean"][0]) / log["data"]["std"][0]
    accuracy = (net(x).argmax(1).numpy() == test.labels).mean()
    assert abs(accuracy - log["epochs"][-1]["test_accuracy"]) < 1e-6
    for name, value in load_file(tmp_path / "run" / "weights.safetensors").items():
        np.testing.assert_array_equal(value, net.state_dict()[name])
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["checkpoint.pt", "log.json", "weights.safetensors"]


def test_bfloat16_and_channels_last_learn_as_well():
    options = Options(
        **OPTIONS.as_dict() | {"precision": "bfloat16", "channels_last": True, "epochs": 6, "flip": False}
    )
    train, test = data.load("digits"), data.load("digits", "test")
    assert fit(small(), train, test, options)["epochs"][-1]["test_accuracy"] > 0.7


def test_resume_refuses_another_run(tmp_path):
    train, test = digits()
    fit(small(), train, test, OPTIONS, out=tmp_path)
    with pytest.raises(FileExistsError, match="holds a run already"):
        fit(small(), train, test, OPTIONS, out=tmp_path)
    with pytest.raises(ValueError, match="same options: lr was 0.1 and is now 0.2"):
        fit(small(), train, test, Options(**OPTIONS.as_dict() | {"lr": 0.2}), out=tmp_path, resume=True)
    with pytest.raises(ValueError, match="same data: train was"):
        fit(small(), train[1:], test, OPTIONS, out=tmp_path, resume=True)
    with pytest.raises(ValueError, match="same model: initial was"):
        fit(small(seed=1), train, test, OPTIONS, out=tmp_path, resume=True)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    log = fit(small(), train, test, OPTIONS, out=tmp_path, resume=True)  # finished: nothing is left to do
    assert len(log["epochs"]) == 3 and (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_loss_that_explodes_is_told():
    with pytest.raises(ValueError, match="the loss became .* in epoch 1: try a lower lr than 1e"):
        fit(small(), *digits(), Options(lr=1e30, epochs=1))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"epochs": 0}, ValueError, "epochs must be above 0, got 0"),
        ({"epochs": 2.5}, TypeError, "epochs must be of type int, got 2.5"),
        ({"batch": True}, TypeError, "batch must be of type int, got True"),
        ({"lr": "fast"}, TypeError, "lr must be of type float, got 'fast'"),
        ({"lr": float("nan")}, ValueError, "lr must be above 0, got nan"),
        ({"lr": float("inf")}, ValueError, "lr must be above 0, got inf"),
        ({"momentum": 1}, ValueError, "momentum must be at least 0 and below 1, got 1"),
        ({"schedule": "step"}, ValueError, "schedule must be one of cosine, one-cycle, got 'step'"),
        ({"precision": "half"}, ValueError, "precision must be one of"),
        ({"channels_last": 1}, TypeError, "channels_last must be of type"),
    ],
)
def test_bad_options(change, error, words):
    with pytest.raises(error, match=words):
        Options(**change)


def test_bad_data():
    train, test = noise(), noise(seed=1)
    for wrong, words in (
        ((noise(classes=1), test), "at least two classes are needed, got 1: a"),
        ((train, noise(classes=4)), "must have the same classes"),
        ((train, noise(shape=(3, 6, 8))), r"one shape, got \(3, 6, 9\) and \(3, 6, 8\)"),
        ((train[:0], test), "the training set is empty"),
    ):
        with pytest.raises(ValueError, match=words):
            fit(small(c=3, classes=3), *wrong)
    with pytest.raises(ValueError, match="pad must be below 6"):
        fit(small(c=3, classes=3), train, test, Options(pad=6))
    with pytest.raises(ValueError, match="the model does not take images of 3x6x9: .* expected input"):
        fit(small(c=2), train, test)
    with pytest.raises(ValueError, match=r"must give 3 scores an image, one a class, got shape \(1, 5\)"):
        fit(small(c=3, classes=5), train, test)
    with pytest.raises(ValueError, match="no device 'toaster' here"):
        fit(small(c=3, classes=3), train, test, Options(device="toaster"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--model resnet21 --data digits", "no model 'resnet21'"),
        ("--model tiny_net --data cats", "no data set 'cats'"),
        ("--model tiny_net --data {empty}", "has no images: expected CLASS/FILE or train/CLASS/FILE"),
        ("--model lenet5 --data digits --size 20", "the model does not take images of 1x20x20"),
        ("--model tiny_net --data digits --lr fast", "'fast' is not a valid float"),
        ("--model tiny_net --data digits --lr -1", "lr must be above 0, got -1"),
        ("--model tiny_net --data digits --resume", "--resume needs --out"),
        ("--model tiny_net --data digits --device cuda:77", "no device 'cuda:77' here"),
        ("--data digits", "Missing option '--model'"),
    ],
)
def test_command_says_what_is_wrong(arguments, words, tmp_path):
    result = CliRunner().invoke(main, [word.format(empty=tmp_path) for word in arguments.split()])
    assert result.exit_code != 0 and words in result.output and "Traceback" not in result.output


def test_command_with_fewer_smaller_images_in_colour():
    """A model made for three channels gets grey images in three."""
    arguments = "--model squeezenet --data glyphs --limit 40 --size 40 --epochs 1 --batch 20 --lr 0.01 --threads 1"
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 0, result.output
    assert "40 images of 3x40x40 for training, 1000 for testing, 16 classes" in result.output
