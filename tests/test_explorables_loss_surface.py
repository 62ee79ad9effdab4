"""The loss surface explorable: its contours, minima and projection against NumPy, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook.explorables import LossSurface
from convbook.explorables.loss_surface import PRESETS

KERNELS = "loss_surface_kernels.mjs"


def bowl(n=15, extent=1.0) -> np.ndarray:
    """A quadratic valley that is longer along b, with its lowest point off the middle: (n, n), rows along a."""
    a = np.linspace(-extent, extent, n)[:, None]
    b = np.linspace(-extent, extent, n)[None]
    return 0.2 + 8 * (a - 0.25) ** 2 + 2 * (b + 0.45) ** 2


def bumps(n=15) -> np.ndarray:
    """The valley with waves on it, far steeper: (n, n)."""
    a = np.linspace(-1, 1, n)[:, None]
    b = np.linspace(-1, 1, n)[None]
    return np.exp(3 * (a**2 + b**2)) * (1.5 + np.sin(6 * a + 1) * np.cos(5 * b))


def surfaces(n=15, **settings) -> LossSurface:
    return LossSurface(residual=bowl(n), plain=bumps(n), **settings)


# ---- the arithmetic


def test_contours_lie_on_their_level(page):
    """Along each edge of the grid a contour's end has the level, by linear interpolation; each crossing is met."""
    rng = np.random.default_rng(5)
    for n, level in [(7, 0.2), (9, -0.4), (12, 0.0)]:
        grid = rng.normal(size=(n, n))
        pieces = np.array(in_browser(page, KERNELS, "kernels.contour(...argument)", [grid.tolist(), level]))
        ends = pieces.reshape(-1, 2)
        low = np.minimum(np.floor(ends).astype(int), n - 1)
        high = np.minimum(np.ceil(ends).astype(int), n - 1)
        part = (ends - low).sum(1)
        values = grid[tuple(low.T)] * (1 - part) + grid[tuple(high.T)] * part
        np.testing.assert_allclose(values, level, atol=1e-9)
        above = grid >= level
        down, right = above[1:] != above[:-1], above[:, 1:] != above[:, :-1]
        # an inner edge borders two cells, one on the border of the grid one cell
        crossings = down[:, 1:-1].sum() * 2 + down[:, [0, -1]].sum() + right[1:-1].sum() * 2 + right[[0, -1]].sum()
        assert len(ends) == crossings


def test_saddles_are_joined_by_their_mean(page):
    high = in_browser(page, KERNELS, "kernels.contour(...argument)", [[[1, 0], [0, 1]], 0.4])
    low = in_browser(page, KERNELS, "kernels.contour(...argument)", [[[1, 0], [0, 1]], 0.6])
    # the mean is 0.5: below it the two high corners are joined, and the low ones are cut off; above it the other way
    near = lambda pieces, corner: [np.abs(np.array(piece) - corner).sum(1).max() for piece in pieces]  # noqa: E731
    assert min(near(high, [0, 1])) < 0.7 and min(near(high, [1, 0])) < 0.7
    assert min(near(low, [0, 0])) < 0.7 and min(near(low, [1, 1])) < 0.7


def test_minima_are_scipys(page):
    from scipy.ndimage import minimum_filter

    rng = np.random.default_rng(8)
    for n in (3, 8, 15):
        grid = rng.normal(size=(n, n))
        ring = np.ones((3, 3), bool)
        ring[1, 1] = False
        lower = grid < minimum_filter(grid, footprint=ring, mode="constant", cval=np.inf)
        lower[[0, -1]] = lower[:, [0, -1]] = False
        assert in_browser(page, KERNELS, "kernels.minima(argument)", grid.tolist()) == np.argwhere(lower).tolist()
        ends = in_browser(page, KERNELS, "kernels.extremes(argument)", grid.tolist())
        assert tuple(ends["low"]) == np.unravel_index(grid.argmin(), grid.shape)
        assert tuple(ends["high"]) == np.unravel_index(grid.argmax(), grid.shape)


def test_projection_is_a_rotation(page):
    rng = np.random.default_rng(2)
    for azimuth, elevation in [(0, 90), (30, 25), (-140, 70)]:
        points = rng.uniform(-1, 1, (20, 3))
        call = f"argument.map((point) => kernels.project(point, {azimuth}, {elevation}))"
        seen = np.array(in_browser(page, KERNELS, call, points.tolist()))
        turn, tilt = np.radians([azimuth, elevation])
        about_z = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
        onto_screen = [[1, 0, 0], [0, np.sin(tilt), np.cos(tilt)], [0, np.cos(tilt), -np.sin(tilt)]]
        expected = (points - [0, 0, 0.5]) @ (np.array(onto_screen) @ about_z).T
        np.testing.assert_allclose(seen, expected, atol=1e-12)


def test_levels_are_round_and_inside(page):
    for least, most, log in [(1.5, 99_000, True), (0.2, 12, True), (0.3, 0.9, True), (0, 47, False), (1, 1, False)]:
        levels = in_browser(page, KERNELS, "kernels.levels(...argument)", [least, most, log])
        assert all(least < level < most for level in levels) and sorted(set(levels)) == levels
        assert len(levels) <= 10 and (len(levels) >= 3 or least == most)
        assert all(len(f"{level:.10e}".split("e")[0].rstrip("0").replace(".", "")) <= 2 for level in levels), levels
    assert in_browser(page, KERNELS, "kernels.levels(1.5, 99000, true)", None) == [10, 100, 1000, 10_000]


# ---- Python's side


def test_losses_are_checked_where_they_are_made():
    good = bowl(5)
    hole, below = good.copy(), good.copy()
    hole[1, 3], below[4, 0] = np.inf, -1
    for residual, plain, message in [
        (good[:4], good, "residual must be square, got shape (4, 5)"),
        (good[0], good, "residual must be square, got shape (5,)"),
        (good, bowl(6), "residual and plain must be of one size, got 5 and 6 points a side"),
        (good, hole, "plain must hold positive finite losses, got inf at (1, 3)"),
        (below, good, "residual must hold positive finite losses, got -1.0 at (4, 0)"),
        (good * np.nan, good, "residual must hold positive finite losses, got nan at (0, 0)"),
        (bowl(82), bowl(82), "residual must have from 3 to 81 points a side, got 82"),
        ([[1, 2], [3, 4]], good, "residual must have from 3 to 81 points a side, got 2"),
        ("losses", good, "residual must be a square grid of numbers, got str"),
        ([[1, 2], [3]], good, "residual must be a square grid of numbers, got list"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            LossSurface(residual=residual, plain=plain)
    for wrong, message in [
        ({"extent": 0}, "extent must be a positive number, got 0.0"),
        ({"show": "all"}, "show must be one of ['both', 'residual', 'plain'], got 'all'"),
        ({"cursor": [0, 5]}, "cursor must be two points from 0 to 4, got [0, 5]"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            LossSurface(residual=good, plain=good, **wrong)
    with pytest.raises(ValueError, match="results must hold residual, plain and extent, got no plain"):
        LossSurface.recorded({"residual": good})
    view = LossSurface(residual=good, plain=good)
    with pytest.raises(ValueError, match="residual must have as many points a side as plain, 5, got 7"):
        view.residual = bowl(7)


def test_losses_are_kept_with_four_digits():
    grid = np.random.default_rng(0).lognormal(0, 6, (9, 9))
    view = LossSurface(residual=grid, plain=grid)
    np.testing.assert_allclose(view.residual, grid, rtol=5e-4)
    assert all(
        len(f"{loss:.12e}".split("e")[0].rstrip("0").replace(".", "")) <= 4 for row in view.plain for loss in row
    )


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*views, **options):
        page.set_content(document(*views, **options))
        page.wait_for_function(f"document.querySelectorAll('.ls-words:not(:empty)').length === {len(views)}")
        return page

    return show


def words(page) -> str:
    return page.locator(".ls-words").inner_text()


def told(view, i, j) -> str:
    a, b = (float(f"{-view.extent + 2 * view.extent * k / (len(view.plain) - 1):.3f}") for k in (i, j))
    one, other = view.residual[i][j], view.plain[i][j]
    text = f"At a = {a:g}, b = {b:g} the loss is {one:g} with skips and {other:g} without skips."
    return text.replace("-", "−")


def canvas(page, kind, net="residual"):
    return page.locator(f'[data-net="{net}"] .ls-{kind}')


def pixels(page, kind, net="residual") -> np.ndarray:
    """Height, width and four channels, as drawn."""
    size, data = canvas(page, kind, net).evaluate(
        "c => [[c.height, c.width], [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]"
    )
    return np.array(data, np.uint8).reshape(*size, 4)


def test_the_probe_tells_the_losses(show):
    view = surfaces(cursor=[3, 11])
    page = show(view)
    assert words(page) == told(view, 3, 11)
    probe = canvas(page, "map")
    probe.focus()
    for key, (i, j) in [
        ("ArrowRight", (4, 11)),
        ("ArrowUp", (4, 12)),
        ("ArrowDown", (4, 11)),
        ("Home", (0, 11)),
        ("End", (14, 11)),
    ]:
        page.keyboard.press(key)
        assert words(page) == told(view, i, j), key
    assert probe.get_attribute("aria-valuetext") == words(page)[0].lower() + words(page)[1:-1]
    box = probe.bounding_box()
    page.mouse.move(box["x"] + (2 + 0.5) / 15 * box["width"], box["y"] + (14 - 9 + 0.5) / 15 * box["height"])
    assert words(page) == told(view, 2, 9), "a to the right, b upwards"
    page.mouse.move(5, 5)
    assert words(page) == told(view, 14, 11), "the place stays"


def test_the_map_is_brightest_where_the_loss_is_highest(show):
    view = surfaces(shared=False)
    page = show(view)
    for net in ("residual", "plain"):
        grid = np.array(getattr(view, net))
        i, j = np.unravel_index(grid.argmax(), grid.shape)
        k, m = np.unravel_index(grid.argmin(), grid.shape)
        image = pixels(page, "map", net)[..., :3].astype(float).sum(2)
        side = image.shape[0] / 15
        at = lambda a, b: image[int((14 - b + 0.5) * side), int((a + 0.5) * side)]  # noqa: B023, E731
        page.mouse.move(5, 5)
        assert at(i, j) > 400 > at(k, m) + 100, net


def test_surfaces_turn_by_keys_and_by_dragging(show):
    page = show(surfaces(azimuth=-30, elevation=30))
    surface = canvas(page, "surface")
    before = pixels(page, "surface")
    other = pixels(page, "surface", "plain")
    surface.press("ArrowRight")
    surface.press("ArrowUp")
    assert surface.get_attribute("aria-valuetext") == "turned by −25°, tilted by 35°"
    assert page.get_by_label("turn", exact=True).input_value() == "-25"
    assert (pixels(page, "surface") != before).any() and (pixels(page, "surface", "plain") != other).any(), "both turn"
    box = surface.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 100, steps=5)
    page.mouse.up()
    assert page.get_by_label("turn", exact=True).input_value() == "5"
    for _ in range(30):
        surface.press("ArrowUp")
    assert page.get_by_label("tilt").input_value() == "85"
    page.get_by_label("turn", exact=True).fill("180")
    surface.press("ArrowRight")
    assert page.get_by_label("turn", exact=True).input_value() == "-175", "once around"


def test_near_parts_hide_far_ones(show):
    """A wall in front of a valley: seen from the wall's side, the valley is hidden, from the other side it is not."""
    n = 21
    wall = np.full((n, n), 1.0)
    wall[:, 0] = 50  # at b = -1
    view = LossSurface(residual=wall, plain=wall, log=False, azimuth=0, elevation=12, cursor=[0, 20])
    page = show(view)
    dark = lambda: (np.abs(pixels(page, "surface")[..., :3].astype(int) - [68, 1, 84]).max(2) < 45).sum()  # noqa: E731
    front = dark()
    page.locator('[name="azimuth"]').fill("180")
    assert dark() > 3 * front


def test_one_net_or_both(show):
    page = show(surfaces())
    page.locator('[name="show"]').select_option("plain")
    assert not canvas(page, "surface").is_visible() and canvas(page, "surface", "plain").is_visible()
    boxes = [canvas(page, kind, "plain").bounding_box() for kind in ("surface", "map")]
    assert boxes[1]["x"] >= boxes[0]["x"] + boxes[0]["width"], "the contours are beside it"
    page.locator('[name="show"]').select_option("both")
    assert canvas(page, "surface").is_visible()


def test_scales_can_be_changed(show):
    view = surfaces()
    page = show(view)
    ends = lambda: page.locator(".ls-scale").all_inner_texts()  # noqa: E731
    both = np.array([view.residual, view.plain])
    least, most = f"{both.min():g}", f"{both.max():g}"
    assert [text.split() for text in ends()] == [[least, most]] * 2
    page.get_by_role("checkbox", name="one scale for both").uncheck()
    assert ends()[0].split() == [f"{both[0].min():g}", f"{both[0].max():g}"]
    assert page.locator('[name="preset"]').input_value() == "logarithmic, a scale for each"
    before = pixels(page, "map", "plain")
    page.get_by_role("checkbox", name="logarithmic").uncheck()
    assert (pixels(page, "map", "plain") != before).any()
    assert "contours at 100, 200, 300" in page.locator('[aria-label="without skips"] .ls-levels').inner_text()
    page.locator('[name="preset"]').select_option("linear, one scale for both")
    assert page.get_by_role("checkbox", name="one scale for both").is_checked()


def test_the_table_has_numpys_numbers(show):
    view = surfaces()
    page = show(view)
    cells = [row.split("\t") for row in page.locator(".ls-facts tbody").inner_text().split("\n")]
    place = lambda grid, at: "{:g} at ({:g}, {:g})".format(grid[at], *(float(f"{k / 7 - 1:.3f}") for k in at))  # noqa: E731
    for column, net in [(1, "residual"), (2, "plain")]:
        grid = np.array(getattr(view, net))
        low, high = (np.unravel_index(k, grid.shape) for k in (grid.argmin(), grid.argmax()))
        expected = [f"{grid[7, 7]:g}", place(grid, low), place(grid, high)]
        assert [row[column] for row in cells[:3]] == [text.replace("-", "−") for text in expected]
    assert int(cells[3][1]) == 1 and int(cells[3][2]) > 1


def test_fingers_choose_and_turn(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 1100})
    page = context.new_page()
    view = surfaces()
    page.set_content(document(view))
    page.wait_for_selector(".ls-words:not(:empty)")
    box = canvas(page, "map", "plain").bounding_box()
    page.touchscreen.tap(box["x"] + (12 + 0.5) / 15 * box["width"], box["y"] + (14 - 2 + 0.5) / 15 * box["height"])
    assert words(page) == told(view, 12, 2)
    context.close()


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(surfaces(cursor=[0, 0]), surfaces(cursor=[1, 1]))
    page.locator("figure").first.locator(".ls-map").first.press("ArrowRight")
    texts = page.locator(".ls-words").all_inner_texts()
    assert texts[0].startswith("At a = −0.857, b = −1") and texts[1].startswith("At a = −0.857, b = −0.857")


def test_even_grids_have_no_middle(show):
    page = show(surfaces(6))
    assert "in the middle" not in page.locator(".ls-facts").inner_text()


def test_equal_losses_are_drawn(show):
    flat = np.full((5, 5), 2.0)
    page = show(LossSurface(residual=flat, plain=flat))
    assert page.locator(".ls-levels").first.inner_text() == "no contour of this scale runs here"


def test_every_control_has_a_name(show):
    page = show(surfaces())
    assert all(control_names(page))
    assert page.get_by_role("slider", name="turn of the surface").count() == 2


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("shown", ["both", "plain"])
@pytest.mark.parametrize("preset", PRESETS)
def test_small_screens_scroll_in_one_direction(show, preset, shown, width):
    page = show(surfaces(**{**PRESETS[preset], "show": shown}))
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.ls-nets').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert canvas(page, "map", "plain").bounding_box()["width"] <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(surfaces(), theme=theme)
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    view = surfaces(cursor=[0, 0])
    (tmp_path / "page.html").write_text(document(view), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    canvas(page, "map").press("ArrowUp")
    assert words(page) == told(view, 0, 1)
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_maps_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(surfaces()))
    text = page.locator("figure").inner_text()
    assert "Losses on 15 × 15 points around trained weights, a to the right and b upwards" in text
    assert "At a = 0, b = 0 the loss is 1.105 with skips and 2.341 without." in text
    assert page.locator("figure img").count() == 2 and page.locator("img").first.get_attribute("alt")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()


def test_the_still_picture_has_the_grids_shape(static):
    """Bright where the loss is high, a to the right and b upwards: checked on the picture that is written."""
    import base64
    import io

    from PIL import Image

    html = surfaces(shared=False, log=False).still()
    image = np.array(Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1]))))
    grid = bowl()
    expected = np.round(255 * (grid - grid.min()) / (grid.max() - grid.min())).T[::-1]
    np.testing.assert_allclose(image, expected, atol=1)
