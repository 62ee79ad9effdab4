"""Which layer of a student's module is which of ours, where the names differ. Nothing here is secret."""


def by_order(state: dict, weights: dict) -> dict[str, str]:
    """Names in ``state`` for those of ``weights``: the same where it has them, the others by order and shape.

    The shortcut may stand anywhere; its batch norm is the one beside its convolution. As many as fit.

    >>> import numpy as np
    >>> one = {"conv1.weight": np.ones((2, 1, 3, 3)), "downsample.0.weight": np.ones((2, 1, 1, 1))}
    >>> by_order({"a.weight": np.ones((2, 1, 1, 1)), "b.weight": np.ones((2, 1, 3, 3))}, one)
    {'conv1.weight': 'b.weight', 'downsample.0.weight': 'a.weight'}
    """
    names = {name: name for name in weights if name in state}
    theirs, ours = (layers({k: v for k, v in those.items() if k not in names}) for those in (state, weights))
    convs, norms = ([layer for layer in theirs if layer[0] == kind] for kind in (4, 1))
    for place, wanted_convs in orders(ours, 4):
        if wanted_convs != convs:
            continue
        likely = place if place is None else partner(convs[place], convs, norms, place)
        for _, wanted_norms in sorted(orders(ours, 1), key=lambda order: order[0] != likely):
            if wanted_norms == norms:
                pairs = zip([*wanted_convs, *wanted_norms], [*convs, *norms], strict=True)
                found = {f"{a.prefix}.{last}": f"{b.prefix}.{last}" for a, b in pairs for last in a.shapes}
                return {name: (names | found)[name] for name in weights}
    return names


def orders(ours: list["Layer"], kind: int) -> list[tuple[int | None, list["Layer"]]]:
    """Layers of one kind in every order that a block may have them in, and the place of the shortcut among them."""
    main = [layer for layer in ours if layer[0] == kind and not layer.prefix.startswith("downsample.")]
    shortcut = [layer for layer in ours if layer[0] == kind and layer.prefix.startswith("downsample.")]
    places = [len(main), *range(len(main))] if shortcut else [None]
    return [(place, main if place is None else [*main[:place], *shortcut, *main[place:]]) for place in places]


def partner(conv: "Layer", convs: list["Layer"], norms: list["Layer"], place: int) -> int:
    """Place of the batch norm that goes with a convolution: alone with it in a part of the block, or as far on."""
    part = conv.prefix.rpartition(".")[0]
    inside, others = (
        [k for k, each in enumerate(those) if each.prefix.startswith(f"{part}.")] for those in (norms, convs)
    )
    return inside[0] if part and len(inside) == len(others) == 1 else place


class Layer(tuple):
    """A layer's number of axes and its shapes by their last names, to compare; and where it stands."""

    prefix: str
    shapes: dict


def layers(state: dict) -> list[Layer]:
    """The layers of a state dict in their order."""
    found: dict[str, dict] = {}
    for name, value in state.items():
        prefix, _, last = name.rpartition(".")
        found.setdefault(prefix, {})[last] = tuple(value.shape)
    listed = []
    for prefix, shapes in found.items():
        layer = Layer((max(map(len, shapes.values())), tuple(sorted(shapes.items()))))
        layer.prefix, layer.shapes = prefix, shapes
        listed.append(layer)
    return listed
