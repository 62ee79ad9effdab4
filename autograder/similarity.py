"""Which students handed in the same code, whatever they called things: by the syntax tree of each answer."""

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

LEAST = 60  # statements and expressions: an answer of fewer has few ways to be written


class _Plain(ast.NodeTransformer):
    """Leaves out what does not run: docstrings, annotations, ``pass`` beside other statements."""

    def generic_visit(self, node):
        super().generic_visit(node)
        if isinstance(getattr(node, "body", None), list):
            kept = [one for one in node.body if not isinstance(one, ast.Pass) and not is_text(one)]
            node.body = kept or [ast.Pass()]
        return node

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if node.value is None:
            return ast.Pass()
        return self.generic_visit(ast.Assign([node.target], node.value))


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class _Renamed(ast.NodeTransformer):
    """Numbers the names that the code binds, in the order in which they appear; modules get their own names."""

    def __init__(self, keep: str):
        self.names, self.modules, self.keep, self.bound = {}, {}, keep, set()

    def collect(self, tree) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.bound.add(node.id)
            elif isinstance(node, ast.arg):
                self.bound.add(node.arg)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name != self.keep:
                self.bound.add(node.name)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                self.bound.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    self.modules[alias.asname or alias.name] = alias.name

    def new(self, name: str) -> str:
        if name in self.bound:
            return self.names.setdefault(name, f"v{len(self.names)}")
        return self.modules.get(name, name)

    def visit_Name(self, node):
        node.id = self.new(node.id)
        return node

    def visit_arg(self, node):
        node.arg = self.new(node.arg)
        return node

    def visit_keyword(self, node):
        if node.arg in self.bound and node.arg in self.names:  # a call of the student's own helper
            node.arg = self.names[node.arg]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node):
        node.name = self.new(node.name)
        return self.generic_visit(node)

    visit_ClassDef = visit_FunctionDef

    def visit_ExceptHandler(self, node):
        node.name = node.name and self.new(node.name)
        return self.generic_visit(node)

    def visit_alias(self, node):
        node.asname = None
        return node


def fingerprint(source: str, function: str) -> tuple[str, int]:
    """A digest that renaming, spacing, comments, docstrings and annotations do not change, and the code's size.

    The size is the number of statements and expressions. Code that does not parse is taken by its words.

    >>> one = fingerprint("def double(n):\\n    return n * 2  # twice", "double")
    >>> one == fingerprint("def double(x: int):\\n  'Doubles.'\\n  return x*2", "double")
    True
    >>> one == fingerprint("def double(n):\\n    return n * 3", "double")
    False
    """
    source = re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)
    try:
        tree = _Plain().visit(ast.parse(source))
        names = _Renamed(function)
        names.collect(tree)
        tree = names.visit(tree)
        size = sum(isinstance(node, (ast.stmt, ast.expr)) for node in ast.walk(tree))
        return digest_of(ast.dump(tree)), size
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two where it is nested too deeply
        words = re.findall(r"\w+|[^\w\s]", re.sub(r"#.*", "", source))
        return digest_of("\0".join(words)), len(words)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Group:
    """Students whose answers to one exercise are the same code. ``source``: as the first of them wrote it."""

    function: str
    students: tuple[str, ...]
    size: int
    source: str
    is_solution: bool = False  # the course's own


def identical(
    answers: Mapping[str, Mapping[str, str]], stubs: Mapping[str, str], solutions: Mapping[str, str] | None = None
) -> list[Group]:
    """Groups of two or more, for ``answers[student][function]``; what equals the stub or is short is left out."""
    known = {name: fingerprint(source, name)[0] for name, source in (solutions or {}).items()}
    left_out = {name: fingerprint(source, name)[0] for name, source in stubs.items()}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    sizes: dict[tuple[str, str], int] = {}
    for student, by_function in answers.items():
        for function, source in by_function.items():
            digest, size = fingerprint(source, function)
            if size >= LEAST and digest != left_out.get(function):
                found[function, digest].append(student)
                sizes[function, digest] = size
    return [
        Group(name, tuple(students), sizes[name, digest], answers[students[0]][name], known.get(name) == digest)
        for (name, digest), students in found.items()
        if len(students) > 1
    ]


def shared_by_pairs(groups: Iterable[Group], least: int = 2, largest: int = 12) -> list[tuple[str, str, list[str]]]:
    """Pairs of students with ``least`` or more exercises in common, most first: ``(one, other, functions)``.

    Groups of more than ``largest`` do not count: what so many write is how it is written.
    """
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for group in groups:
        if len(group.students) <= largest and not group.is_solution:
            for pair in combinations(sorted(group.students), 2):
                shared[pair].append(group.function)
    pairs = [(one, other, names) for (one, other), names in shared.items() if len(names) >= least]
    return sorted(pairs, key=lambda pair: (-len(pair[2]), pair[:2]))
