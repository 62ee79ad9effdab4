"""Exercises linear_params and conv_params: what a layer has to learn."""

from autograder.exercise import Case, Exercise, Mistake

HERE, THERE = "filters-linear", "filters-parameters"


def draw_linear(rng):
    def case(kind, low, high, *rest):
        n_in = int(rng.integers(low, high))
        group = "without bias" if rest else "with bias"
        return Case(group, kind, (n_in, n_in + int(rng.integers(2, 99)), *rest))

    n = int(rng.integers(3, 90))
    return [
        case("a small layer", 2, 9),
        case("a larger layer", 200, 900),
        case("larger than 32 bits", 70_000, 90_000),
        Case("with bias", "as many outputs as inputs", (n, n)),
        Case("with bias", "fewer outputs", (n + 7, n)),
        Case("with bias", "bias=True, said aloud", (n + 3, n, True)),
        *(case("a layer without bias", 2, 99, False) for _ in range(3)),
    ]


def mistake(name, anchor, sentence, function):
    return Mistake(name, sentence, anchor, function)


LINEAR_PARAMS = Exercise(
    id="hw1.linear_params",
    function="linear_params",
    points=3,
    anchor=HERE,
    reference=lambda n_in, n_out, bias=True: n_in * n_out + bias * n_out,
    groups={"with bias": 2, "without bias": 1},
    exact_type=True,
    examples=(
        Case("with bias", "a digit's pixels to a thousand", (28 * 28, 1000)),
        Case("with bias", "a photograph's values to a thousand", (3 * 224 * 224, 1000)),
        Case("without bias", "two to three", (2, 3, False)),
    ),
    draw=draw_linear,
    mistakes=(
        mistake(
            "bias forgotten",
            HERE,
            "You count the weights only. Each output has a bias too.",
            lambda n, m, bias=True: n * m,
        ),
        mistake(
            "bias always counted",
            HERE,
            "You count biases even with bias=False.",
            lambda n, m, bias=True: n * m + m,
        ),
        mistake(
            "flag the wrong way round",
            HERE,
            "You count biases with bias=False and leave them out otherwise.",
            lambda n, m, bias=True: n * m + (not bias) * m,
        ),
        mistake(
            "a bias for each input",
            HERE,
            "You count one bias for each input. There is one for each output.",
            lambda n, m, bias=True: n * m + bias * n,
        ),
        mistake(
            "one bias for all",
            HERE,
            "You count a single bias. There is one for each output.",
            lambda n, m, bias=True: n * m + bias,
        ),
        mistake(
            "added",
            HERE,
            "You add inputs and outputs. Every output has a weight for every input.",
            lambda n, m, bias=True: n + m + bias * m,
        ),
        mistake(
            "a bias for each weight",
            HERE,
            "You count a bias for each weight. There is one for each output.",
            lambda n, m, bias=True: n * m * (1 + bias),
        ),
        mistake(
            "inputs squared",
            HERE,
            "You count a weight between every two inputs. Weights lead from inputs to outputs.",
            lambda n, m, bias=True: n * n + bias * m,
        ),
        mistake(
            "float",
            HERE,
            "Your count is a float. Weights are counted in whole numbers.",
            lambda n, m, bias=True: float(n * m + bias * m),
        ),
        mistake(
            "biases alone",
            HERE,
            "You count the biases alone.",
            lambda n, m, bias=True: m * bias,
        ),
    ),
    variants={
        "formula": lambda n_in, n_out, bias=True: n_out * (n_in + 1) if bias else n_out * n_in,
        "an output at a time": lambda n_in, n_out, bias=True: sum(n_in + int(bias) for _ in range(n_out)),
        "weights and biases": lambda n_in, n_out, bias=True: n_in * n_out + (n_out if bias else 0),
    },
)


def draw_conv(rng):
    def case(kind, *rest):
        c_in, kh = int(rng.integers(2, 9)), int(rng.integers(3, 6))
        sizes = (c_in, c_in + int(rng.integers(2, 9)), kh, kh + int(rng.integers(1, 4)))
        return Case("without bias" if False in rest else "with bias", kind, (*sizes, *rest))

    c, k = int(rng.integers(4, 90)), int(rng.integers(4, 9))
    return [
        *(case("a layer with bias") for _ in range(3)),
        Case("with bias", "square kernels", (c, c + 3, k, k)),
        Case("with bias", "one filter on one channel", (1, 1, k, k + 1)),
        Case("with bias", "as many filters as channels", (c, c, 3, 5)),
        Case("with bias", "1x1 kernels", (c, c + 5, 1, 1)),
        Case("with bias", "fewer filters than channels", (c + 9, c, k, 2)),
        *(case("a layer without bias", False) for _ in range(3)),
    ]


CONV_PARAMS = Exercise(
    id="hw1.conv_params",
    function="conv_params",
    points=4,
    anchor=THERE,
    reference=lambda c_in, c_out, kh, kw, bias=True: c_out * c_in * kh * kw + bias * c_out,
    groups={"with bias": 3, "without bias": 1},
    exact_type=True,
    examples=(
        Case("with bias", "one 3x3 filter", (1, 1, 3, 3)),
        Case("without bias", "the same without bias", (1, 1, 3, 3, False)),
    ),
    draw=draw_conv,
    mistakes=(
        mistake(
            "bias forgotten",
            THERE,
            "You count the weights only. Each filter has a bias too.",
            lambda c, f, a, b, bias=True: f * c * a * b,
        ),
        mistake(
            "bias always counted",
            THERE,
            "You count biases even with bias=False.",
            lambda c, f, a, b, bias=True: f * c * a * b + f,
        ),
        mistake(
            "flag the wrong way round",
            THERE,
            "You count biases with bias=False and leave them out otherwise.",
            lambda c, f, a, b, bias=True: f * c * a * b + (not bias) * f,
        ),
        mistake(
            "a bias for each place of the kernel",
            THERE,
            "You count a bias for each place of the kernel. There is one for each filter.",
            lambda c, f, a, b, bias=True: f * c * a * b + bias * a * b,
        ),
        mistake(
            "a bias of each filter's for each place",
            THERE,
            "You count a bias for each filter at each place of its kernel. A filter has one bias.",
            lambda c, f, a, b, bias=True: f * (c + bias) * a * b,
        ),
        mistake(
            "kernel's width for both sides",
            THERE,
            "You take the kernel's width for its height as well. It has kh times kw weights a slice.",
            lambda c, f, a, b, bias=True: f * (c * b * b + bias),
        ),
        mistake(
            "one bias for all",
            THERE,
            "You count a single bias. There is one for each filter.",
            lambda c, f, a, b, bias=True: f * c * a * b + bias,
        ),
        mistake(
            "a bias for each input channel",
            THERE,
            "You count one bias for each input channel. There is one for each filter.",
            lambda c, f, a, b, bias=True: f * c * a * b + bias * c,
        ),
        mistake(
            "a bias for each slice",
            THERE,
            "You count a bias for each filter and input channel. A filter has one bias, whatever its depth.",
            lambda c, f, a, b, bias=True: f * c * (a * b + bias),
        ),
        mistake(
            "input channels forgotten",
            THERE,
            "The number of input channels makes no difference to your result. A filter is as deep as its input.",
            lambda c, f, a, b, bias=True: f * (a * b + bias),
        ),
        mistake(
            "filters forgotten",
            THERE,
            "You count the weights of one filter. There are c_out of them.",
            lambda c, f, a, b, bias=True: c * a * b + bias * f,
        ),
        mistake(
            "kernel taken as square",
            THERE,
            "You take the kernel as square. It has kh times kw weights a slice.",
            lambda c, f, a, b, bias=True: f * (c * a * a + bias),
        ),
        mistake(
            "kernel sides added",
            THERE,
            "You add the kernel's sides. A slice has kh times kw weights.",
            lambda c, f, a, b, bias=True: f * (c * (a + b) + bias),
        ),
        mistake(
            "channels and filters added",
            THERE,
            "You add channels and filters. Every filter has a slice for every input channel.",
            lambda c, f, a, b, bias=True: (c + f) * a * b + bias * f,
        ),
        mistake(
            "float",
            THERE,
            "Your count is a float. Weights are counted in whole numbers.",
            lambda c, f, a, b, bias=True: float(f * (c * a * b + bias)),
        ),
    ),
    variants={
        "formula": lambda c_in, c_out, kh, kw, bias=True: c_out * (c_in * kh * kw + bias),
        "a filter at a time": lambda c_in, c_out, kh, kw, bias=True: sum(
            c_in * kh * kw + int(bias) for _ in range(c_out)
        ),
        "keywords": lambda c_in, c_out, kh, kw, bias=True: c_in * c_out * kh * kw + (c_out if bias else 0),
    },
)
