"""Every exercise, by its id. An assignment is imported when it is first asked for: not all do without PyTorch."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

from autograder.exercise import Exercise

MODULES = {
    "hw1-filters": "hw1",
    "hw2-conv2d": "hw2",
    "hw3-groups-dilation": "hw3",
    "hw4-backprop": "hw4",
    "hw5-resnets": "hw5",
    "hw6-visualization": "hw6",
    "hw7-detection": "hw7",
}


class Assignments(Mapping):
    """The exercises of each assignment, by its name.

    Raises ``ModuleNotFoundError``, which says what to install, for an assignment whose libraries are missing.
    """

    def __getitem__(self, name: str) -> tuple[Exercise, ...]:
        return import_module(f"{__name__}.{MODULES[name]}").EXERCISES

    def __contains__(self, name) -> bool:
        return name in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


ASSIGNMENTS = Assignments()


class Exercises(MutableMapping):
    """All exercises by their ids, each looked up in its assignment alone; those that cannot be imported are left out.

    >>> EXERCISES["hw2.out_size"].points, "hw2.no_such_thing" in EXERCISES
    (8, False)
    """

    def __init__(self):
        self._others: dict[str, Exercise] = {}

    def __getitem__(self, id: str) -> Exercise:
        if id in self._others:
            return self._others[id]
        for name, module in MODULES.items():
            if id.startswith(f"{module}."):
                for exercise in ASSIGNMENTS[name]:
                    if exercise.id == id:
                        return exercise
        raise KeyError(id)

    def __setitem__(self, id: str, exercise: Exercise) -> None:
        self._others[id] = exercise

    def __delitem__(self, id: str) -> None:
        del self._others[id]

    def __iter__(self) -> Iterator[str]:
        for name in MODULES:
            try:
                yield from [exercise.id for exercise in ASSIGNMENTS[name]]
            except ModuleNotFoundError:
                continue
        yield from self._others

    def __len__(self) -> int:
        return sum(1 for _ in self)


EXERCISES = Exercises()
