"""How a net is trained: all that, with the model and the data, decides the result."""

from dataclasses import asdict, dataclass, fields

SCHEDULES = "cosine", "one-cycle"
PRECISIONS = "auto", "float32", "bfloat16"


@dataclass(frozen=True)
class Options:
    """Options of :func:`convbook.train.fit`; each is an option of ``python -m convbook.train`` too.

    Attributes
    ----------
    epochs, batch : passes over the training set, images a step.
    lr : the highest learning rate, ``momentum`` (Nesterov's) and ``weight_decay`` of SGD; norm layers and
        biases have no decay.
    schedule : "cosine", from ``lr`` down to 0, or "one-cycle", up to ``lr`` in the share ``warmup`` of all
        steps and straight down to 0.
    warmup : the share of the steps in which the rate rises; 0 for none.
    label_smoothing : share of the target that all classes have in common.
    flip, pad, cutout : mirror half of the images; crop them from a border of so many reflected pixels; blank
        out a square of that side.
    seed : of the order and the augmentation. Weights have the seed with which the model was made.
    device, precision, channels_last : "auto" and None choose: a GPU where there is one, bfloat16 autocast and
        channels-last memory on it, float32 and contiguous memory on the CPU.
    compile : run the model through ``torch.compile``.

    TypeError or ValueError for a value that makes no sense.

    >>> Options(lr=-1.0)
    Traceback (most recent call last):
    ValueError: lr must be above 0, got -1.0
    """

    epochs: int = 20
    batch: int = 128
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    schedule: str = "one-cycle"
    warmup: float = 0.2
    label_smoothing: float = 0.0
    flip: bool = False
    pad: int = 0
    cutout: int = 0
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    channels_last: bool | None = None
    compile: bool = False

    def __post_init__(self):
        for field in fields(self):
            value, kind = getattr(self, field.name), field.type
            fits = isinstance(value, (int, float) if kind is float else kind)
            if not fits or (isinstance(value, bool) and kind in (int, float)):
                raise TypeError(f"{field.name} must be of type {getattr(kind, '__name__', kind)}, got {value!r}")
        for name, (lowest, strict, highest) in RANGES.items():
            value = getattr(self, name)
            if not lowest <= value < highest or (strict and value == lowest):
                limit = f"{'above' if strict else 'at least'} {lowest}"
                limit += f" and below {highest}" if highest < float("inf") else ""
                raise ValueError(f"{name} must be {limit}, got {value}")
        for name, known in (("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")

    def as_dict(self) -> dict:
        return asdict(self)


INF = float("inf")
RANGES = {  # lowest, whether it must be above that, what it must be below
    "epochs": (0, True, INF),
    "batch": (0, True, INF),
    "lr": (0, True, INF),
    "momentum": (0, False, 1),
    "weight_decay": (0, False, INF),
    "warmup": (0, False, 1),
    "label_smoothing": (0, False, 1),
    "pad": (0, False, INF),
    "cutout": (0, False, INF),
    "seed": (0, False, 2**63),
}
