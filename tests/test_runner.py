"""The worker: runs what students write, knows no answer, and ends without harm to the grader."""

import numpy as np
import pytest

from autograder.runner import ForkEnded, Limits, Worker, WorkerEnded


@pytest.fixture(scope="module")
def shared():
    with Worker() as worker:
        yield worker


def answer(worker, function, *args):
    with worker.fork() as probe:
        return probe("call", function, args)


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
    outcome = answer(shared, "f", x)
    np.testing.assert_array_equal(outcome["value"], 2 * x)
    assert outcome["value"].dtype == np.float32


def test_changed_inputs_are_noticed(shared):
    shared.run_cell("def g(n, x):\n    x += 1\n    return x")
    assert answer(shared, "g", 1, np.zeros(3))["changed inputs"] == [1]


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


@pytest.mark.parametrize(
    "body, reason",
    [
        ("while True: pass", "longer than 1 seconds"),
        ("import os; os._exit(3)", "exit status 3"),
        ("import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
    ],
)
def test_a_case_that_ends_its_fork_leaves_the_worker_alive(body, reason):
    with Worker(Limits(case=1)) as worker:
        worker.run_cell(f"kept = 5\ndef f():\n    {body}")
        with pytest.raises(ForkEnded, match=reason), worker.fork() as probe:
            probe("call", "f", ())
        assert text(worker.run_cell("kept")) == "5"


def test_processor_time_is_limited():
    with Worker(Limits(case=30, cpu=2)) as worker:
        worker.run_cell("def f():\n    while True: pass")
        with pytest.raises(ForkEnded, match="more than 2 seconds of processor time"), worker.fork() as probe:
            probe("call", "f", ())


def test_a_case_that_ignores_the_alarm_ends_the_worker():
    body = "import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass"
    with Worker(Limits(case=0.2)) as worker:
        worker.run_cell(f"def f():\n    {body}")
        with pytest.raises(WorkerEnded, match="longer than"), worker.fork() as probe:
            probe("call", "f", ())


def test_what_a_case_leaves_behind_is_gone_after_it(shared):
    shared.run_cell("seen = []\ndef f(x):\n    seen.append(x)\n    print('hidden', x)\n    return len(seen)")
    with shared.fork() as probe:
        assert [probe("call", "f", (7,))["value"] for _ in range(3)] == [1, 2, 3]
    assert text(shared.run_cell("seen")) == "[]"


def test_sys_exit_in_a_function_is_an_error_of_that_case(shared):
    shared.run_cell("import sys\ndef f(): sys.exit()")
    assert answer(shared, "f")["error"][0] == ["SystemExit"]
    assert text(shared.run_cell("1 + 1")) == "2"


def test_numpy_is_there_even_if_the_import_cell_fails(shared):
    shared.run_cell("import no_such_module\nimport numpy as np")
    assert text(shared.run_cell("int(np.arange(3).sum())")) == "3"


def test_errors_with_strange_messages_are_errors_of_that_case(shared):
    shared.run_cell(
        "class Odd(Exception):\n    def __str__(self): raise ValueError('no words')\n"
        "def f(): raise Odd\ndef g(): raise ValueError('\\ud800')"
    )
    assert answer(shared, "f")["error"] == (["Odd"], "")
    assert answer(shared, "g")["error"] == (["ValueError"], "?")


def test_results_that_are_not_plain_cross_as_names(shared):
    shared.run_cell("class Sly:\n    def __reduce__(self): return (print, ('ran',))\ndef f(): return Sly()")
    assert answer(shared, "f")["value"].type == "Sly"


def test_results_that_are_too_large_are_refused(shared):
    shared.run_cell("import numpy as np\ndef f(): return np.zeros(10**8)")
    assert answer(shared, "f")["error"][0] == ["ResultTooLarge"]
