"""Run cells of an assignment as its notebook does, for the exercises that are solved in a page of the book.

In a page this runs under Pyodide, in a worker; nothing here knows of it.
"""

import ast
import contextlib
import io
import json
import linecache
import traceback


def run_json(request: str) -> str:
    """:func:`run` for a caller that speaks JSON: its arguments by name, its result."""
    return json.dumps(run(**json.loads(request)))


def run(earlier: list[dict], cells: list[dict], grade: str = "") -> dict:
    """Run the notebook afresh as far as ``cells``, show what these print and return, then run the grade cell.

    A cell is ``{"name": ..., "source": ...}``. Of ``earlier`` ones nothing is shown, and of those with
    ``"given": True`` only definitions and imports are run. ``grade`` is the source of the grade cell. Returns
    ``{"troubles": [...], "error": "...", "points": number or None}``: one line for each earlier cell that failed, and
    the traceback of the cell that failed now, of the student's own lines alone.

    >>> run([{"name": "one", "source": "x = 1 / 0"}], [{"name": "two", "source": "y = 20\\ny + 1"}])
    21
    {'troubles': ['one: ZeroDivisionError: division by zero'], 'error': '', 'points': None}
    """
    names = [cell["name"] for cell in [*earlier, *cells]]
    namespace, troubles = {"__name__": "__main__"}, []
    for cell in earlier:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            _, error = execute(cell, namespace, names, definitions=cell.get("given", False))
        if error:
            troubles.append(f"{cell['name']}: {error.splitlines()[-1]}")
    for cell in cells:
        value, error = execute(cell, namespace, names)
        if error:
            return {"troubles": troubles, "error": error, "points": None}
        if value is not None and not grade:
            print(repr(value))
    points, error = execute({"name": "check", "source": grade}, namespace, names) if grade else (None, "")
    return {"troubles": troubles, "error": error, "points": None if points is None else float(points)}


def execute(cell: dict, namespace: dict, names: list[str], definitions: bool = False) -> tuple[object, str]:
    """Run one cell in ``namespace``: the value of its last line, if that is an expression, and a traceback or ``""``.

    >>> execute({"name": "a", "source": "1 +"}, {}, ["a"])[1].splitlines()[-1]
    'SyntaxError: invalid syntax'
    """
    name, source = f"<{cell['name']}>", cell["source"]
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)  # tracebacks show these lines
    try:
        tree = ast.parse(source, name)
        if definitions:
            tree.body = [statement for statement in tree.body if not isinstance(statement, ast.Expr)]
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), namespace)
        return eval(compile(ast.Expression(last.value), name, "eval"), namespace) if last else None, ""
    except BaseException as error:  # sys.exit() ends the cell, not the page
        return None, own_lines(error, [f"<{each}>" for each in names])


def own_lines(error: BaseException, names: list[str]) -> str:
    """The traceback of ``error``, of the lines in files called ``names`` alone."""
    told = traceback.TracebackException.from_exception(error, limit=-200)
    link, seen = told, set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        link.stack = traceback.StackSummary.from_list([frame for frame in link.stack if frame.filename in names])
        link = link.__cause__ or link.__context__
    return "".join(told.format()).rstrip()
