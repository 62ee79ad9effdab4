"""The ResNet builder explorable: its counts against the models and torch's own counter, and the page readers see."""

import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook.explorables import ResnetBuilder
from convbook.explorables.resnet_builder import NAMED, PRESETS

KERNELS = "resnet_builder_kernels.mjs"
PUBLISHED = {  # parameters, receptive field
    "ResNet-18": (11_689_512, 435),
    "ResNet-34": (21_797_672, 899),
    "ResNet-50": (25_557_032, 427),
    "ResNet-101": (44_549_160, 971),
    "ResNet-152": (60_192_808, 1451),
}


# ---- the arithmetic


def random_nets(count: int) -> list[dict]:
    rng = np.random.default_rng(18)
    return [
        {
            "block": str(rng.choice(["basic", "bottleneck"])),
            "blocks": rng.integers(1, 5, 4).tolist(),
            "width": int(rng.integers(1, 129)),
            "size": int(rng.integers(1, 400)),
            "stride_in_3x3": bool(rng.integers(2)),
            "classes": int(rng.integers(1, 2000)),
        }
        for _ in range(count)
    ]


def built(block, blocks, width, size, stride_in_3x3, classes):
    """The same net in plain torch, written apart from the book's models, without data."""
    import torch
    from torch import nn

    def conv(c, f, k, s):
        return nn.Sequential(nn.Conv2d(c, f, k, s, k // 2, bias=False), nn.BatchNorm2d(f))

    class Block(nn.Module):
        def __init__(self, c, w, s):
            super().__init__()
            if block == "basic":
                f, layers = w, [conv(c, w, 3, s), conv(w, w, 3, 1)]
            else:
                f, a, b = 4 * w, *((1, s) if stride_in_3x3 else (s, 1))
                layers = [conv(c, w, 1, a), conv(w, w, 3, b), conv(w, f, 1, 1)]
            self.way, self.c_out = nn.Sequential(*layers), f
            self.side = conv(c, f, 1, s) if s > 1 or c != f else nn.Identity()

        def forward(self, x):
            return self.way(x) + self.side(x)

    with torch.device("meta"):
        layers, c = [conv(3, width, 7, 2), nn.MaxPool2d(3, 2, 1)], width
        for stage, count in enumerate(blocks):
            for k in range(count):
                layers.append(Block(c, width * 2**stage, 2 if stage and not k else 1))
                c = layers[-1].c_out
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, classes)]
        return nn.Sequential(*layers).eval()


def test_counts_are_torchs_on_200_random_nets(page):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    nets = random_nets(200)
    for net, rows in zip(nets, in_browser(page, KERNELS, "argument.map(kernels.rows)", nets), strict=True):
        model = built(**net)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.zeros(1, 3, net["size"], net["size"], device="meta"))
        mine = ResnetBuilder(**net)
        parameters, flops = sum(each.numel() for each in model.parameters()), counter.get_total_flops()
        assert [sum(row["parameters"] for row in rows), 2 * sum(row["macs"] for row in rows)] == [parameters, flops], (
            net
        )
        assert [mine.parameters, 2 * mine.macs] == [parameters, flops], net
        assert [{k: v for k, v in row.items() if k != "parts"} for row in rows] == mine.rows


def test_counts_are_those_of_the_books_models(page):
    import torch

    from convbook.models import counting
    from convbook.models.resnet import BLOCKS, ResNet

    nets = random_nets(200)
    for net, rows in zip(nets, in_browser(page, KERNELS, "argument.map(kernels.rows)", nets), strict=True):
        options = {"stride_in_3x3": net["stride_in_3x3"]} if net["block"] == "bottleneck" else {}
        widths = [net["width"] * 2**stage for stage in range(4)]
        with torch.device("meta"):
            model = ResNet(BLOCKS[net["block"]], net["blocks"], widths, net["classes"], **options)
        expected = [counting.count_parameters(model), counting.count_macs(model, net["size"])]
        assert [sum(row[key] for row in rows) for key in ("parameters", "macs")] == expected, net


def test_receptive_fields_are_where_gradients_reach():
    """On nets small enough: an impulse of gradient at one output of a stage, all weights one, reaches the field."""
    import torch

    for net in [
        {"block": "basic", "blocks": [1, 2, 1, 1], "stride_in_3x3": True},
        {"block": "bottleneck", "blocks": [2, 1, 1, 1], "stride_in_3x3": False},
        {"block": "bottleneck", "blocks": [1, 2, 1, 1], "stride_in_3x3": True},
    ]:
        net |= {"width": 1, "size": 224, "classes": 2}
        rows = ResnetBuilder(**net).rows
        # torch's max-pool passes gradient to one input only; its mean reads the same window.
        model = built(**net).to_empty(device="cpu")
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            torch.nn.init.ones_(value) if value.is_floating_point() else value.zero_()
            if "running_mean" in name or name.endswith("1.bias"):
                torch.nn.init.zeros_(value)
        model[1] = torch.nn.AvgPool2d(3, 2, 1)
        layers, stop = list(model), 2
        for stage in range(2):
            stop += net["blocks"][stage]
            x = torch.zeros(1, 3, 224, 224, dtype=torch.float64, requires_grad=True)
            out = torch.nn.Sequential(*layers[:stop]).double()(x)
            out[0, 0, out.shape[2] // 2, out.shape[3] // 2].backward()
            reached = (x.grad[0, 0].abs().sum(0) > 0).sum().item()
            assert reached == rows[2 + stage]["field"], (net, stage)


def test_the_named_nets_are_the_published_ones(page):
    for name, (parameters, field) in PUBLISHED.items():
        net = ResnetBuilder.preset(name)
        assert (net.parameters, net.rows[5]["field"], net.depth) == (parameters, field, int(name[7:]))
        assert [row["side"] for row in net.rows] == [112, 56, 56, 28, 14, 7, 1]
        assert in_browser(page, KERNELS, "kernels.depth(argument)", PRESETS[name]) == net.depth
    gigas = [ResnetBuilder.preset(name).macs / 1e9 for name in PUBLISHED]
    np.testing.assert_allclose(gigas, [1.814, 3.664, 4.089, 7.801, 11.514], atol=5e-4)
    np.testing.assert_allclose(ResnetBuilder.preset("ResNet-50, stride as in the paper").macs / 1e9, 3.858, atol=5e-4)


def test_the_nearest_net_is_pythons(page):
    nets = random_nets(40)
    nearest = in_browser(page, KERNELS, "argument.map(kernels.nearest)", nets)
    assert [each["name"] for each in nearest] == [ResnetBuilder(**net).nearest for net in nets]
    for name, net in NAMED.items():
        assert ResnetBuilder(**net).nearest == name
    double = in_browser(
        page, KERNELS, "kernels.nearest(argument)", {**PRESETS["ResNet-18"], "classes": 1000, "width": 128}
    )
    assert not double["isSame"] and double["parameters"] > 1


# ---- Python's side


def test_nets_are_checked_where_they_are_made():
    for wrong, message in [
        ({"blocks": [3, 4, 6]}, "blocks must be four numbers, one a stage, got [3, 4, 6]"),
        ({"blocks": 3}, "blocks must be four numbers, one a stage, got 3"),
        ({"blocks": [3, 0, 6, 3]}, "blocks must be an integer of at least 1, got 0"),
        ({"blocks": [3, 51, 6, 3]}, "blocks must be at most 50 in this explorable, got 51"),
        ({"block": "dense"}, "block must be one of ['basic', 'bottleneck'], got 'dense'"),
        ({"width": 0}, "width must be an integer of at least 1, got 0"),
        ({"size": 2000}, "size must be at most 1024 in this explorable, got 2000"),
        ({"classes": 1.5}, "classes must be an integer of at least 1, got 1.5"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            ResnetBuilder(**wrong)
    net = ResnetBuilder()
    with pytest.raises(ValueError, match="blocks must be at most 50 in this explorable, got 99"):
        net.blocks = [1, 99, 1, 1]
    with pytest.raises(ValueError, match="preset must be one of"):
        ResnetBuilder.preset("ResNet-20")


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*nets, **options):
        page.set_content(document(*nets, **options))
        page.wait_for_function(f"document.querySelectorAll('.rb-blocks').length === {len(nets)}")
        return page

    return show


def line(page, k):
    return page.locator(f"tr[data-row='{k}']")


def shown(page, k) -> list[str]:
    return line(page, k).locator("th, td").all_inner_texts()


def setting(page, name, value):
    control = page.locator(f'input[name="{name}"]')
    control.fill(value)
    control.press("Enter")
    return control


def complaint(page) -> str:
    return page.locator(".convbook-widget > [role=alert]").inner_text()


def about(page) -> list[str]:
    return page.locator(".rb-about p").all_inner_texts()


def test_every_preset_shows_pythons_table(show):
    for name in PRESETS:
        net = ResnetBuilder.preset(name)
        page = show(net)
        assert page.get_by_label("example").input_value() == name
        for k, row in enumerate(net.rows):
            cells = [
                row["side"],
                row["channels"],
                row["blocks"] or "",
                row["parameters"],
                row["macs"],
                row["field"] or "all",
            ]
            expected = [f"{cell:,}" if isinstance(cell, int) else cell for cell in cells]
            assert shown(page, k) == [row["name"], *expected]
        total = page.locator("tfoot").inner_text().split()
        assert total == ["total", str(sum(net.blocks)), f"{net.parameters:,}", f"{net.macs:,}"]


def test_the_depth_and_the_name_are_told(show):
    page = show(ResnetBuilder.preset("ResNet-34"))
    assert about(page)[0] == "depth 2 · (3 + 4 + 6 + 3) + 2 = 34 (16 blocks of 2, the stem and the head)"
    assert about(page)[1] == "21,797,672 parameters, 3,663,761,408 multiply-adds (MACs), that is 7.33 GFLOP"
    assert about(page)[2] == "ResNet-34: basic blocks, 3, 4, 6, 3, width 64."
    setting(page, "stage 3", "8")
    assert "= 38 (18 blocks" in about(page)[0] and page.get_by_label("example").input_value() == ""
    assert about(page)[2].startswith("Nearest in parameters and multiply-adds: ResNet-50; this one has 0.945 × its")
    page.locator('[name="block"]').select_option("bottleneck")
    assert about(page)[0].startswith("depth 3 · (3 + 4 + 8 + 3) + 2 = 56")
    page.get_by_label("example").select_option("ResNet-152")
    assert about(page)[2].startswith("ResNet-152:") and shown(page, 4)[3] == "36"


def test_the_stride_has_two_places(show):
    page = show(ResnetBuilder.preset("ResNet-50"))
    page.get_by_label("stride of a bottleneck").select_option("in the first 1×1 (paper)")
    assert "3,857,973,248 multiply-adds" in about(page)[1] and "25,557,032 parameters" in about(page)[1]
    assert shown(page, 5)[-1] == "483"
    page.locator('[name="block"]').select_option("basic")
    assert page.get_by_label("stride of a bottleneck").is_disabled()


def test_a_stage_is_taken_apart(show):
    page = show(ResnetBuilder.preset("ResNet-50"))
    line(page, 3).click()
    details = page.locator(".rb-details")
    assert "stage 2: 512 channels of 28 × 28" in details.inner_text()
    assert "Together 379,392 + 3 · 280,064 = 1,219,584 parameters." in details.inner_text()
    names = details.locator("tbody th").all_inner_texts()
    first = [
        "1×1, 256 → 128",
        "3×3, 128 → 128, stride 2",
        "1×1, 128 → 512",
        "shortcut 1×1, 256 → 512, stride 2",
        "block 1",
    ]
    assert names == [*first, "1×1, 512 → 128", "3×3, 128 → 128", "1×1, 128 → 512", "each of blocks 2 to 4"]
    line(page, 6).click()
    assert "2,048 · 1,000 weights and 1,000 biases = 2,049,000 parameters" in details.inner_text()
    line(page, 1).click()
    assert "no parameters" in details.inner_text()


def test_the_picture_has_a_box_a_block(show):
    page = show(ResnetBuilder.preset("ResNet-34"))
    counts = [page.locator(f".rb-blocks [data-row='{k}'] .rb-box").count() for k in range(7)]
    assert counts == [1, 1, 3, 4, 6, 3, 1]
    assert page.locator(".rb-skip").count() == 16 and page.locator(".rb-projected").count() == 3
    boxes = page.locator(".rb-blocks .rb-box")
    heights = [float(each.get_attribute("height")) for each in boxes.all()]
    np.testing.assert_allclose(heights[:3], [112, 56, 56])
    for name in ("parameters", "macs"):
        widths = page.locator(".rb-shares").nth(int(name == "macs")).locator("rect")
        wide = np.array([float(each.get_attribute("width")) for each in widths.all()])
        costs = np.array([row[name] for row in ResnetBuilder.preset("ResNet-34").rows])
        np.testing.assert_allclose(wide / wide.sum(), costs / costs.sum(), atol=1e-3)


def test_keys_walk_over_the_rows(show):
    page = show(ResnetBuilder())
    line(page, 0).focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert line(page, 3).get_attribute("aria-selected") == "true"
    assert page.locator(":focus").get_attribute("data-row") == "3"
    assert page.locator(".rb-table [tabindex='0']").count() == 1, "one tab stop"
    assert page.locator(".rb-details").inner_text().startswith("stage 2")


def test_fingers_choose_and_a_mouse_points(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(ResnetBuilder()))
    page.wait_for_selector(".rb-blocks")
    page.locator(".rb-blocks [data-row='4'] .rb-ground").tap()
    assert page.locator(".rb-details").inner_text().startswith("stage 3")
    page.locator(".rb-shares [data-row='5']").first.hover()
    assert page.locator(".rb-details").inner_text().startswith("stage 4")
    page.get_by_label("example").hover()
    assert page.locator(".rb-details").inner_text().startswith("stage 3"), "the place stays"
    context.close()


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(ResnetBuilder())
    before = page.locator(".rb-table").first.inner_text()
    for name, value, message in [
        ("stage 1", "0", "stage 1 must be an integer of at least 1, got 0"),
        ("stage 4", "51", "stage 4 must be at most 50 in this explorable, got 51"),
        ("width", "257", "width must be at most 256 in this explorable, got 257"),
        ("input side", "", "input side must be an integer of at least 1, got nan"),
        ("classes", "2.5", "classes must be an integer of at least 1, got 2.5"),
    ]:
        control = page.locator(f'input[name="{name}"]')
        old = control.input_value()
        setting(page, name, value)
        assert complaint(page) == message and control.get_attribute("aria-invalid") == "true"
        assert page.locator(".rb-table").first.inner_text() == before
        setting(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None


def test_leaving_a_field_for_a_row_goes_there(show):
    page = show(ResnetBuilder())
    page.locator('input[name="stage 3"]').fill("9")
    line(page, 4).click()
    assert shown(page, 4)[3] == "9" and line(page, 4).get_attribute("aria-selected") == "true"
    assert page.locator(".rb-details").inner_text().startswith("stage 3")


def test_every_control_has_a_name(show):
    page = show(ResnetBuilder())
    assert all(control_names(page))


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("preset", [*PRESETS, "the largest"])
def test_small_screens_scroll_in_one_direction(show, preset, width):
    largest = {"blocks": [50] * 4, "width": 256, "size": 1024, "classes": 100_000}
    page = show(ResnetBuilder(**largest) if preset == "the largest" else ResnetBuilder.preset(preset))
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.rb-blocks').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(ResnetBuilder(), theme=theme)
    setting(page, "width", "0")
    assert complaint(page)
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(ResnetBuilder()), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    setting(page, "stage 3", "23")
    assert about(page)[2].startswith("ResNet-101:")
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_table_is_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(ResnetBuilder()))
    text = page.locator("figure").inner_text()
    assert "A ResNet of bottleneck blocks, stride in the 3×3, 3, 4, 6, 3 in its stages, 64 channels wide" in text
    assert "nearest: ResNet-50." in text and "Depth: 3 · 16 + 2 = 50 layers with weights." in text
    assert page.locator("tfoot").inner_text().split() == ["total", "16", "25,557,032", "4,089,184,256"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
