"""The net in the page: its arithmetic against PyTorch, its file with every error, and the page that readers see."""

import base64
import json

import numpy as np
import pytest
import torch
from explorable_pages import control_names, document, faintest, in_browser
from torch import nn

from convbook.explorables import Inside
from convbook.explorables.inside import NET, PICTURES
from convbook.explorables.inside_net import read, run
from convbook.explorables.photo import decode
from convbook.export import from_file, main, page_weights
from convbook.models import create
from convbook.models.pretrained import COMMITTED, about, load_committed

KERNELS = "inside_kernels.mjs"
RUN = "kernels.run(kernels.read(argument[0]), argument[1]).map((out) => [...out])"


def refusal(page, net) -> str:
    text = net if isinstance(net, str) else json.dumps(net)
    call = "(() => { try { kernels.read(argument); return ''; } catch (error) { return error.message; } })()"
    return in_browser(page, KERNELS, call, text)


def random_net(rng):
    """A chain of random layers, sizes that do not divide, and the shape of its images."""
    channels, sides = int(rng.choice([1, 3])), [int(rng.integers(9, 21)) for _ in range(2)]
    shape, layers = [channels, *sides], []
    while len(layers) < rng.integers(3, 8):
        c, height, width = shape
        kind = rng.choice(["conv", "relu", "tanh", "max", "avg"])
        if kind == "conv":
            groups = int(rng.choice([g for g in (1, 2, 3) if c % g == 0]))
            filters = groups * int(rng.integers(1, 4))
            kernel, dilation = [int(rng.integers(1, 4)) for _ in range(2)], int(rng.integers(1, 3))
            stride, padding = (int(rng.integers(1, 3)), int(rng.integers(0, 3)))
            if min(height, width) + 2 * padding < 2 * max(kernel):
                continue
            layers.append(nn.Conv2d(c, filters, kernel, stride, padding, dilation, groups, bias=bool(rng.integers(2))))
            if rng.integers(2):
                layers.append(norm := nn.BatchNorm2d(filters))
                for part in (norm.running_mean, norm.bias.data):
                    part.copy_(torch.tensor(rng.normal(size=filters)))
                for part in (norm.running_var, norm.weight.data):
                    part.copy_(torch.tensor(rng.uniform(0.5, 2, filters)))
        elif kind in ("max", "avg") and min(height, width) >= 4:
            kernel, stride = int(rng.integers(2, 4)), int(rng.integers(1, 4))
            padding = {"padding": int(rng.integers(0, 2))} if kind == "max" else {}
            layers.append({"max": nn.MaxPool2d, "avg": nn.AvgPool2d}[kind](kernel, stride, **padding))
        elif kind in ("relu", "tanh"):
            layers.append({"relu": nn.ReLU, "tanh": nn.Tanh}[kind]())
        else:
            continue
        with torch.no_grad():
            shape = list(nn.Sequential(*layers).eval()(torch.zeros(1, channels, *sides)).shape[1:])
    ends = [nn.AdaptiveAvgPool2d(1)] if rng.integers(2) else []
    features = shape[0] if ends else int(np.prod(shape))
    classes = int(rng.integers(2, 6))
    net = nn.Sequential(*layers, nn.Dropout(), *ends, nn.Flatten(), nn.Linear(features, classes)).eval()
    return net, [channels, *sides], classes


# ---- the arithmetic


@pytest.mark.parametrize("seed", range(8))
def test_two_hundred_random_nets_are_torchs(page, seed):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    asked, expected = [], []
    for _ in range(25):
        net, shape, classes = random_net(rng)
        mean, std = rng.uniform(0.1, 0.6, shape[0]), rng.uniform(0.1, 0.6, shape[0])
        text = page_weights(net, shape, mean, std, [f"class {k}" for k in range(classes)], dtype="float32")
        picture = rng.integers(0, 256, shape[1:])
        x = (torch.tensor(picture / 255)[None] - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
        with torch.no_grad():
            expected.append(net.double()(x[None])[0].numpy())
        asked.append([text, picture])
    call = f"argument.map((argument) => {RUN})"
    found = in_browser(page, KERNELS, call, [[text, picture.ravel().tolist()] for text, picture in asked])
    for (text, picture), scores, outputs in zip(asked, expected, found, strict=True):
        # what float32 does to the weights, and no more: NumPy on the same weights agrees to the last digits
        np.testing.assert_allclose(outputs[-1], scores, rtol=2e-5, atol=2e-5)
        for mine, numpys in zip(outputs, run(read(text), picture), strict=True):
            np.testing.assert_allclose(mine, numpys.ravel(), rtol=1e-9, atol=1e-9)


def test_the_books_net_says_what_torch_says(page):
    model, facts = load_committed("tiny-digits").double(), about("tiny-digits")
    for image in PICTURES.values():
        picture = decode(image)
        with torch.no_grad():
            expected = model((torch.tensor(picture / 255)[None, None] - facts["mean"][0]) / facts["std"][0])[0]
        scores = in_browser(page, KERNELS, RUN, [NET, picture.ravel().tolist()])[-1]
        np.testing.assert_allclose(scores, expected, atol=0.02)  # the page's weights are float16
        np.testing.assert_allclose(scores, Inside(image=image).scores, rtol=1e-9)
        assert np.argmax(scores) == int(expected.argmax())


def test_the_parts_add_up_to_the_value(page):
    """Of random values of random nets: the sum over channels and the bias is the output, each term a weight times x."""
    call = """(() => {
      const [text, pixels, draws] = argument, net = kernels.read(text), outputs = kernels.run(net, pixels);
      return net.layers.flatMap((layer, k) => (layer.weight ? draws.map((draw) => {
        const shape = kernels.cube(layer.shape), place = shape.map((most, axis) => Math.floor(draw[axis] * most));
        const parts = kernels.parts(layer, outputs[k], place);
        const value = outputs[k + 1][(place[0] * shape[1] + place[1]) * shape[2] + place[2]];
        return [value, parts.reduce((all, part) => all + part.sum, layer.bias[place[0]]),
                parts.reduce((all, { terms }) => terms.reduce((s, { x, w }) => s + x * w, all), layer.bias[place[0]])];
      }) : []));
    })()"""
    rng = np.random.default_rng(3)
    torch.manual_seed(3)
    for _ in range(20):
        net, shape, _ = random_net(rng)
        argument = [
            page_weights(net, shape),
            rng.integers(0, 256, shape[1] * shape[2]).tolist(),
            rng.random((5, 3)).tolist(),
        ]
        sums = np.array(in_browser(page, KERNELS, call, argument))
        assert len(sums) >= 5
        np.testing.assert_allclose(sums[:, 1:], sums[:, :1].repeat(2, 1), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_numbers_come_back_as_they_were(page, dtype):
    code = {"float16": "<u2", "float32": "<u4"}[dtype]
    bits = np.arange(65536) if dtype == "float16" else np.random.default_rng(0).integers(0, 2**32, 5000)
    numbers = bits.astype(code).view(dtype)
    numbers = numbers[np.isfinite(numbers)]
    text = base64.b64encode(numbers.tobytes()).decode()
    found = in_browser(page, KERNELS, "[...kernels.floats(...argument)]", [text, dtype])
    np.testing.assert_array_equal(np.array(found, float), numbers.astype(float))


def test_resizing_averages_areas(page):
    from PIL import Image

    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (24, 36))
    call = "[...kernels.resize(...argument)]"
    half = in_browser(page, KERNELS, call, [picture.ravel().tolist(), [24, 36], [12, 12]])
    np.testing.assert_allclose(half, picture.reshape(12, 2, 12, 3).mean((1, 3)).ravel(), atol=0.501)
    odd = in_browser(page, KERNELS, call, [picture.ravel().tolist(), [24, 36], [7, 11]])
    box = np.array(Image.fromarray(picture.astype(np.float32)).resize((11, 7), Image.Resampling.BOX))
    assert np.abs(np.array(odd) - box.ravel()).mean() < 12, "Pillow's box filter takes whole pixels"
    assert abs(np.mean(odd) - picture.mean()) < 0.5


# ---- the file


def test_the_committed_file_is_the_committed_weights():
    assert json.loads(from_file(COMMITTED / "tiny-digits.safetensors")) == NET


def test_the_command_writes_a_file(tmp_path, capsys):
    for name in ("tiny-digits.safetensors", "tiny-digits.json"):
        (tmp_path / name).write_bytes((COMMITTED / name).read_bytes())
    main([str(tmp_path / "tiny-digits.safetensors"), str(tmp_path / "out.json"), "--dtype", "float32"])
    net = read((tmp_path / "out.json").read_text())
    assert "78 kB" in capsys.readouterr().out and net["parameters"] == 14378
    state = load_committed("tiny-digits").state_dict()
    np.testing.assert_array_equal(net["layers"][5]["weight"], state["5.weight"].double().numpy())
    (tmp_path / "tiny-digits.json").unlink()
    with pytest.raises(SystemExit):
        main([str(tmp_path / "tiny-digits.safetensors"), str(tmp_path / "out.json")])
    assert "needs tiny-digits.json beside it" in capsys.readouterr().err


def test_lenet_can_be_exported(page):
    torch.manual_seed(0)
    model = create("lenet5").eval()
    text = page_weights(model, (1, 28, 28), dtype="float32")
    picture = decode(PICTURES["a 5"])
    with torch.no_grad():
        expected = model.double()(torch.tensor(picture / 255.0)[None, None])[0]
    scores = in_browser(page, KERNELS, RUN, [text, picture.ravel().tolist()])[-1]
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "model, message",
    [
        (create("resnet20"), "a page runs a chain of layers, an nn.Sequential, and ResNet is none"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU()), "layer '1' is a GELU, which a page cannot run"),
        (nn.Sequential(nn.Conv2d(1, 2, 3, stride=(1, 2))), r"layer '0': stride must be one integer .*, got \(1, 2\)"),
        (nn.Sequential(nn.ReLU(), nn.BatchNorm2d(1)), "layer '1' is a BatchNorm2d that does not follow a convolution"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect")),
            "layer '0': padding mode must be 'zeros'",
        ),
        (nn.Sequential(nn.Flatten(), nn.Linear(100, 2)), r'layer 1 \(linear "1"\): .* takes 100 features, and 81 come'),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3)),
            "the last layer must give 2 scores, one a class, and gives maps of 2 × 7 × 7",
        ),
    ],
)
def test_what_a_page_cannot_run_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        page_weights(model, (1, 9, 9))


def broken():
    """(what is wrong, the message)."""

    def net(change):
        made = json.loads(json.dumps(NET))
        change(made)
        return made

    def layer(index, **values):
        return net(lambda made: made["layers"][index].update(values))

    short = {"shape": [32, 16, 3, 3], "data": NET["layers"][0]["weight"]["data"]}
    infinite = {"shape": [16], "data": base64.b64encode(np.full(16, np.inf, "<f2").tobytes()).decode()}
    return [
        ("[1, 2", "not a net for this page: the file is not JSON"),
        ("[1, 2]", 'format must be "convbook-net 1", got [1, 2]'),
        (net(lambda made: made.update(format="onnx")), 'format must be "convbook-net 1", got "onnx"'),
        (net(lambda made: made.pop("input")), "input must be [1 or 3, height, width], sides from 5 to 64, got null"),
        (net(lambda made: made.update(input=[1, 28, 999])), "sides from 5 to 64, got [1, 28, 999]"),
        (net(lambda made: made.update(mean=[0.1, 0.2])), "mean must hold 1 numbers, got [0.1, 0.2]"),
        (net(lambda made: made.update(std=[0])), "std must not hold 0"),
        (net(lambda made: made.update(dtype="bfloat16")), 'dtype must be one of float16, float32, got "bfloat16"'),
        (net(lambda made: made.update(layers=[])), "a net needs a list of layers"),
        (layer(1, kind="gelu"), "layer 1: kind must be one of conv2d, linear, relu, tanh, "),
        (
            net(lambda made: made["layers"].pop(2)),
            'layer 4 (conv2d "5"): weight of shape [32, 32, 3, 3] takes 32 channels',
        ),
        (layer(2, weight=None), 'layer 2 (conv2d "2"): weight is missing'),
        (layer(2, weight=short), 'layer 2 (conv2d "2"): weight of shape [32, 16, 3, 3] needs 4608 numbers, got 144'),
        (layer(0, bias={"shape": [16], "data": "?"}), 'layer 0 (conv2d "0"): bias is not float16 in base64'),
        (layer(0, bias=infinite), 'layer 0 (conv2d "0"): bias must hold finite numbers'),
        (layer(0, bias=NET["layers"][2]["bias"]), "bias must hold 16 numbers, one an output channel, got shape [32]"),
        (layer(0, stride=0), 'layer 0 (conv2d "0"): stride must be an integer of at least 1, got 0'),
        (layer(0, padding=None), "padding must be an integer of at least 0, got null"),
        (layer(5, groups=5), 'layer 5 (conv2d "5"): groups=5 must divide the 32 channels and the 32 filters'),
        (layer(4, kernel_size=40, padding=0), "a window of 40 × 40 is larger than the padded 28 × 28"),
        (layer(4, padding=2), 'layer 4 (max_pool2d "4"): padding must be at most half of kernel_size, got 2'),
        (net(lambda made: made["layers"].pop(8)), "a flatten is missing"),
        (
            net(lambda made: made["layers"].append(made["layers"][7])),
            "needs maps, and what comes before gives a vector of 10",
        ),
        (net(lambda made: made["layers"].pop(7)), "takes 32 features, and 6272 come"),
        (
            net(lambda made: made["layers"].pop()),
            "the last layer must give 10 scores, one a class, and gives a vector of 32",
        ),
        (net(lambda made: made["classes"].pop()), "the last layer must give 9 scores, one a class"),
        (net(lambda made: made.update(classes=3)), "classes must be a list of names"),
    ]


@pytest.mark.parametrize("net, message", broken())
def test_errors_name_the_layer_in_both_languages(page, net, message):
    with pytest.raises(ValueError) as error:
        read(net)
    assert message in str(error.value)
    assert refusal(page, net) == str(error.value)


def test_a_net_that_is_too_large_is_refused(page):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 64, 7, padding=3), nn.Conv2d(64, 64, 3, padding=1), nn.Flatten(), nn.Linear(64 * 28 * 28, 6)
    )
    with pytest.raises(ValueError, match=r"a page runs at most 300,000 parameters, this net has 341,190"):
        page_weights(net, (1, 28, 28))


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*nets, **options):
        page.set_content(document(*nets, **options))
        page.wait_for_function(f"document.querySelectorAll('.ci-rows').length === {len(nets)}")
        page.locator(".ci-words p").first.wait_for()
        return page

    return show


def verdict(page) -> str:
    return page.locator(".ci-verdict").inner_text()


def words(page) -> str:
    return page.locator(".ci-words").inner_text()


def row(page, title):
    return page.locator(f'.ci-row[aria-label="{title}"] canvas')


def pad(page):
    return page.get_by_role("slider", name="drawing, pixel by pixel")


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_a_recorded_digit_is_read(show):
    page = show(Inside())
    assert verdict(page) == "The net says 3, with 100 %."
    for name in ("a 0", "a 7"):
        page.locator('select[name="picture"]').select_option(name)
        assert verdict(page).startswith(f"The net says {name[2:]}, with ")
    titles = page.locator(".ci-title").all_inner_texts()
    assert [title.split("\n")[0] for title in titles] == [
        *("input", "convolution 1", "ReLU", "convolution 2", "ReLU", "max pool", "convolution 3", "ReLU"),
        *("global average pool", "linear 1"),
    ]
    missed = [name for name in PICTURES if "missed" in name]
    page.locator('select[name="picture"]').select_option(missed[0])
    assert not verdict(page).startswith(f"The net says {missed[0][2]}")


def draw_one(page, x=0.5):
    box = pad(page).bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + 0.8 * box["height"], steps=12)
    page.mouse.up()


def test_drawing_runs_the_net(show):
    page = show(Inside())
    page.get_by_role("button", name="clear").click()
    assert page.locator('select[name="picture"]').input_value() == ""
    empty = page.locator('.ci-row[aria-label="linear 1"] .cb-note').last.inner_text()
    draw_one(page)
    page.wait_for_function("document.querySelector('.ci-verdict').textContent.startsWith('The net says 1')")
    assert page.locator('.ci-row[aria-label="linear 1"] .cb-note').last.inner_text() != empty
    page.get_by_label("drawing with the").select_option("eraser")
    draw_one(page)
    page.wait_for_function(
        "text => document.querySelector('.ci-row[aria-label=\"linear 1\"] .cb-note:last-child').textContent === text",
        arg=empty,
    )


def test_the_drawing_can_be_centred(show):
    page = show(Inside())
    page.get_by_role("button", name="clear").click()
    draw_one(page, 0.2)
    page.get_by_role("button", name="centre").click()
    at = [number(page.locator(".ci-map canvas").get_attribute("aria-valuemax"))]
    assert at
    row(page, "input").click()
    pixels = page.evaluate(
        """() => { const c = document.querySelector('.ci-pad canvas');
        const d = c.getContext('2d').getImageData(0, 0, 28, 28).data;
        return [...Array(784).keys()].map((k) => d[4 * k]); }"""
    )
    mass = np.array(pixels, float).reshape(28, 28)
    assert abs((mass * np.arange(28)).sum() / mass.sum() - 13.5) <= 0.5


def test_a_brush_is_moved_with_keys(show):
    page = show(Inside())
    page.get_by_role("button", name="clear").click()
    brush = pad(page)
    brush.focus()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    assert "brush up at row 6, column 14, pixel 0" in brush.get_attribute("aria-valuetext")
    page.keyboard.press(" ")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    assert "brush down at row 22, column 14, pixel 255" in brush.get_attribute("aria-valuetext")
    page.keyboard.press(" ")
    page.keyboard.press("ArrowLeft")
    assert "brush up at row 22, column 13" in brush.get_attribute("aria-valuetext")
    assert verdict(page).startswith("The net says 1, with ")


def test_a_finger_draws(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(Inside()))
    page.get_by_role("button", name="clear").click()
    box = pad(page).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 4 + 1, box["y"] + box["height"] / 2 + 1)
    page.wait_for_function(
        "document.querySelector('.ci-pad canvas').getAttribute('aria-valuetext').includes('pixel 255')"
    )
    assert "row 14, column 7" in pad(page).get_attribute("aria-valuetext")
    assert pad(page).evaluate("e => getComputedStyle(e).touchAction") == "none"
    context.close()


def test_a_value_tells_its_sum(show):
    """Every layer's value is what NumPy has there, and the sum that is written out is the value."""
    net = Inside.preset("a 5")
    page = show(net)
    cases = {
        "input": 0,
        "convolution 1": 1,
        "convolution 2": 3,
        "max pool": 5,
        "convolution 3": 6,
        "global average pool": 8,
    }
    for title, layer in {**cases, "linear 1": 10}.items():
        canvas = row(page, title)
        box = canvas.bounding_box()
        canvas.click(position={"x": 0.39 * box["width"], "y": 0.44 * box["height"]})
        last = page.locator(".ci-words .cb-sum").last.inner_text()
        place = [int(part) for part in last.split("]")[0].split("[")[1].split(",")]
        expected = net.maps[layer][tuple(place)] if net.maps[layer].ndim == len(place) else None
        assert number(last.split(" = ")[-1]) == pytest.approx(expected, abs=6e-5), title
        if layer in (1, 3, 6):
            first = page.locator(".ci-words .cb-sum").first.inner_text().split(" = ")
            written = first[1] if layer == 1 else first[0].split(": ")[1]
            total = sum(
                np.prod([number(part.strip("() ")) for part in term.replace("bias", "").split("·")])
                for term in written.split(" + ")
            )
            assert total == pytest.approx(number(first[-1]), abs=0.02)


def test_the_sum_over_channels_is_the_value(show):
    net = Inside()
    page = show(net)
    row(page, "convolution 2").click(position={"x": 130, "y": 22})
    last = page.locator(".ci-words .cb-sum").last.inner_text()
    terms = last.split(" = ")[1].replace("bias", "").split(" + ")
    assert 10 < len(terms) <= 17
    assert sum(number(term.strip("() ")) for term in terms) == pytest.approx(number(last.split(" = ")[2]), abs=2e-3)
    page.get_by_role("button", name="channel 9 adds").click()
    assert words(page).startswith("channel 9: ")
    page.keyboard.press("ArrowRight")
    assert words(page).startswith("channel 10: ")
    grids = page.locator(".ci-numbers [role=img]").evaluate_all("all => all.map((e) => e.ariaLabel)")
    assert grids == ["window of 3 × 3 on channel 10", "kernel of 3 × 3", "products of 3 × 3"]


def test_maps_and_values_are_reached_with_keys(show):
    page = show(Inside())
    row(page, "convolution 3").focus()
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("aria-label") == "map, value by value"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.locator(":focus").get_attribute("aria-valuetext").startswith("row 10, column 1: ")
    assert "out[0, 10, 1]" in words(page) or "out[2, 10, 1]" in words(page)
    row(page, "convolution 3").focus()
    page.keyboard.press("ArrowRight")
    assert row(page, "convolution 3").get_attribute("aria-valuetext").startswith(("map 1 of 32", "map 3 of 32"))
    page.keyboard.press("ArrowDown")
    assert row(page, "convolution 3").get_attribute("aria-valuetext").startswith(("map 17 of 32", "map 19 of 32"))


def test_a_class_tells_its_probability(show):
    net = Inside.preset("a 9")
    page = show(net)
    page.locator('[data-class="4"]').click()
    assert "softmax: e to the score" in words(page)
    assert number(words(page).split(" = ")[-1].split(" ")[0]) == pytest.approx(net.probabilities[4], abs=6e-5)
    page.locator('[data-class="4"]').click()
    assert "softmax" not in words(page) and "out[4] = " in words(page)


def upload(page, text, name="mine.json"):
    page.locator('input[type="file"]').set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": text.encode()}
    )


def test_weights_of_ones_own_are_loaded(show):
    torch.manual_seed(1)
    mine = nn.Sequential(
        nn.Conv2d(3, 5, 3, stride=2), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(5 * 49, 4)
    ).eval()
    text = page_weights(mine, (3, 30, 31), [0.1] * 3, [0.5] * 3, ["cat", "dog", "<b>", "emu"], "mine")
    page = show(Inside())
    upload(page, text)
    page.locator('.ci-row[aria-label="tanh"]').wait_for()
    assert page.locator(".ci-class span:first-child").all_inner_texts() == ["cat", "dog", "<b>", "emu"]
    assert "mine: 1,124 parameters" in page.locator(".convbook-widget > .cb-note").inner_text()
    assert "5 × 14 × 15, 3 × 3 kernels, stride 2" in page.locator('.ci-row[aria-label="convolution 1"]').inner_text()
    assert "channel 0: " in words(page), "three input channels"
    page.locator('select[name="picture"]').select_option("a 4")
    page.get_by_role("button", name="back to the first net").click()
    assert verdict(page).startswith("The net says 4")
    assert page.get_by_role("button", name="back to the first net").count() == 0, "hidden"


def test_a_file_that_is_none_is_named_and_loses_nothing(show):
    page = show(Inside())
    alert = page.locator(".convbook-widget > [role=alert]")
    wrong = json.loads(json.dumps(NET))
    wrong["layers"][5]["groups"] = 5
    for text, message in [
        ("nonsense", "mine.json: not a net for this page: the file is not JSON. The net stays tiny-digits."),
        (
            json.dumps(wrong),
            'mine.json: layer 5 (conv2d "5"): groups=5 must divide the 32 channels and the 32 filters.',
        ),
    ]:
        upload(page, text)
        page.wait_for_function("document.querySelector('.convbook-widget > [role=alert]').textContent !== ''")
        page.wait_for_timeout(100)
        assert message in alert.inner_text()
        assert verdict(page) == "The net says 3, with 100 %."
    upload(page, json.dumps({**NET, "name": "again"}))
    page.wait_for_function("document.querySelector('.convbook-widget > [role=alert]').textContent === ''")


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Inside(), Inside.preset("a 8"))
    page.locator("figure").first.locator('select[name="picture"]').select_option("a 1")
    assert [text[:14] for text in page.locator(".ci-verdict").all_inner_texts()] == ["The net says 1", "The net says 8"]


def test_every_control_has_a_name(show):
    page = show(Inside())
    row(page, "convolution 2").click(position={"x": 130, "y": 22})
    assert all(control_names(page))


@pytest.mark.parametrize("width", [390, 360])
def test_small_screens_scroll_in_one_direction(show, width):
    page = show(Inside())
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.ci-rows').clientWidth < {width}")
    page.wait_for_timeout(100)
    for title in ("convolution 1", "convolution 3", "max pool", "global average pool", "linear 1"):
        row(page, title).click(position={"x": 30, "y": 5})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        tile = row(page, "convolution 3").bounding_box()["width"] / 8
        assert tile >= 36, "a map that a finger meets"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(Inside(), theme=theme)
    row(page, "convolution 2").click(position={"x": 130, "y": 22})
    upload(page, "nonsense")
    page.wait_for_function("document.querySelector('.convbook-widget > [role=alert]').textContent !== ''")
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Inside()), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    assert verdict(page) == "The net says 3, with 100 %."
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_maps_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(Inside()))
    text = page.locator("figure").inner_text()
    assert "A net of 10 layers looks at this picture and says 3, with 100.0 %." in text
    assert page.locator("img").count() == 5 and page.locator("tbody tr").count() == 10
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
