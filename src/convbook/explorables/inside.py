"""The explorable of a whole net: draw a digit, see every layer's maps, ask any value for the sum that made it."""

import html
import json

import numpy as np
import traitlets

from convbook.explorables import inside_net
from convbook.explorables.base import Explorable
from convbook.explorables.linking import module, source
from convbook.explorables.photo import decode, encode, still

PICTURES = json.loads(source("inside_digits.json"))
NET = json.loads(source("inside.json"))  # convbook.export's of src/convbook/weights/tiny-digits.safetensors
COLUMNS = 16


class Inside(Explorable):
    """A small trained net that runs in the page, on a picture that is drawn there or chosen.

    Parameters
    ----------
    image : (H, W) whole numbers from 0 to 255, a recorded digit unless given. Of another size than the net's it is
        drawn anew in that.
    net : what :func:`convbook.export.page_weights` wrote, as text or dict; the book's net for digits unless given.
    layer : index into :attr:`maps`, 0 being the input; cursor : the value (c, i, j) whose sum is told, (k, 0, 0) in a
        vector; channel : which of the input channels is shown with its products.

    All of these are attributes, too, ``image`` as :func:`convbook.explorables.photo.encode` writes it and ``net`` as a
    dict. They change when the view is edited.

    Raises
    ------
    ValueError for an image that is none, and for a net whose layers do not fit, with the layer's name.

    >>> net = Inside.preset("a 7")
    >>> [maps.shape for maps in net.maps][:3], net.classes[net.scores.argmax()]
    ([(1, 28, 28), (16, 28, 28), (16, 28, 28)], '7')
    >>> Inside(net={"format": "png"})
    Traceback (most recent call last):
    ...
    ValueError: not a net for this page: format must be "convbook-net 1", got "png"
    """

    name = "inside"
    _esm = module("inside.mjs")
    sheets = ("explorable.css", "picture.css", "inside.css")
    PAGE_TRAITS = ("image", "net", "layer", "cursor", "channel", "presets")

    image = traitlets.Dict().tag(sync=True)
    net = traitlets.Dict().tag(sync=True)
    layer = traitlets.Int(1, min=0).tag(sync=True)
    cursor = traitlets.List(traitlets.Int(min=0), [2, 10, 12], minlen=3, maxlen=3).tag(sync=True)
    channel = traitlets.Int(0, min=0).tag(sync=True)
    presets = traitlets.Dict(PICTURES, read_only=True).tag(sync=True)

    def __init__(self, image=None, net=None, **settings):
        net = NET if net is None else json.loads(net) if isinstance(net, str) else net
        inside_net.read(net)
        image = PICTURES["a 3"] if image is None else image if isinstance(image, dict) else encode(image)
        super().__init__(image=image, net=net, **settings)

    @classmethod
    def preset(cls, name: str, **settings) -> "Inside":
        """A recorded picture by its name; ``settings`` as for the class.

        >>> Inside.preset("a ten")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: preset must be one of ['a 0', 'a 1', ...], got 'a ten'
        """
        if name not in PICTURES:
            raise ValueError(f"preset must be one of {list(PICTURES)}, got {name!r}")
        return cls(image=PICTURES[name], **settings)

    @property
    def maps(self) -> list[np.ndarray]:
        """What the net is given and each layer's output, (C, H, W) or (features,), computed with NumPy.

        The image must have the net's size.
        """
        net = inside_net.read(self.net)
        picture = decode(self.image)
        if picture.shape != tuple(net["input"][1:]):
            raise ValueError(f"the net takes pictures of {tuple(net['input'][1:])}, got {picture.shape}")
        return inside_net.run(net, picture)

    @property
    def classes(self) -> list[str]:
        return list(self.net["classes"])

    @property
    def scores(self) -> np.ndarray:
        """(classes,) what the last layer says, before the softmax."""
        return self.maps[-1]

    @property
    def probabilities(self) -> np.ndarray:
        """(classes,) softmax of the scores."""
        powers = np.exp(self.scores - self.scores.max())
        return powers / powers.sum()

    @traitlets.validate("net")
    def _valid_net(self, proposal):
        inside_net.read(proposal["value"])
        return proposal["value"]

    def still(self) -> str:
        """The picture, the maps behind each ReLU, and what the net says of each class."""
        picture = decode(self.image)
        if picture.shape != tuple(self.net["input"][1:]):
            return f'<p class="cb-note">A net for pictures of {html.escape(str(self.net["input"][1:]))}.</p>'
        maps, shares = self.maps, self.probabilities
        shown = [
            (index, maps[index + 1])
            for index, layer in enumerate(self.net["layers"])
            if layer["kind"] in ("relu", "tanh", "max_pool2d") and maps[index + 1].ndim == 3
        ]
        best = int(shares.argmax())
        text = (
            f"A net of {len(self.net['layers'])} layers looks at this picture and says {self.classes[best]}, with "
            f"{100 * shares[best]:.1f} %. Below are the maps that its layers make of it: black is 0, white the largest "
            "value of the layer."
        )
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{share:.3f}</td></tr>"
            for name, share in zip(self.classes, shares, strict=True)
        )
        sheets = "".join(
            still(
                _sheet(values),
                f"layer {index + 1}, {self.net['layers'][index]['kind']}: {' × '.join(map(str, values.shape))}",
                0,
                float(values.max()),
            )
            for index, values in shown
        )
        return (
            f'<p class="cb-note">{html.escape(text)}</p><div class="ci-top">'
            f'<div class="ci-pad">{still(picture, "the picture")}</div>'
            f"<table><caption>class, probability</caption><tbody>{rows}</tbody></table></div>{sheets}"
        )


def _sheet(maps: np.ndarray) -> np.ndarray:
    """(C, H, W) maps in rows of 16, white lines between them."""
    c, height, width = maps.shape
    columns = min(c, COLUMNS)
    rows = -(-c // columns)
    sheet = np.full((rows * columns, height + 1, width + 1), maps.max())
    sheet[:c, :-1, :-1] = maps
    sheet = sheet.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return sheet.reshape(rows * (height + 1), -1)[:-1, :-1]
