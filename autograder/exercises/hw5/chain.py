"""Exercise chain_gradient."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite


def backwards(ws, skip=False):
    gradient, gradients = 1.0, []
    for w in reversed(ws):
        gradient = w * gradient
        gradients.append(gradient)
    gradients.reverse()
    if skip:
        gradients[0] = gradients[0] + 1
    return gradients


def products(ws, skip=False):
    """A product for each place, as NumPy multiplies; an array."""
    ws = np.asarray(ws)
    out = np.array([np.prod(ws[i:]) for i in range(len(ws))])
    out[0] += skip
    return out


def cumulative(ws, skip=False):
    """All products at once, from the end; a list of Python's numbers."""
    gradients = np.cumprod(np.asarray(ws)[::-1])[::-1].tolist()
    return [gradient + (skip and i == 0) for i, gradient in enumerate(gradients)]


def recursive(ws, skip=False):
    if len(ws) == 0:
        return ()
    if skip:
        first, *rest = recursive(ws)
        return (1 + first, *rest)
    rest = recursive(ws[1:])
    return (ws[0] * (rest[0] if rest else 1), *rest)


def draw(rng):
    def case(group, kind, ws, *skip):
        return Case(group, kind, (ws, *skip))

    def signed(n):
        return [float(w) for w in rng.uniform(0.3, 1.7, n) * rng.choice([-1, 1], n)]

    def tiny(n, dtype):
        """Equal factors, and so many that their product is 0 in this precision."""
        return np.full(int(n), rng.choice([0.08, 0.1, 0.125, 0.15]), dtype)

    plain, skip, zeros = "a chain", "with a skip", "underflow"
    n = rng.permutation([3, 4, 5, 6])
    return [
        case(plain, "a few layers", signed(n[0])),
        case(plain, "a few layers, as an array", np.array(signed(n[1]))),
        case(plain, "one layer", signed(1)),
        case(plain, "skip is False", signed(3), False),
        case(skip, "a few layers", signed(n[2]), True),
        case(skip, "two layers", signed(2), True),
        case(skip, "one layer", signed(1), True),
        case(skip, "an array", np.array(signed(n[3])), True),
        case(zeros, "many layers in float32", tiny(rng.integers(60, 70), np.float32)),
        case(zeros, "many layers in float16", tiny(rng.integers(14, 20), np.float16)),
        case(zeros, "many layers in float32, with a skip", tiny(rng.integers(60, 70), np.float32), True),
    ]


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(backwards, *changes))


STEP, ADD, SKIP = "gradient = w * gradient", "gradients[0] = gradients[0] + 1", "if skip:"

CHAIN_GRADIENT = Exercise(
    id="hw5.chain_gradient",
    function="chain_gradient",
    points=6,
    anchor="resnets-chain",
    allowed=("torch",),
    probe="chain",
    reference=backwards,
    groups={"a chain": 2, "with a skip": 2, "underflow": 2},
    examples=(
        Case("a chain", "three layers of 0.1", ([0.1, 0.1, 0.1],)),
        Case("with a skip", "two layers of 0.1", ([0.1, 0.1], True)),
        Case("underflow", "50 layers of 0.1 in float32", (np.full(50, 0.1, np.float32),)),
        Case("underflow", "10 layers of 0.1 in float16", (np.full(10, 0.1, np.float16),)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "added instead of multiplied",
            "chain",
            "You add the weights up. Along a chain the derivatives multiply.",
            ("gradient, gradients = 1.0, []", "gradient, gradients = 0.0, []"),
            (STEP, "gradient = w + gradient"),
        ),
        wrong(
            "each layer's own",
            "chain",
            "You return each layer's own slope, its weight. The gradient at its input is the product of all weights from that layer on.",
            (STEP, "gradient = w"),
        ),
        wrong(
            "from the front",
            "chain",
            "You multiply from the first layer on. A gradient comes from the end: entry i is the product of ws[i] and all that follow.",
            ("reversed(ws)", "ws"),
            ("    gradients.reverse()\n", ""),
        ),
        wrong(
            "order of the list",
            "chain",
            "Your list begins with the last layer. Return the gradients in the order of the layers.",
            ("    gradients.reverse()\n", ""),
            (ADD, "gradients[-1] = gradients[-1] + 1"),
        ),
        wrong(
            "own weight left out",
            "chain",
            "Your gradients are those at the outputs of the layers. At its input, the layer's own weight has come in as well.",
            (STEP, "gradient, before = w * gradient, gradient"),
            ("gradients.append(gradient)", "gradients.append(before)"),
        ),
        wrong(
            "the total alone",
            "chain",
            "You return one number. There is one gradient for each layer.",
            ("return gradients", "return gradients[0]"),
        ),
        wrong(
            "the total everywhere",
            "chain",
            "You return the product of all weights for every layer. Entry i has only the weights from ws[i] on.",
            ("return gradients", "return gradients[:1] * len(gradients)"),
        ),
        wrong(
            "the end as well",
            "chain",
            "Your list is one too long: the gradient at the chain's end, 1, is not asked for.",
            ("return gradients", "return [*gradients, 1.0]"),
        ),
        wrong(
            "skip ignored",
            "two-paths",
            "skip makes no difference to your result. The direct path adds 1 to the gradient at the chain's input.",
            (ADD, "pass"),
        ),
        wrong(
            "skip adds w",
            "two-paths",
            "With the skip you add a weight. The direct path has no weight: its derivative is 1.",
            (ADD, "gradients[0] = gradients[0] + ws[0]"),
        ),
        wrong(
            "skip multiplies",
            "two-paths",
            "With the skip you return 1 at the input alone. Two paths leave it, and their gradients add up: 1 plus the product.",
            (ADD, "gradients[0] = gradients[0] * 0 + 1"),
        ),
        wrong(
            "skip around every layer",
            "two-paths",
            "You give each layer a skip of its own, a factor 1 + w. Here one skip runs past the whole chain.",
            (STEP, "gradient = (w + 1 if skip else w) * gradient"),
            (ADD, "pass"),
        ),
        wrong(
            "skip added everywhere",
            "two-paths",
            "You add 1 to every gradient. The skip begins at the chain's input: the layers inside get nothing through it.",
            (ADD, "gradients = [gradient + 1 for gradient in gradients]"),
        ),
        wrong(
            "skip added at the end",
            "two-paths",
            "You add 1 to the last layer's gradient. The skip begins at the input of the first layer.",
            (ADD, "gradients[-1] = gradients[-1] + 1"),
        ),
        wrong(
            "skip always",
            "two-paths",
            "You add the skip's 1 also where skip is False.",
            (SKIP, "if True:"),
        ),
        wrong(
            "double precision",
            "vanishing",
            "You compute in double precision, where nothing becomes 0. Multiply in the precision of ws: do not convert its numbers with float().",
            (STEP, "gradient = float(w) * gradient"),
        ),
        wrong(
            "magnitudes",
            "chain",
            "You return magnitudes. A gradient has a sign.",
            (STEP, "gradient = abs(w) * gradient"),
        ),
        wrong(
            "logarithms",
            "vanishing",
            "You go through logarithms, which a negative weight does not have. Multiply.",
            ("gradient, gradients = 1.0, []", "gradient, gradients = 0.0, []"),
            (STEP, "gradient = np.log(w) + gradient"),
            ("gradients.append(gradient)", "gradients.append(np.exp(gradient))"),
        ),
    ),
    variants={
        "from the end on": backwards,
        "a product for each place, an array": products,
        "cumulative products": cumulative,
        "recursive, a tuple": recursive,
    },
)
