"""What the tests of every explorable share: its modules in a browser, its figure on a page, and what may be read."""

from convbook.explorables.base import data_url
from convbook.explorables.linking import module

CONTROLS = (
    "all => all.map((e) => e.ariaLabel || [...(e.labels ?? [])].map((l) => l.textContent).join() || e.textContent)"
)

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => rgb(colour).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = (e) => {
    while (e && rgb(getComputedStyle(e).backgroundColor)[3] < 255) e = e.parentElement;
    return e ? getComputedStyle(e).backgroundColor : "white";
  };
  const texts = [...document.querySelectorAll(".convbook-widget *")].filter(
    (e) => (e.value ?? [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join("")).trim());
  return texts.map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), e.className || e.tagName, e.textContent || e.value];
  }).sort((one, other) => one[0] - other[0]).slice(0, 3);
}"""


def in_browser(page, name: str, expression: str, argument):
    """Value of a JavaScript ``expression`` of ``kernels``, the module called ``name``, and ``argument``."""
    return page.evaluate(
        f"async ([url, argument]) => {{ const kernels = await import(url); return {expression}; }}",
        [data_url(module(name)), argument],
    )


def document(*layers, theme="light") -> str:
    figures = "".join(layer._repr_mimebundle_()["text/html"] for layer in layers)
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>test</title>'
        '<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f'<body style="margin: 8px"><main>{figures}</main></body></html>'
    )


def control_names(page) -> list[str]:
    """The accessible name of each input, select and button, empty where one has none."""
    return [name.strip() for name in page.locator("input, select, button").evaluate_all(CONTROLS)]


def faintest(page) -> tuple[float, str, str]:
    """Contrast, class and text of what stands out least; WCAG asks for a contrast of 4.5."""
    return tuple(page.evaluate(CONTRAST)[0])
