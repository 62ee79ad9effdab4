"""The three rules in the page, on numbers and through a net, against convbook.visualize; and the page readers see."""

import numpy as np
import pytest
import torch
from explorable_pages import control_names, document, faintest, in_browser
from test_explorables_inside import random_net
from torch import nn

from convbook.explorables import ReluRules
from convbook.explorables.inside import NET, PICTURES
from convbook.explorables.inside_net import read
from convbook.explorables.photo import decode
from convbook.explorables.relu_rules import PRESETS, RULES
from convbook.export import page_weights
from convbook.models import tiny_net
from convbook.visualize import gradient, relu_backward

KERNELS = "relu_rules_kernels.mjs"


def through_the_page(page, net, picture, which, rule):
    """The gradient as the page has it, and what passed each ReLU."""
    from convbook.explorables.base import data_url
    from convbook.explorables.linking import module

    return page.evaluate(
        """async ([inside, rules, net, pixels, which, rule]) => {
          const { read, run } = await import(inside), { gradient } = await import(rules);
          const made = read(net), { signal, gates } = gradient(made, run(made, pixels), which, rule);
          return [[...signal], gates];
        }""",
        [data_url(module("inside_kernels.mjs")), data_url(module(KERNELS)), net, picture.ravel().tolist(), which, rule],
    )


def normalised(net, picture) -> torch.Tensor:
    mean, std = (torch.tensor(net[key], dtype=torch.float64)[:, None, None] for key in ("mean", "std"))
    return ((torch.tensor(picture / 255.0)[None] - mean) / std)[None]


# ---- the arithmetic


def test_rules_are_visualizes(page):
    rng = np.random.default_rng(7)
    for _ in range(20):
        x, dout = (rng.integers(-3, 4, 17).astype(float) for _ in range(2))
        for rule in RULES:
            found = in_browser(page, KERNELS, "kernels.reluBackward(...argument)", [dout.tolist(), x.tolist(), rule])
            expected = relu_backward(torch.tensor(dout), torch.tensor(x), rule)
            np.testing.assert_allclose(found, expected)
            np.testing.assert_allclose(ReluRules(x=[x[:5]], dout=[dout[:5]]).arriving(rule)[0], expected[:5])


@pytest.mark.parametrize("rule", RULES)
def test_the_books_net_has_visualizes_gradient(page, rule):
    model = tiny_net().double()
    layers = read(NET)["layers"]
    for part, layer in zip(model, layers, strict=True):
        if "weight" in layer:
            part.weight.data, part.bias.data = torch.tensor(layer["weight"]), torch.tensor(layer["bias"])
    for name in ("a 3", "a 8"):
        # Where the paper is blank, values in a pooling's window are equal but for their rounding, which is the
        # processor's: noise makes one of them the largest.
        noise = np.random.default_rng(4).integers(0, 64, (28, 28))
        picture = decode(PICTURES[name]).astype(int) * 3 // 4 + noise
        expected = gradient(model, normalised(NET, picture), 8, rule)[0, 0].numpy()
        signal, gates = through_the_page(page, NET, picture, 8, rule)
        np.testing.assert_allclose(np.reshape(signal, (28, 28)), expected, rtol=1e-7, atol=1e-10)
        assert np.abs(expected).max() > 1e-3
        assert [gate["all"] for gate in gates] == [16 * 784, 32 * 784, 32 * 196]


@pytest.mark.parametrize("seed", range(3))
def test_random_nets_have_visualizes_gradient(page, seed):
    """Other layers, strides and groups: read back from the file, so that both use the same weights."""
    rng = np.random.default_rng(100 + seed)
    torch.manual_seed(seed)
    done = 0
    while done < 8:
        net, shape, classes = random_net(rng)
        if not any(isinstance(layer, nn.ReLU) for layer in net) or any(isinstance(p, nn.BatchNorm2d) for p in net):
            continue
        text = page_weights(net, shape, dtype="float32")
        picture, which = rng.integers(0, 256, shape[1:]), int(rng.integers(classes))
        x = normalised(read(text), picture)
        for rule in RULES:
            expected = gradient(net.double(), x, which, rule)[0].numpy()
            signal, _ = through_the_page(page, text, picture, which, rule)
            np.testing.assert_allclose(signal, expected.ravel(), rtol=1e-6, atol=1e-8)
        done += 1


# ---- Python's side


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"x": [[1, 2]]}, "give x and dout together, or neither"),
        ({"x": [[1, 2]], "dout": [[1], [2]]}, r"x and dout must have one shape, got \(1, 2\) and \(2, 1\)"),
        ({"x": [1, 2], "dout": [1, 2]}, "x must have shape"),
        ({"x": [[1, np.nan]], "dout": [[1, 2]]}, "x must hold finite numbers, got nan"),
        ({"x": np.ones((6, 2)), "dout": np.ones((6, 2))}, "rows must be at most 5 in this explorable, got 6"),
        ({"digit": "a 10"}, "digit must be one of .*, got 'a 10'"),
    ],
)
def test_nonsense_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ReluRules(**settings)


def test_of_the_four_cases_guided_backprop_keeps_one():
    rules = ReluRules.preset("the four cases")
    assert [np.count_nonzero(rules.arriving(rule)) for rule in RULES] == [2, 2, 1]
    with pytest.raises(ValueError, match="the rule is one of backprop, deconv, guided, not 'relu'"):
        rules.arriving("relu")


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*rules, **options):
        page.set_content(document(*rules, **options))
        page.wait_for_function(f"document.querySelectorAll('.rr-table').length === {len(rules)}")
        return page

    return show


def grid(page, name) -> list[list[float]]:
    cells = page.locator(f'[data-stage="{name}"] [data-place]').evaluate_all(
        "all => all.map(({ dataset, firstChild: e }) => [JSON.parse(dataset.place), e.value ?? e.textContent])"
    )
    rows = max(place[0] for place, _ in cells) + 1
    return np.array([float(text.replace("−", "-")) for _, text in cells]).reshape(rows, -1).tolist()


def words(page) -> str:
    return page.locator(".rr-words").inner_text()


def entry(page, name, i, j):
    return page.get_by_label(f"{name}, row {i}, column {j}", exact=True)


@pytest.mark.parametrize("preset", PRESETS)
def test_grids_are_what_python_has(show, preset):
    rules = ReluRules.preset(preset)
    page = show(rules)
    assert grid(page, "x") == rules.x and grid(page, "dout") == rules.dout
    assert grid(page, "forward") == np.maximum(0, rules.x).tolist()
    for rule in RULES:
        assert grid(page, rule) == rules.arriving(rule).tolist()
    assert page.get_by_label("numbers").input_value() == preset


def test_numbers_are_edited(show):
    page = show(ReluRules.preset("the four cases"))
    control = entry(page, "x", 0, 1)
    control.fill("0,5")
    control.press("Enter")
    assert grid(page, "forward")[0] == [2, 0.5] and grid(page, "backprop")[0] == [5, 4]
    assert grid(page, "guided") == [[5, 4], [0, 0]]
    assert page.get_by_label("numbers").input_value() == ""
    control = entry(page, "dout", 1, 0)
    control.fill("7")
    control.press("Enter")
    assert grid(page, "deconv")[1] == [7, 0]


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(ReluRules.preset("the four cases"))
    control = entry(page, "dout", 1, 0)
    control.fill("much")
    control.press("Enter")
    complaint = page.locator(".convbook-widget > [role=alert]")
    assert complaint.inner_text() == "“much” is not a number: dout, row 1, column 0 stays −5."
    assert control.get_attribute("aria-invalid") == "true" and grid(page, "backprop")[1] == [-5, 0]
    control.press("Escape")
    assert control.input_value() == "−5" and complaint.inner_text() == ""


def test_a_place_is_told(show):
    page = show(ReluRules.preset("the four cases"))
    for place, lines in {
        (0, 0): ["x > 0, so 5 passes", "dout > 0, so 5 passes", "x > 0 and dout > 0, so 5 passes"],
        (0, 1): ["x ≤ 0, so 0 arrives", "dout > 0, so 4 passes", "x ≤ 0, so 0 arrives"],
        (1, 0): ["x > 0, so −5 passes", "dout ≤ 0, so 0 arrives", "dout ≤ 0, so 0 arrives"],
        (1, 1): ["x ≤ 0, so 0 arrives", "dout ≤ 0, so 0 arrives", "x ≤ 0, so 0 arrives"],
    }.items():
        page.locator(f'[data-stage="guided"] [data-place="[{place[0]},{place[1]}]"]').hover()
        told = words(page).split("\n")
        assert told[0].startswith(f"row {place[0]}, column {place[1]}: ")
        assert [line.split(": ")[1] for line in told if " so " in line] == lines
        assert page.locator(".rr-met").count() == 6


def test_keys_walk_over_the_results(show):
    page = show(ReluRules.preset("the four cases"))
    page.locator('[data-stage="backprop"] [data-place="[0,0]"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert words(page).startswith("row 1, column 1: ")
    assert page.locator(":focus").get_attribute("aria-label") == "backprop, row 1, column 1: 0, stopped"


def test_a_finger_chooses(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(ReluRules()))
    page.locator('[data-stage="deconv"] [data-place="[2,1]"]').tap()
    assert words(page).startswith("row 2, column 1: forward max(0, 3) = 3, and dout = 8 comes back")
    context.close()


def test_digits_and_classes_are_chosen(show):
    page = show(ReluRules())
    assert page.locator(".rr-verdict").inner_text() == "The score of 3 is 19.3492, its probability 1."
    look = "() => [...document.querySelectorAll('.rr-look canvas')].map((e) => e.toDataURL())"
    before = page.evaluate(look)
    page.locator('select[name="score"]').select_option("5")
    assert page.locator(".rr-verdict").inner_text().startswith("The score of 5 is ")
    after = page.evaluate(look)
    assert before[0] == after[0] and all(one != other for one, other in zip(before[1:], after[1:], strict=True))
    page.locator('select[name="digit"]').select_option("a 7")
    assert page.evaluate(look)[0] != after[0]
    rows = page.locator(".rr-table tbody tr").all_inner_texts()
    assert [row.split()[2] for row in rows] == ["12544", "25088", "6272"]


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(ReluRules(), ReluRules.preset("the four cases"))
    page.locator("figure").first.locator('select[name="digit"]').select_option("a 1")
    assert [text[:14] for text in page.locator(".rr-verdict").all_inner_texts()] == ["The score of 1", "The score of 3"]


def test_every_control_has_a_name(show):
    page = show(ReluRules())
    assert all(control_names(page))


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("preset", PRESETS)
def test_small_screens_scroll_in_one_direction(show, preset, width):
    page = show(ReluRules.preset(preset))
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.rr-grids').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(ReluRules(), theme=theme)
    control = entry(page, "x", 0, 0)
    control.fill("x")
    control.press("Enter")
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(ReluRules()), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    assert page.locator(".rr-verdict").inner_text().startswith("The score of 3")
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_values_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(ReluRules()))
    captions = page.locator("caption").all_inner_texts()
    assert captions[-1] == "guided backprop: passes where both are" and len(captions) == 6
    assert page.locator("td").all_inner_texts()[-2:] == ["7", "0"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
