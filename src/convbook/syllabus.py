"""Which sections of the book belong to which lecture, and what there is to play with and to read in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from convbook.lecture_numbers.number import C182, DATA_188_L11, DATA_188_L12, DL4CV, WISE

# By hand, from the lectures. All else about a section is read from its chapter.
LECTURES = {
    DATA_188_L11: (
        *("filters-images", "filters-linear", "filters-correlation", "filters-convolution", "filters-borders"),
        *("filters-gaussian", "filters-edges", "filters-learned"),
        *("conv2d-bias", "conv2d-padding", "conv2d-stride", "conv2d-channels", "conv2d-filter-bank"),
        *("groups-groups", "groups-dilation"),
    ),
    DATA_188_L12: (
        *("conv2d-filter-bank", "conv2d-matvec", "conv2d-im2col", "conv2d-counting"),
        *("groups-groups", "groups-parameters", "groups-pointwise", "groups-bottleneck", "groups-dilation"),
        *("backprop-adjoint", "backprop-flip", "backprop-dw", "backprop-im2col"),
        *("resnets-stacking", "resnets-vanishing", "resnets-skip", "resnets-block", "resnets-stages", "resnets-depth"),
        *("visualization-filters", "visualization-top", "detection-iou"),
    ),
    C182: (
        *("conv2d-single", "conv2d-padding", "conv2d-stride", "conv2d-output-size", "conv2d-channels"),
        *("conv2d-filter-bank", "conv2d-pooling", "backprop-flip", "backprop-dw"),
        *("detection-task", "detection-coordinates", "detection-iou", "detection-sliding", "detection-regression"),
        *("detection-rcnn", "detection-rpn", "detection-anchors", "detection-blind", "detection-roi-pool"),
        "detection-segmentation",
    ),
    WISE: (
        *("filters-images", "filters-shift", "filters-correlation", "filters-convolution", "filters-separable"),
        *("filters-edges", "filters-template", "filters-learned"),
        *("conv2d-flip", "conv2d-output-size", "conv2d-pooling", "conv2d-global-pooling", "conv2d-receptive-field"),
        *("conv2d-equivariance", "conv2d-architectures", "groups-pointwise", "groups-shuffle", "groups-squeeze"),
        *("backprop-toeplitz", "backprop-pooling", "resnets-vanishing", "resnets-skip", "resnets-densenet"),
        *(
            "resnets-others",
            "resnets-hydra",
            "visualization-hierarchy",
            "visualization-filters",
            "visualization-activations",
        ),
        *("visualization-top", "visualization-saliency", "visualization-gradcam", "visualization-ascent"),
        *("visualization-neighbours", "visualization-pca", "visualization-tsne", "visualization-umap"),
        "detection-segmentation",
    ),
    DL4CV: (
        *("filters-shift", "filters-expectations", "conv2d-padding", "conv2d-stride", "conv2d-receptive-field"),
        *("conv2d-equivariance", "groups-depthwise", "groups-dilation", "groups-transposed"),
        *("backprop-toeplitz", "backprop-flip", "backprop-im2col", "backprop-transposed"),
        *("visualization-hierarchy", "visualization-intuitions"),
    ),
}
CELLS = re.compile(r"^(```|:::)\{code-cell\}.*?^\1$", re.DOTALL | re.MULTILINE)
WORDS_A_MINUTE, MINUTES_AN_EXPLORABLE = 200, 3


@dataclass(frozen=True)
class Section:
    """A section of a chapter (``##``), its subsections included.

    ``labels``: its own first, then those of its subsections. ``explorables``: classes of them, in their order.
    """

    chapter: str
    title: str
    labels: tuple[str, ...]
    words: int
    explorables: tuple[str, ...]

    @property
    def minutes(self) -> float:
        """Time to read and to play, by :data:`WORDS_A_MINUTE` and :data:`MINUTES_AN_EXPLORABLE`."""
        return self.words / WORDS_A_MINUTE + MINUTES_AN_EXPLORABLE * len(self.explorables)


def sections_of(chapter: str, text: str, explorables: tuple[str, ...]) -> list[Section]:
    """The labelled sections of a chapter's text. ``explorables``: names of classes to look for in its cells.

    >>> cell = "```{code-cell}\\nIou()\\n```"
    >>> text = f"# Title\\n\\n(a-one)=\\n## One\\n\\nTwo words.\\n\\n{cell}\\n\\n(a-sub)=\\n### Sub\\n\\nMore."
    >>> sections_of("07-detection", text, ("Iou", "Nms"))
    [Section(chapter='07-detection', title='One', labels=('a-one', 'a-sub'), words=3, explorables=('Iou',))]
    """
    found = []
    for part in re.split(r"^(?=\([a-z0-9-]+\)=\n## )", text, flags=re.MULTILINE)[1:]:
        part = re.split(r"\n## (?<!\)=\n## )", part)[0]  # up to a section without a label
        code = "\n".join(cell[0] for cell in CELLS.finditer(part))
        used = [match for match in re.findall(r"\b([A-Z]\w+)[.(]", code) if match in explorables]
        prose = re.sub(r"^\(.*\)=$|^#.*$", "", CELLS.sub("", part), flags=re.MULTILINE)
        found.append(
            Section(
                chapter,
                re.search(r"^## (.*)$", part, re.MULTILINE)[1],
                tuple(re.findall(r"^\(([a-z0-9-]+)\)=$", part, re.MULTILINE)),
                len(re.findall(r"[A-Za-z]\w*", prose)),
                tuple(dict.fromkeys(used)),
            )
        )
    return found


def read_sections(book: Path, explorables: tuple[str, ...]) -> dict[str, Section]:
    """The sections of all chapters in folder ``book``, by their first labels."""
    chapters = sorted(book.glob("0*.md"))
    sections = [s for path in chapters for s in sections_of(path.stem, path.read_text(encoding="utf-8"), explorables)]
    return {section.labels[0]: section for section in sections}
