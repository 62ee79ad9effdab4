"""The map of the book: which concept needs which, as data, as a picture and as a list."""

import html
import textwrap
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

WIDTH, HEIGHT, COLUMN, BAND = 104, 38, 116, 92


class Concept(NamedTuple):
    """A concept by the label of its section; ``column`` is its place in the picture, ``needs`` are labels."""

    label: str
    name: str
    column: int
    needs: tuple[str, ...] = ()


class Chapter(NamedTuple):
    page: str
    title: str
    concepts: tuple[Concept, ...]


C = Concept
MAP = (
    Chapter(
        "01-filters",
        "2D filters",
        (
            C("filters-images", "image as an array", 0),
            C("filters-linear", "linear layer", 1, ("filters-images",)),
            C("filters-equivariance", "equivariance", 2, ("filters-linear",)),
            C("filters-correlation", "filter by hand", 4, ("filters-images",)),
            C("filters-convolution", "correlation, convolution", 5, ("filters-correlation",)),
            C("filters-learned", "filter that is learned", 6, ("filters-correlation",)),
        ),
    ),
    Chapter(
        "02-conv2d",
        "Conv2d arithmetic",
        (
            C("conv2d-pooling", "pooling", 0, ("conv2d-output-size",)),
            C("conv2d-counting", "parameters and MACs", 1, ("filters-linear", "conv2d-filter-bank")),
            C("conv2d-equivariance", "equivariance, measured", 2, ("filters-equivariance", "conv2d-padding")),
            C("conv2d-filter-bank", "filter bank", 3, ("filters-correlation",)),
            C("conv2d-padding", "padding, stride", 4, ("filters-correlation",)),
            C("conv2d-output-size", "output size", 5, ("conv2d-padding",)),
            C("conv2d-receptive-field", "receptive field", 6, ("conv2d-output-size",)),
        ),
    ),
    Chapter(
        "03-groups-dilation",
        "Groups and dilation",
        (
            C("groups-bottleneck", "bottleneck", 0, ("groups-pointwise", "conv2d-counting")),
            C("groups-pointwise", "1×1 layer", 1, ("filters-linear", "conv2d-filter-bank")),
            C("groups-separable", "separable layer", 2, ("groups-pointwise", "groups-groups")),
            C("groups-groups", "groups", 3, ("conv2d-filter-bank",)),
            C("groups-dilation", "dilation", 5, ("conv2d-output-size",)),
            C("groups-gridding", "gridding", 6, ("groups-dilation", "conv2d-receptive-field")),
        ),
    ),
    Chapter(
        "04-backprop",
        "Backprop",
        (
            C("backprop-pooling", "routing through a maximum", 0, ("conv2d-pooling", "backprop-adjoint")),
            C("backprop-batchnorm", "batch norm", 1, ("backprop-gradcheck",)),
            C("backprop-gradcheck", "gradient check", 2, ("backprop-adjoint",)),
            C("backprop-adjoint", "adjoint", 3, ("conv2d-filter-bank",)),
            C("backprop-scatter", "gradient of the image", 4, ("backprop-adjoint", "conv2d-padding")),
            C("backprop-transposed", "transposed convolution", 5, ("backprop-scatter",)),
            C("backprop-dw", "gradient of the filter", 6, ("backprop-scatter", "filters-learned")),
        ),
    ),
    Chapter(
        "05-resnets",
        "Residual networks",
        (
            C("resnets-bottleneck", "bottleneck block", 0, ("groups-bottleneck", "resnets-block")),
            C("resnets-block", "residual block", 1, ("resnets-skip", "backprop-batchnorm")),
            C("resnets-skip", "skip connection", 2, ("resnets-vanishing",)),
            C("resnets-vanishing", "vanishing gradient", 3, ("backprop-scatter", "backprop-batchnorm")),
            C("resnets-stages", "stages", 4, ("resnets-block",)),
            C("resnets-hydra", "backbone and heads", 5, ("resnets-stages",)),
            C("resnets-surface", "loss surface", 6, ("resnets-skip",)),
        ),
    ),
    Chapter(
        "06-visualization",
        "Feature visualization",
        (
            C("visualization-gradcam", "Grad-CAM", 0, ("visualization-saliency", "conv2d-pooling")),
            C("visualization-saliency", "saliency", 1, ("backprop-scatter",)),
            C("visualization-relu", "guided backprop", 2, ("visualization-saliency",)),
            C("visualization-ascent", "gradient ascent", 3, ("backprop-scatter",)),
            C("visualization-faithful", "is it faithful?", 4, ("visualization-relu", "visualization-gradcam")),
            C("visualization-neighbours", "feature space", 5, ("resnets-hydra",)),
            C("visualization-receptive", "receptive box", 6, ("conv2d-receptive-field",)),
        ),
    ),
    Chapter(
        "07-detection",
        "Detection",
        (
            C("detection-roi-pool", "pooling a region", 0, ("backprop-pooling", "detection-rpn")),
            C("detection-rpn", "region proposals", 1, ("groups-pointwise", "detection-anchors", "resnets-hydra")),
            C("detection-anchors", "anchors", 2, ("detection-iou",)),
            C("detection-iou", "intersection over union", 3),
            C("detection-nms", "suppression", 4, ("detection-iou",)),
            C("detection-ap", "average precision", 5, ("detection-nms",)),
            C("detection-sliding", "sliding windows in one pass", 6, ("conv2d-receptive-field",)),
        ),
    ),
)
CONCEPTS = {concept.label: concept for chapter in MAP for concept in chapter.concepts}
PLACES = {
    concept.label: (54 + concept.column * COLUMN, 46 + row * BAND)
    for row, chapter in enumerate(MAP)
    for concept in chapter.concepts
}
LINKS = {concept.label: f"{chapter.page}.html#{concept.label}" for chapter in MAP for concept in chapter.concepts}


def edge(needed: str, label: str) -> str:
    """A curve from what is needed to what needs it: downwards, or within a band over the boxes."""
    (x, y), (right, below) = PLACES[needed], PLACES[label]
    if y == below:
        sign = 1 if right > x else -1
        start, end = x + sign * WIDTH / 2, right - sign * (WIDTH / 2 + 5)
        if abs(right - x) == COLUMN:
            return f"M{start:g} {y}H{end:g}"
        top = y - HEIGHT / 2
        lift = top - 16
        from_x, to_x = x + sign * 20, right - sign * 20
        return f"M{from_x} {top:g}C{from_x + sign * 20} {lift:g} {to_x - sign * 20} {lift:g} {to_x} {top - 5:g}"
    start, end = y + HEIGHT / 2, below - HEIGHT / 2 - 5
    if below - y > BAND:  # past other boxes, between the columns
        gap = right + COLUMN / 2 * (1 if x > right or not right > COLUMN else -1)
        return f"M{x} {start:g}C{x} {start + 28:g} {gap:g} {start + 8:g} {gap:g} {start + 36:g}" + (
            f"V{end - 36:g}C{gap:g} {end - 8:g} {right} {end - 28:g} {right} {end:g}"
        )
    middle = (start + end) / 2
    return f"M{x} {start:g}C{x} {middle:g} {right} {middle:g} {right} {end:g}"


def picture() -> str:
    """The map as an SVG in the colours of the page; its boxes are links, and light up what they need."""
    rules, edges, boxes, bands = [], [], [], []
    for row, chapter in enumerate(MAP):
        y = 46 + row * BAND
        bands.append(
            f'<text x="2" y="{y - HEIGHT / 2 - 16:g}" class="map-title">{row + 1}. {html.escape(chapter.title)}</text>'
        )
    for label, concept in CONCEPTS.items():
        x, y = PLACES[label]
        for needed in concept.needs:
            edges.append(f'<path d="{edge(needed, label)}" data-from="{needed}" data-to="{label}"/>')
        lines = textwrap.wrap(concept.name, 15)
        words = "".join(
            f'<tspan x="{x}" y="{y + 4 + 14 * (n - (len(lines) - 1) / 2):g}">{html.escape(line)}</tspan>'
            for n, line in enumerate(lines)
        )
        boxes.append(
            f'<a href="{LINKS[label]}" data-label="{label}"><rect x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" '
            f'width="{WIDTH}" height="{HEIGHT}" rx="6"/><text>{words}</text></a>'
        )
        at = f'.convbook-map:has(a[data-label="{label}"]:is(:hover,:focus-visible))'
        rules.append(f'{at} path[data-to="{label}"]{{stroke:var(--pst-color-primary);stroke-width:2.5;opacity:1}}')
        rules += [
            f'{at} a[data-label="{needed}"] rect{{stroke:var(--pst-color-primary);stroke-width:2.5}}'
            for needed in concept.needs
        ]
    style = (
        ".convbook-map svg{width:100%;height:auto;font-size:12px;fill:currentColor}"
        ".convbook-map path{fill:none;stroke:currentColor;stroke-width:1.2;opacity:.4;marker-end:url(#map-tip)}"
        ".convbook-map rect{fill:var(--pst-color-surface);stroke:var(--pst-color-border);stroke-width:1.2}"
        ".convbook-map a text{text-anchor:middle;fill:var(--pst-color-text-base)}"
        ".convbook-map a:is(:hover,:focus-visible) rect{stroke:var(--pst-color-primary);stroke-width:3}"
        ".convbook-map a:hover text{text-decoration:underline}"
        ".convbook-map .map-title{font-weight:700;font-size:12px;"
        "paint-order:stroke;stroke:var(--pst-color-background);stroke-width:5}"
        "@media (max-width:700px){.convbook-map svg{display:none}}"
    ) + "".join(rules)
    tip = (
        '<marker id="map-tip" viewBox="0 0 8 8" refX="4" refY="4" orient="auto" '
        'markerUnits="userSpaceOnUse" markerWidth="8" markerHeight="8">'
        '<path d="M0 0L8 4L0 8z" style="fill:currentColor;stroke:none;opacity:1;marker-end:none"/></marker>'
    )
    width, height = 7 * COLUMN - 4, BAND * len(MAP) - 12
    return (
        f'<div class="convbook-map"><style>{style}</style><svg viewBox="0 0 {width} {height}" role="group" '
        f'aria-label="Map of the concepts; the same stands below as a list"><defs>{tip}</defs>'
        f"<g>{''.join(edges)}</g>{''.join(bands)}{''.join(boxes)}</svg></div>"
    )


def link(label: str) -> str:
    return f'<a href="{LINKS[label]}">{html.escape(CONCEPTS[label].name)}</a>'


def listing() -> str:
    """The map as a list: each concept with those that it needs."""
    parts = []
    for row, chapter in enumerate(MAP):
        parts.append(
            f'<p><strong>{row + 1}. <a href="{chapter.page}.html">{html.escape(chapter.title)}</a></strong></p>'
        )
        for concept in chapter.concepts:
            needs = f" needs {', '.join(map(link, concept.needs))}" if concept.needs else " needs nothing before it"
            parts.append(f"<li>{link(concept.label)}{needs}</li>")
    text = "".join(parts)
    return text.replace("</p><li>", "</p><ul><li>").replace("</li><p>", "</li></ul><p>") + "</ul>"


class ConceptMap(SphinxDirective):
    """``{concept-map}``: the picture; ``{concept-map} list``: the list."""

    optional_arguments = 1

    def run(self):
        return [nodes.raw("", listing() if self.arguments == ["list"] else picture(), format="html")]


def setup(app: Sphinx) -> dict:
    app.add_directive("concept-map", ConceptMap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
