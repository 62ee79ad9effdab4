"""What is trained: its parts by their properties, short runs that learn, and the sets that it learns from."""

import io
import json
import math
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch import nn

from convbook import detection as D
from convbook.detection import ops, roi_ops, rpn, scenes, shapes, train, voc
from convbook.detection.backbone import Backbone, SmallBackbone, as_input
from convbook.detection.faster_rcnn import FasterRCNN
from convbook.detection.localiser import Localiser
from convbook.detection.segmentation import Segmenter, mean_iou
from convbook.detection.sliding import WindowClassifier, window_boxes


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


# Drawn pictures.


def test_drawn_pictures_are_those_of_their_seed():
    few, many = (shapes.make_scenes(n, (40, 56), difficulty=0.7, seed=5) for n in (3, 6))
    np.testing.assert_array_equal(few.images, many.images[:3])
    for n in range(3):
        np.testing.assert_array_equal(few.boxes[n], many.boxes[n])
    other = shapes.make_scenes(3, (40, 56), difficulty=0.7, seed=6)
    assert (other.images != few.images).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_boxes_and_masks_are_those_of_the_pixels(difficulty):
    drawn = shapes.make_scenes(30, (48, 72), (2, 5), difficulty=difficulty, seed=1)
    assert {int(label) for labels in drawn.labels for label in labels} == set(range(5))
    for mask, boxes, labels in zip(drawn.masks, drawn.boxes, drawn.labels, strict=True):
        assert 1 <= len(boxes) == len(labels) <= 5
        assert (boxes >= 0).all() and (boxes[:, 2] <= 72).all() and (boxes[:, 3] <= 48).all()
        covered = np.zeros(mask.shape, bool)
        for (x1, y1, x2, y2), label in zip(boxes.astype(int), labels, strict=True):
            assert (mask[y1:y2, x1:x2] == label + 1).any()
            covered[y1:y2, x1:x2] = True
        assert not mask[~covered].any()
        if difficulty == 0 and len(boxes) > 1:  # nothing overlaps: every box is tight
            assert np.triu(D.box_iou(boxes, boxes), 1).max() < 1e-12
            for (x1, y1, x2, y2), label in zip(boxes.astype(int), labels, strict=True):
                part = mask[y1:y2, x1:x2] == label + 1
                assert part.any(0)[[0, -1]].all() and part.any(1)[[0, -1]].all()


def test_harder_pictures_are_noisier():
    noise = [np.abs(np.diff(shapes.make_scenes(8, difficulty=d).images.astype(float))).mean() for d in (0, 0.5, 1)]
    assert noise[0] < noise[1] < noise[2]


def test_empty_pictures_and_empty_sets():
    assert len(shapes.make_scenes(0)) == 0
    empty = shapes.make_scenes(2, objects=(0, 0))
    assert [b.shape for b in empty.boxes] == [(0, 4)] * 2 and not empty.masks.any()
    with pytest.raises(ValueError, match="empty"):
        train.fit("segmentation", nn.Linear(1, 1), shapes.make_scenes(0), seconds=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"difficulty": 2}, "difficulty must be from 0 to 1, got 2"),
        ({"objects": (3, 1)}, "the least and the most"),
        ({"sides": (0.5, 0.2)}, "sides must obey"),
        ({"size": 4}, "size must be an integer of at least 8"),
    ],
)
def test_bad_options_of_the_set(options, message):
    with pytest.raises(ValueError, match=message):
        shapes.make_scenes(1, **options)


def test_turning_left_to_right_turns_the_boxes():
    drawn = shapes.make_scenes(3, (40, 56), (2, 4), seed=2)
    images, boxes, masks = scenes.flipped(drawn.images, drawn.boxes[0], drawn.masks)
    for (x1, y1, x2, y2), label in zip(boxes.astype(int), drawn.labels[0], strict=True):
        assert (masks[0, y1:y2, x1:x2] == label + 1).any(0)[[0, -1]].all()
    again = scenes.flipped(images, boxes, masks)
    np.testing.assert_array_equal(again[0], drawn.images)
    np.testing.assert_allclose(again[1], drawn.boxes[0])


# Photographs.


def annotation(*objects) -> bytes:
    fields = "".join(
        f"<object><name>{name}</name><difficult>{hard}</difficult><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for name, hard, a, b, c, d in objects
    )
    return f"<annotation>{fields}</annotation>".encode()


def layout(split="p1\np2  1\n") -> dict[str, bytes]:
    """A set of two pictures of different sizes: name in the folder and content."""
    files = {"Set/ImageSets/Main/train.txt": split.encode()}
    for name, size in (("p1", (20, 10)), ("p2", (16, 12))):
        data = io.BytesIO()
        Image.fromarray(np.full((size[1], size[0], 3), (200, 100, 0), np.uint8)).save(data, "png")
        files[f"Set/JPEGImages/{name}.png"] = data.getvalue()
    files["Set/Annotations/p1.xml"] = annotation(
        ("dog", 0, 1, 1, 20, 10), ("cat", 1, 5, 3, 8, 99), ("cat", 0, 9, 9, 8, 4)
    )
    files["Set/Annotations/p2.xml"] = annotation()
    return files


@pytest.fixture(params=["folder", "tar"])
def photographs(request, tmp_path):
    """Writes files as a folder or a tar, and returns its path."""

    def write(files):
        if request.param == "folder":
            for name, data in files.items():
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_bytes(data)
            return tmp_path
        with tarfile.open(tmp_path / "set.tar", "w") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return tmp_path / "set.tar"

    return write


def test_voc_counts_pixels_from_one(photographs):
    loaded = voc.load_voc(photographs(layout()), "train", size=(20, 40))
    assert loaded.classes == ("cat", "dog") and loaded.images.shape == (2, 3, 20, 40)
    # the picture whole; then one cut off at the bottom and difficult; the third has no area and is left out
    np.testing.assert_allclose(loaded.boxes[0], [[0, 0, 40, 20], [8, 4, 16, 20]])
    assert loaded.labels[0].tolist() == [1, 0] and loaded.difficult[0].tolist() == [False, True]
    assert loaded.boxes[1].shape == (0, 4)
    np.testing.assert_array_equal(loaded.images[0, :, 5, 5], [200, 100, 0])
    found = [D.Detections(loaded.boxes[0][:1], [0.9], [1]), D.Detections(np.zeros((0, 4)), [], [])]
    assert abs(D.coco_ap(found, loaded.objects())["AP"] - 1) < 1e-12  # the difficult cat need not be found


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"split": "test"}, r"split must be one of \['train'\].*got 'test'"),
        ({}, {}, r"several sizes, \[\(10, 20\), \(12, 16\)\]"),
        ({}, {"classes": ("cat",), "size": (9, 9)}, r"got \['dog'\] in p1"),
        ({"Set/ImageSets/Main/train.txt": b"p7"}, {"size": (9, 9)}, "p7 of split 'train' must have a picture"),
        (
            {"Set/Annotations/p2.xml": b"<a><object><name>x</name></object></a>"},
            {},
            "object 0 of .*p2.xml must have a bndbox",
        ),
    ],
)
def test_what_is_wrong_with_a_set_is_named(photographs, change, options, message):
    with pytest.raises(ValueError, match=message):
        voc.load_voc(photographs(layout() | change), **options)


def test_no_set_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVBOOK_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no data set 'nowhere'.*nowhere.tar"):
        voc.find("nowhere")
    (tmp_path / "junk.tar").write_text("not one")
    with pytest.raises(ValueError, match="neither a folder nor a tar"):
        voc.load_voc(voc.find("junk"))


def test_the_blood_cells():
    if not (Path(os.environ.get("CONVBOOK_DATA", ".")) / "bccd.tar").exists():
        pytest.skip("CONVBOOK_DATA does not name a folder with bccd.tar")
    cells = voc.load_voc(voc.find("bccd"), "val", size=(120, 160))
    assert cells.classes == ("Platelets", "RBC", "WBC") and len(cells) == 87
    counts = np.bincount(np.concatenate(cells.labels), minlength=3)
    assert counts[1] > 5 * counts[0] > 0 and counts[2] > 50
    assert all((b[:, 2:] > b[:, :2]).all() and b.max() <= 160 for b in cells.boxes)


# Backbones and heads.


@pytest.mark.parametrize("stride", [2, 4, 8, 16])
def test_a_backbone_keeps_its_word(stride):
    backbone = SmallBackbone(16, stride, 1).eval()
    assert backbone(torch.zeros(2, 3, 64, 96)).shape == (2, 16, 64 // stride, 96 // stride)
    with pytest.raises(ValueError, match="got 3"):
        SmallBackbone(stride=3)


def test_input_is_checked():
    assert as_input(np.zeros((1, 3, 4, 5), np.uint8)).shape == (1, 3, 4, 5)
    with pytest.raises(ValueError, match="uint8 of shape"):
        as_input(np.zeros((1, 3, 4, 5)))


def test_a_localiser_is_for_one_size_and_its_box_may_be_anything_in_it():
    model = Localiser(SmallBackbone(16, 8, 1), 4, (40, 56))
    with pytest.raises(ValueError, match=r"\(40, 56\).*\(56, 40\)"):
        model(torch.zeros(1, 3, 56, 40))
    _, boxes = model(torch.randn(5, 3, 40, 56))
    assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_two_heads_learn_one_picture_by_heart():
    drawn = shapes.make_scenes(2, (40, 56), (1, 1), (0.4, 0.6), seed=4)
    model = Localiser(SmallBackbone(16, 8, 1), 5, (40, 56))
    train.fit("localiser", model, drawn, seconds=60, steps=150, batch=4, bfloat16=False, say=lambda _: None)
    figures = train.evaluate("localiser", model.train(), drawn)
    assert figures["mean_iou"] > 0.8 and figures["accuracy"] > 0.9


def test_one_by_one_heads_are_one_linear_layer_at_every_cell():
    network = rpn.RPN(6, 4, (8, 16), (0.5, 1, 2), hidden=5)
    features = torch.randn(2, 6, 3, 4)
    objectness, deltas = network(features)
    hidden = torch.relu(network.conv(features)).permute(0, 2, 3, 1)
    for rows, layer, m in ((objectness, network.score, 2), (deltas, network.shift, 4)):
        linear = hidden @ layer.weight[:, :, 0, 0].T + layer.bias
        torch.testing.assert_close(rows, linear.reshape(2, 3 * 4 * 6, m))


def test_sampling_keeps_to_its_share():
    labels = torch.tensor([[1] * 10 + [0] * 40 + [-1] * 30, [1] * 2 + [0] * 8 + [-1] * 70])
    positive, negative = rpn.sample(labels, 16, 0.5)
    assert positive.sum(1).tolist() == [8, 2] and negative.sum(1).tolist() == [8, 8]
    assert (labels[positive] == 1).all() and (labels[negative] == 0).all()
    again = rpn.sample(labels, 16, 0.5)
    assert not torch.equal(again[0], positive) or not torch.equal(again[1], negative)


def test_proposals_are_the_references_way():
    """Decode, clip, order, suppress: the same as with the NumPy references, one image after the other."""
    network = rpn.RPN(6, 4, (8, 16), (0.5, 1, 2))
    anchors = network.anchors(5, 7)
    objectness, deltas = torch.randn(2, len(anchors), 2), torch.randn(2, len(anchors), 4) * 0.3
    boxes, real = network.proposals(objectness, deltas, anchors, (28, 20), before=60, after=12, iou_threshold=0.5)
    assert boxes.shape == (2, 12, 4) and real.shape == (2, 12)
    for n in range(2):
        score = (objectness[n, :, 0] - objectness[n, :, 1]).numpy()
        best = np.argsort(-score, kind="stable")[:60]
        moved = D.clip_boxes(D.decode_boxes(deltas[n].numpy()[best], anchors.numpy()[best]), (28, 20))
        sized = ((moved[:, 2:] - moved[:, :2]) >= 1).all(axis=1)
        kept = D.nms(moved[sized], score[best][sized], 0.5)[:12]
        np.testing.assert_allclose(boxes[n][real[n]], moved[sized][kept], atol=1e-4)


def detector(**options):
    return FasterRCNN(SmallBackbone(16, 4, 1), 3, scales=(10, 20), **options)


def test_losses_of_a_detector_reach_every_parameter():
    model = detector()
    boxes = torch.tensor([[[4.0, 4, 20, 24], [30, 10, 44, 30]], [[10.0, 10, 30, 26], [0, 0, 0, 0]]])
    valid = torch.tensor([[True, True], [True, False]])
    losses = model.loss(torch.randn(2, 3, 40, 56), boxes, torch.tensor([[0, 2], [1, 0]]), valid)
    assert set(losses) == {"rpn score", "rpn box", "class", "box"}
    sum(losses.values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all() and parameter.grad.abs().sum() > 0, (
            name
        )


@pytest.mark.parametrize("most", [0, 2])
def test_pictures_without_objects_are_all_background(most):
    model = detector()
    boxes, valid = torch.zeros(2, most, 4), torch.zeros(2, most, dtype=torch.bool)
    losses = model.loss(torch.randn(2, 3, 40, 56), boxes, torch.zeros(2, most, dtype=torch.long), valid)
    sum(losses.values()).backward()
    assert all(torch.isfinite(value) for value in losses.values())
    assert losses["class"] > 0 and abs(losses["box"].item()) < 1e-12 and abs(losses["rpn box"].item()) < 1e-12


def test_detections_are_inside_sorted_and_apart():
    model = detector().eval()
    with torch.no_grad():
        model.head.score.weight.mul_(30)
    found = model.detect(torch.randn(3, 3, 40, 56), least=0.01, iou_threshold=0.4)
    assert len(found) == 3 and sum(len(d.boxes) for d in found) > 5
    for d in found:
        assert (d.boxes >= 0).all() and (d.boxes[:, 2] <= 56).all() and (d.boxes[:, 3] <= 40).all()
        assert (np.diff(d.scores) <= 0).all() and (d.scores > 0.01).all() and set(d.labels) <= {0, 1, 2}
        kept = D.batched_nms(d.boxes, d.scores, d.labels, 0.4)
        assert len(kept) == len(d.boxes)
    nothing = model.detect(torch.randn(1, 3, 40, 56), least=1.0)[0]
    assert nothing.boxes.shape == (0, 4) and nothing.scores.shape == nothing.labels.shape == (0,)


def test_a_detector_takes_any_backbone():
    body = nn.Sequential(nn.Conv2d(3, 7, 3, 2, 1), nn.ReLU(), nn.Conv2d(7, 9, 3, 4, 1))
    model = FasterRCNN(Backbone(body, 9, 8), 2, scales=(16,)).eval()
    assert model.rpn.k == 3 and len(model.detect(torch.zeros(1, 3, 32, 48))) == 1


def test_a_detector_learns_a_few_pictures_by_heart():
    drawn = shapes.make_scenes(4, (48, 64), (2, 3), (0.3, 0.45), 0.1, seed=9)
    model = FasterRCNN(SmallBackbone(24, 4, 1), 5, scales=(14, 22), proposals=32, samples=32)
    log = train.fit("faster-rcnn", model, drawn, seconds=90, steps=150, batch=4, bfloat16=False, say=lambda _: None)
    assert log[0]["class"] > log[-1]["class"] and log[-1]["step"] == 150
    assert train.evaluate("faster-rcnn", model, drawn)["AP50"] > 0.8


# Windows and pixels.


def test_windows_and_one_convolution_agree():
    model = WindowClassifier(5, width=8).double()
    images = torch.randn(2, 3, 45, 62, dtype=torch.float64)
    dense, each = model.dense(images), model.each(images, batch=11)
    assert dense.shape == each.shape == (2, 6, 6, 10)
    torch.testing.assert_close(dense, each, rtol=0, atol=1e-10)
    boxes = window_boxes((45, 62), model.window, model.stride).int().tolist()
    for k in (0, 13, 59):
        x1, y1, x2, y2 = boxes[k]
        torch.testing.assert_close(model(images[:, :, y1:y2, x1:x2]), dense.flatten(2)[..., k], rtol=0, atol=1e-10)
    with pytest.raises(ValueError, match="windows must have shape"):
        model(images)


def test_a_window_classifier_detects_what_it_has_learned():
    drawn = shapes.make_scenes(6, 64, (1, 2), (0.25, 0.4), 0.0, seed=3)
    model = WindowClassifier(5, width=16)
    train.fit("sliding", model, drawn, seconds=60, steps=150, batch=6, bfloat16=False, say=lambda _: None)
    assert train.evaluate("sliding", model, drawn)["AP50"] > 0.3


def test_a_segmenter_learns_one_picture_by_heart():
    drawn = shapes.make_scenes(2, (41, 56), (2, 3), seed=4)  # stride 4 does not divide 41
    model = Segmenter(SmallBackbone(16, 4, 1), 5)
    train.fit("segmentation", model, drawn, seconds=60, steps=300, batch=2, bfloat16=False, say=lambda _: None)
    figures = train.evaluate("segmentation", model, drawn)
    assert figures["pixel_iou"] > 0.6 and figures["accuracy"] > 0.9


def test_mean_iou_of_pixels():
    rng = np.random.default_rng(0)
    predicted, masks = rng.integers(0, 3, (2, 4, 5)), rng.integers(0, 3, (2, 4, 5))
    expected = np.mean(
        [((predicted == c) & (masks == c)).sum() / ((predicted == c) | (masks == c)).sum() for c in range(3)]
    )
    assert abs(mean_iou(torch.tensor(predicted), torch.tensor(masks), 5) - expected) < 1e-6  # three classes never occur


# The command.


@pytest.mark.parametrize("task", train.TASKS)
def test_the_command_trains_and_saves(task, tmp_path):
    arguments = [
        "--task",
        task,
        "--count",
        "12",
        "--steps",
        "2",
        "--batch",
        "4",
        "--channels",
        "8",
        "--size",
        "40",
        "56",
    ]
    result = CliRunner().invoke(train.main, [*arguments, "--threads", "1", "--save", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    log = json.loads((tmp_path / "run.json").read_text())
    assert (
        log["options"]["task"] == task and log["log"][-1]["step"] == 2 and log["versions"]["torch"] == torch.__version__
    )
    assert all(value is None or math.isfinite(value) for value in log["figures"].values())
    from safetensors.torch import load_file

    model = train.make_model(task, 5, (40, 56), 8)
    model.load_state_dict(load_file(tmp_path / "run.safetensors"))


def test_a_run_repeats():
    drawn = shapes.make_scenes(8, (40, 56), (1, 1), (0.4, 0.6))
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        model = Localiser(SmallBackbone(8, 8, 1), 5, (40, 56))
        train.fit("localiser", model, drawn, seconds=1e9, steps=3, batch=4, say=lambda _: None)
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    torch.testing.assert_close(*weights, rtol=0, atol=0)


# On a GPU, where there is one, everything gives the same.


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_gpu_agrees():
    generator = np.random.default_rng(0)
    corner = generator.uniform(0, 40, (2, 50, 2))
    boxes = torch.tensor(np.concatenate([corner, corner + generator.uniform(1, 20, (2, 50, 2))], axis=2))
    scores, feats = torch.rand(2, 50), torch.randn(2, 3, 9, 11).double()
    for function, arguments in (
        (ops.box_iou, (boxes, boxes)),
        (ops.box_giou, (boxes, boxes)),
        (ops.nms, (boxes[0], scores[0], 0.3)),
        (ops.nms_mask, (boxes, scores, 0.3)),
        (roi_ops.roi_align, (feats, boxes, 3, 0.2)),
        (roi_ops.roi_pool, (feats, boxes, 3, 0.2)),
    ):
        there = function(*(a.cuda() if isinstance(a, torch.Tensor) else a for a in arguments))
        torch.testing.assert_close(there.cpu(), function(*arguments))


# What is trained already and comes with the package.


@pytest.mark.parametrize(
    ("name", "figure", "least"), [("shapes-detector", "AP50", 0.97), ("shapes-localiser", "mean_iou", 0.91)]
)
def test_committed_weights_find_what_their_log_says(name, figure, least):
    from convbook.detection import train
    from convbook.detection.trained import load_trained

    model, record = load_trained(name)
    options = record["options"]
    test = train.shape_sets(options["task"], options["size"], 80, options["difficulty"], options["seed"])[1]
    assert record["figures"][figure] > least and record["seconds"] < 300 and record["log"]
    assert train.evaluate(options["task"], model, test)[figure] == pytest.approx(record["figures"][figure], abs=0.02)


def test_more_proposals_can_go_on_than_in_training():
    model = FasterRCNN(SmallBackbone(16, 4, 1), 3, before=40, proposals=6).eval()
    features = model.backbone(torch.zeros(1, 3, 32, 32))
    assert model.propose(features, (32, 32))[3].shape == (1, 6, 4)
    model.before, model.proposals = 30, 200
    assert model.propose(features, (32, 32))[3].shape == (1, 30, 4)


def test_a_trained_model_that_is_not_there_is_named(tmp_path):
    from convbook.detection.trained import load_trained

    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"no model 'yours' in .*, there are \['mine'\]"):
        load_trained("yours", tmp_path)
    with pytest.raises(ValueError, match="'tiny-digits' is no detector: load_committed"):
        load_trained("tiny-digits")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--task", "nonsense"], "'nonsense' is not one of 'localiser'"),
        (["--minutes", "-1"], "-1.0 is not in the range x>0"),
        (["--batch", "0"], "0 is not in the range x>=1"),
        (["--size", "9", "7"], "Error: size must be an integer of at least 8, got 7"),
        (["--difficulty", "5", "--count", "10"], "Error: difficulty must be from 0 to 1, got 5.0"),
        (["--data", "/nonexistent"], "Error: no data set '/nonexistent'"),
        (["--data", "."], "Error: . has no ImageSets/Main/*.txt: expected the layout of Pascal VOC"),
    ],
)
def test_what_the_command_cannot_do_it_says(tmp_path, monkeypatch, arguments, words):
    from click.testing import CliRunner

    from convbook.detection.train import main

    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, arguments)
    assert words in told.output and told.exit_code in (1, 2) and "Traceback" not in told.output


def test_training_for_no_time_is_refused():
    from convbook.detection import train

    scenes = train.shape_sets("localiser", (32, 32), 2, 0.3, 0)[0]
    with pytest.raises(ValueError, match="seconds must be above 0, got -60"):
        train.fit("localiser", train.make_model("localiser", 5, (32, 32), 8), scenes, seconds=-60)
