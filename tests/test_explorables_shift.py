"""The shift explorable: its arithmetic against NumPy and the kernels, and the page."""

import re

import numpy as np
import pytest
from explorable_pages import document, in_browser
from scipy import ndimage

from convbook import kernels
from convbook.explorables import Shift
from convbook.explorables.photo import decode
from convbook.explorables.shift import BORDERS, KERNELS, linear, random, shifted

IMAGE_OF = "((rows) => kernels.image(rows.length, rows[0].length, (i, j) => rows[i][j]))"


# ---- the arithmetic


def random_shift(rng) -> dict:
    height, width = rng.integers(5, 12, 2)
    return {
        "image": rng.integers(0, 256, (height, width)).tolist(),
        "by": rng.integers(-4, 5, 2).tolist(),
        "border": str(rng.choice(BORDERS)),
        "seed": int(rng.integers(0, 10_000)),
    }


def test_shifts_and_layers_agree_on_200_random_configurations(page):
    rng = np.random.default_rng(32)
    cases = [random_shift(rng) for _ in range(200)]
    expression = f"""argument.map(({{ image, by, border, seed }}) => {{
        const x = {IMAGE_OF}(image);
        return [kernels.shift(x, by, border), kernels.linear(x, seed)].map(kernels.rowsOf);
    }})"""
    for case, (moved, out) in zip(cases, in_browser(page, "filtering.mjs", expression, cases), strict=True):
        np.testing.assert_allclose(moved, shifted(case["image"], case["by"], case["border"]))
        np.testing.assert_allclose(out, linear(case["image"], case["seed"]), rtol=1e-9, atol=1e-9)


def test_maps_agree_with_pythons(page):
    rng = np.random.default_rng(33)
    cases = [random_shift(rng) | {"kernel": str(rng.choice(list(KERNELS)))} for _ in range(40)]
    widgets = [Shift(**case) for case in cases]
    arguments = [
        [{name: getattr(widget, name) for name in ("image", "by", "border", "seed")}, KERNELS[widget.kernel]]
        for widget in widgets
    ]
    expression = """argument.map(([layer, weights]) => Object.values(kernels.compare(layer, weights).layers)
        .map(({ maps, error }) => ({ maps: maps.map(({ pixels }) => [...pixels]), error })))"""
    for widget, found in zip(widgets, in_browser(page, "shift.mjs", expression, arguments), strict=True):
        for name, result in zip(["linear", "convolution"], found, strict=True):
            after, before = (values.ravel() for values in widget.maps[name])
            np.testing.assert_allclose(result["maps"], [after, before, before - after], atol=1e-9)
            np.testing.assert_allclose(result["error"], widget.errors[name], atol=1e-12)


def test_shifts_are_scipys():
    rng = np.random.default_rng(1)
    for _ in range(30):
        image, by = rng.normal(size=(6, 9)), rng.integers(-5, 6, 2).tolist()
        for border, mode in [("zeros", "constant"), ("circular", "grid-wrap")]:
            expected = ndimage.shift(image, by, order=0, mode=mode)
            np.testing.assert_allclose(shifted(image, by, border), expected)


def test_random_weights_look_random():
    weights = random(3, 100_000)
    assert 0 <= weights.min() and weights.max() < 1
    np.testing.assert_allclose(weights.mean(), 0.5, atol=0.01)
    np.testing.assert_allclose(weights.var(), 1 / 12, atol=0.002)
    assert abs(np.corrcoef(weights[1:], weights[:-1])[0, 1]) < 0.02
    assert not np.allclose(weights[:10], random(4, 10))


def test_the_linear_layer_is_linear_and_keeps_the_size():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 12, 10))
    np.testing.assert_allclose(linear(2 * x - y, 7), 2 * linear(x, 7) - linear(y, 7))
    np.testing.assert_allclose(np.linalg.norm(linear(x, 7)) / np.linalg.norm(x), 1, atol=0.2)


def test_what_the_page_claims_holds():
    """A circular convolution is equivariant; with zeros, off the frame and the moved edge; a linear layer never."""
    for kernel in KERNELS:
        for by in ([0, 1], [2, -3], [-8, 8]):
            errors = Shift(by=by, kernel=kernel).errors
            assert errors["convolution"] < 1e-12 and errors["linear"] > 1
            after, before = Shift(by=by, kernel=kernel, border="zeros").maps["convolution"]
            i, j = np.indices(after.shape)
            edge = [
                (at == 0) | (at == size - 1) | (at - step == -1) | (at - step == size)
                for at, size, step in zip((i, j), after.shape, by, strict=True)
            ]
            inside = ~(edge[0] | edge[1])
            np.testing.assert_allclose(before[inside], after[inside], atol=1e-9)
            assert not np.allclose(before, after)


# ---- Python's side


def test_shifts_are_checked_where_they_are_made():
    for wrong, message in [
        ({"by": [1]}, "by must be two integers from -8 to 8, got [1]"),
        ({"by": [0.5, 1]}, "by must be two integers from -8 to 8, got [0.5, 1]"),
        ({"by": [0, -9]}, "by must be two integers from -8 to 8, got [0, -9]"),
        ({"border": "wrap"}, "border must be one of ('circular', 'zeros'), got 'wrap'"),
        ({"kernel": "Sobel"}, "kernel must be one of ('Sobel x', 'blur', 'Laplacian', 'a random 3×3'), got 'Sobel'"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
        ({"image": np.zeros((41, 9))}, "image must be at most 40x40, got 41x9"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Shift(**wrong)


def test_the_kernels_are_the_courses():
    np.testing.assert_allclose(KERNELS["Sobel x"], kernels.SOBEL_X)
    np.testing.assert_allclose(KERNELS["blur"], np.outer([1, 2, 1], [1, 2, 1]) / 16)


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*widgets):
        page.set_content(document(*widgets))
        page.wait_for_function("document.querySelector('.cb-sum')?.textContent.length > 0")
        return page

    return show


def errors(page) -> list[str]:
    return page.locator(".cb-layers strong").all_inner_texts()


def words(page) -> str:
    return page.locator(".cb-sum").inner_text()


def moved(page):
    return page.get_by_role("slider")


def by(page) -> list[str]:
    return [page.get_by_label(f"shift {axis}", exact=True).first.input_value() for axis in ("down", "right")]


def test_the_two_layers_answer_differently(show):
    widget = Shift()
    page = show(widget)
    assert errors(page) == [f"{100 * widget.errors['linear']:.0f} %", "0 %"]
    assert words(page).endswith("The convolution gives the same map, moved along.")
    page.get_by_label("border").select_option("zeros")
    zeros = Shift(border="zeros")
    assert errors(page) == [f"{100 * zeros.errors[name]:.0f} %" for name in ("linear", "convolution")]
    assert words(page).endswith("everywhere else the maps agree.")
    for kernel in KERNELS:
        page.get_by_label("convolution with").select_option(kernel)
        expected = Shift(border="zeros", kernel=kernel).errors["convolution"]
        assert errors(page)[1] == f"{100 * expected:.0f} %"


def test_other_weights_are_others(show):
    page = show(Shift())
    page.get_by_role("button", name="other weights").click()
    assert errors(page)[0] == f"{100 * Shift(seed=2).errors['linear']:.0f} %"
    assert Shift(seed=2).errors["linear"] != Shift().errors["linear"]


def test_keys_buttons_and_fields_shift(show):
    page = show(Shift(by=[0, 0]))
    assert words(page) == "Without a shift there is nothing to compare: move the image."
    moved(page).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert by(page) == ["2", "-1"]
    assert moved(page).get_attribute("aria-valuetext") == "2 down, -1 to the right"
    page.get_by_role("button", name="shift right").click()
    assert by(page) == ["2", "0"]
    page.keyboard.press("Tab")
    page.get_by_label("shift down", exact=True).first.fill("-8")
    page.keyboard.press("Enter")
    moved(page).focus()
    page.keyboard.press("ArrowUp")
    assert by(page) == ["-8", "0"], "it stops at the farthest"
    expected = shifted(decode(Shift().image), (-8, 0), "circular")
    shown = moved(page).evaluate("(c) => [...c.getContext('2d').getImageData(0, 0, 32, 32).data]")
    np.testing.assert_allclose(np.array(shown).reshape(32, 32, 4)[..., 0], expected, atol=0.5)


def test_dragging_shifts(show):
    page = show(Shift(by=[0, 1]))
    box = moved(page).bounding_box()
    x, y, pixel = box["x"] + 60, box["y"] + 60, box["width"] / 32
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 3 * pixel, y - 2 * pixel, steps=4)
    page.mouse.up()
    page.mouse.move(x, y)
    assert by(page) == ["-2", "4"]


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Shift())
    before = errors(page)
    field = page.get_by_label("shift right", exact=True).first
    for text, got in [("9", "9"), ("1.5", "1.5"), ("", "nothing")]:
        field.fill(text)
        field.press("Enter")
        message = f"shift right must be a whole number from −8 to 8, got {got}: it stays 1."
        assert page.locator("[role=alert]").inner_text() == message
        assert field.get_attribute("aria-invalid") == "true" and field.input_value() == text
    assert errors(page) == before
    field.press("Escape")
    assert field.input_value() == "1" and not page.locator("[role=alert]").is_visible()


def test_a_flat_image_has_nothing_to_compare(show):
    page = show(Shift(np.full((8, 9), 100)))
    assert errors(page) == ["0 %", "0 %"]
    assert words(page) == "An image of one grey level gives zeros, whatever the layer."
