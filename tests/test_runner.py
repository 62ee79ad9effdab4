"""The worker: runs what students write, knows no answer, and ends without harm to the grader."""

import numpy as np
import pytest

from autograder.runner import Limits, Worker, WorkerEnded


@pytest.fixture(scope="module")
def shared():
    with Worker() as worker:
        yield worker


def text(outputs) -> str:
    return "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)


def test_cells_share_a_namespace_and_show_results(shared):
    assert shared.run_cell("a = 20") == []
    outputs = shared.run_cell("print('hello')\na + 1")
    assert outputs[0] == {"output_type": "stream", "name": "stdout", "text": "hello\n"}
    assert outputs[1]["output_type"] == "execute_result"
    assert outputs[1]["data"]["text/plain"] == "21"


def test_errors_come_as_error_outputs(shared):
    (output,) = shared.run_cell("1 / 0")
    assert (output["output_type"], output["ename"]) == ("error", "ZeroDivisionError")
    assert any("division by zero" in line for line in output["traceback"])


def test_notebook_magic_works(shared):
    assert "hello" in text(shared.run_cell("!echo hello"))
    assert text(shared.run_cell("%timeit -n1 -r1 pass")) != ""


def test_arrays_cross_both_ways(shared):
    shared.run_cell("def f(x): return x * 2")
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    outcome = shared.probe("call", "f", (x,))
    np.testing.assert_array_equal(outcome["value"], 2 * x)
    assert outcome["value"].dtype == np.float32


def test_changed_inputs_are_noticed(shared):
    shared.run_cell("def g(n, x):\n    x += 1\n    return x")
    assert shared.probe("call", "g", (1, np.zeros(3)))["changed inputs"] == [1]


@pytest.mark.parametrize("module", ["convbook", "convbook.kernels", "torch", "scipy.signal", "nbgrader"])
def test_what_would_give_the_answer_is_not_there(shared, module):
    (output,) = shared.run_cell(f"import {module}")
    assert output["ename"] == "ImportError"
    assert "is not available while this exercise is graded" in output["evalue"]


def test_the_process_holds_no_reference_no_case_and_no_environment(shared):
    shared.run_cell("import sys, os, gc")
    loaded = text(
        shared.run_cell("print(sorted(m for m in sys.modules if m.split('.')[0] in ('convbook', 'autograder')))")
    )
    assert loaded == "['autograder']\n"
    assert text(shared.run_cell("import autograder; print(autograder.check('hw2.out_size', len))")) == "None\n"
    names = set(eval(text(shared.run_cell("print(sorted(os.environ))"))))
    assert names <= {"PATH", "HOME", "IPYTHONDIR", "MPLCONFIGDIR", "MPLBACKEND", "OPENBLAS_NUM_THREADS"} | {
        "OMP_NUM_THREADS",
        "LANG",
        "LC_CTYPE",
    }


def test_long_output_is_cut(shared):
    printed = text(shared.run_cell("print('x' * 10_000_000)"))
    assert 50_000 <= len(printed) < 60_000


@pytest.mark.parametrize(
    "cell, reason",
    [
        ("import os; os._exit(0)", "exit status 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
        ("while True: pass", "longer than 2 seconds"),
        (
            "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\xff' * 64)\n    except OSError: pass",
            "ended|read|closed|longer|larger",
        ),
        (
            "import os\nfor fd in range(3, 64):\n    try: os.close(fd)\n    except OSError: pass",
            "ended|read|closed|longer|larger",
        ),
    ],
)
def test_cells_that_end_python_end_only_their_own(cell, reason):
    with Worker(Limits(cell=2)) as worker:
        with pytest.raises(WorkerEnded, match=reason):
            worker.run_cell(cell)
            worker.run_cell("1 + 1")


def test_memory_is_limited():
    with Worker(Limits(memory=2**30)) as worker:
        (output,) = worker.run_cell("x = bytearray(2**31)")
        assert output["ename"] == "MemoryError"


def test_a_function_that_never_returns_times_out():
    with Worker(Limits(case=1)) as worker:
        worker.run_cell("def f():\n    while True: pass")
        with pytest.raises(WorkerEnded, match="longer than 1 seconds"):
            worker.probe("call", "f", ())


def test_sys_exit_in_a_function_is_an_error_of_that_case(shared):
    shared.run_cell("import sys\ndef f(): sys.exit()")
    assert shared.probe("call", "f", ())["error"][0] == ["SystemExit"]
    assert text(shared.run_cell("1 + 1")) == "2"


def test_results_that_are_not_plain_cross_as_names(shared):
    shared.run_cell("class Sly:\n    def __reduce__(self): return (print, ('ran',))\ndef f(): return Sly()")
    assert shared.probe("call", "f", ())["value"].type == "Sly"


def test_results_that_are_too_large_are_refused(shared):
    shared.run_cell("import numpy as np\ndef f(): return np.zeros(10**8)")
    assert shared.probe("call", "f", ())["error"][0] == ["ResultTooLarge"]
