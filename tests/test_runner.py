"""The worker: runs what students write, knows no answer, and ends without harm to the grader."""

import numpy as np
import pytest

from autograder.plain import pack
from autograder.runner import ForkEnded, Limits, Server, WorkerEnded


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        yield server


@pytest.fixture
def worker(server):
    with server.begin() as worker:
        yield worker


def answers(worker, function, *cases, each=True):
    worker.snapshot(function)
    return list(worker.answers(function, pack([("call", function, args) for args in cases]), each))


def answer(worker, function, *args):
    return answers(worker, function, args)[0]


def text(outputs) -> str:
    return "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)


def test_cells_share_a_namespace_and_show_results(worker):
    assert worker.run_cell("a = 20") == []
    outputs = worker.run_cell("print('hello')\na + 1")
    assert outputs[0] == {"output_type": "stream", "name": "stdout", "text": "hello\n"}
    assert outputs[1]["output_type"] == "execute_result"
    assert outputs[1]["data"]["text/plain"] == "21"


def test_errors_come_as_error_outputs(worker):
    (output,) = worker.run_cell("1 / 0")
    assert (output["output_type"], output["ename"]) == ("error", "ZeroDivisionError")
    assert any("division by zero" in line for line in output["traceback"])


def test_notebook_magic_works(worker):
    assert "hello" in text(worker.run_cell("!echo hello"))
    assert text(worker.run_cell("%timeit -n1 -r1 pass")) != ""


def test_arrays_cross_both_ways(worker):
    worker.run_cell("def f(x): return x * 2")
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    outcome = answer(worker, "f", x)
    np.testing.assert_array_equal(outcome["value"], 2 * x)
    assert outcome["value"].dtype == np.float32


def test_changed_inputs_are_noticed(worker):
    worker.run_cell("def g(n, x):\n    x += 1\n    return x")
    assert answer(worker, "g", 1, np.zeros(3))["changed inputs"] == [1]


@pytest.mark.parametrize("module", ["convbook", "convbook.kernels", "torch", "scipy.signal", "nbgrader"])
def test_what_would_give_the_answer_is_not_there(worker, module):
    (output,) = worker.run_cell(f"import {module}")
    assert output["ename"] == "ImportError"
    assert "is not available while this exercise is graded" in output["evalue"]


def test_the_process_holds_no_reference_no_case_and_no_environment(worker):
    worker.run_cell("import sys, os, gc")
    loaded = text(
        worker.run_cell("print(sorted(m for m in sys.modules if m.split('.')[0] in ('convbook', 'autograder')))")
    )
    assert loaded == "['autograder']\n"
    assert text(worker.run_cell("import autograder; print(autograder.check('hw2.out_size', len))")) == "None\n"
    names = set(eval(text(worker.run_cell("print(sorted(os.environ))"))))
    assert names <= {"PATH", "HOME", "IPYTHONDIR", "MPLCONFIGDIR", "MPLBACKEND", "OPENBLAS_NUM_THREADS"} | {
        "OMP_NUM_THREADS",
        "CUDA_VISIBLE_DEVICES",
        "LANG",
        "LC_CTYPE",
        "MKL_NUM_THREADS",
        "TMPDIR",
        "PWD",
        "OPENBLAS_CORETYPE",
        "OPENBLAS_L2_SIZE",
    }


def test_long_output_is_cut(worker):
    printed = text(worker.run_cell("print('x' * 10_000_000)"))
    assert 50_000 <= len(printed) < 60_000


@pytest.mark.parametrize(
    "cell, reason",
    [
        ("import os; os._exit(0)", "exit status 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
        ("while True: pass", "longer than 2 seconds"),
        (
            "import os\nfor fd in range(64):\n    try: os.write(fd, b'\\xff' * 64)\n    except OSError: pass",
            "ended|read|closed|longer|larger",
        ),
        (
            "import os\nfor fd in range(64):\n    try: os.close(fd)\n    except OSError: pass",
            "ended|read|closed|longer|larger",
        ),
    ],
)
def test_cells_that_end_python_end_only_their_own(cell, reason):
    with Server(Limits(cell=2)) as server:
        with server.begin() as worker, pytest.raises(WorkerEnded, match=reason):
            worker.run_cell(cell)
            worker.run_cell("1 + 1")
        with server.begin() as worker:
            assert text(worker.run_cell("1 + 1")) == "2"


def test_memory_is_limited():
    with Server(Limits(memory=2**30)) as server, server.begin() as worker:
        (output,) = worker.run_cell("x = bytearray(2**31)")
        assert output["ename"] == "MemoryError"


def test_memory_of_all_processes_together_is_limited():
    many = "import os, time\nfor _ in range(4):\n    if os.fork() == 0: break\nx = b'x' * 2**28\ntime.sleep(20)"
    with Server(Limits(memory=2**29, cell=20)) as server, server.begin() as worker:
        with pytest.raises(WorkerEnded, match=r"more than 0\.5 GiB of memory"):
            worker.run_cell(many)


@pytest.mark.parametrize(
    "body, reason",
    [
        ("while True: pass", "longer than 1 seconds"),
        ("import os; os._exit(3)", "exit status 3"),
        ("import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
    ],
)
def test_a_case_that_ends_its_fork_leaves_the_rest_alive(body, reason):
    with Server(Limits(case=1)) as server, server.begin() as worker:
        worker.run_cell(f"kept = 5\ndef f():\n    {body}\ndef g(): return kept")
        worker.snapshot("g")
        with pytest.raises(ForkEnded, match=reason):
            answer(worker, "f")
        assert text(worker.run_cell("kept")) == "5"
        assert list(worker.answers("g", pack([("call", "g", ())])))[0]["value"] == 5


def test_processor_time_is_limited():
    with Server(Limits(case=30, cpu=2)) as server, server.begin() as worker:
        worker.run_cell("def f():\n    while True: pass")
        with pytest.raises(ForkEnded, match="more than 2 seconds of processor time"):
            answer(worker, "f")


def test_the_time_of_a_whole_notebook_is_limited():
    with Server(Limits(total=1)) as server, server.begin() as worker:
        with pytest.raises(WorkerEnded, match="the notebook took longer than 1 seconds"):
            worker.run_cell("import time; time.sleep(10)")


def test_a_case_that_ignores_the_alarm_ends_the_submission_and_not_the_next():
    body = "import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass"
    with Server(Limits(case=0.2)) as server:
        with server.begin() as worker:
            worker.run_cell(f"def f():\n    {body}")
            with pytest.raises(WorkerEnded, match="longer than"):
                answer(worker, "f")
        with server.begin() as worker:
            assert text(worker.run_cell("1 + 1")) == "2"


def test_what_a_case_leaves_behind_is_gone_after_it(worker):
    worker.run_cell("seen = []\ndef f(x):\n    seen.append(x)\n    print('hidden', x)\n    return len(seen)")
    assert [outcome["value"] for outcome in answers(worker, "f", (7,), (7,), (7,))] == [1, 2, 3]
    assert text(worker.run_cell("seen")) == "[]"


def test_a_snapshot_answers_as_things_stood(worker):
    worker.run_cell("def f(): return 1")
    worker.snapshot("f")
    worker.run_cell("def f(): return 2")
    assert list(worker.answers("f", pack([("call", "f", ())])))[0]["value"] == 1


def test_many_steps_at_one_go_end_at_the_one_that_ends_python(server):
    with server.begin() as worker:
        steps = [{"cell": "a = 1"}, {"snapshot": "a"}, {"cell": "import os; os._exit(9)"}, {"cell": "a"}]
        done = worker.run(steps)
        assert [next(done), next(done)] == [[], None]
        with pytest.raises(WorkerEnded, match="exit status 9"):
            next(done)


def test_a_large_notebook_that_ends_early_does_not_confuse_the_next(server):
    """What was written for it and never read is passed over, wherever it is cut."""
    for size in (10, 70_000, 3_000_000):
        with server.begin() as worker, pytest.raises(WorkerEnded, match="exit status 1"):
            list(worker.run([{"cell": "import os; os._exit(1)"}, *({"cell": "#" * size} for _ in range(5))]))
        with server.begin() as worker:
            assert text(worker.run_cell("1 + 1")) == "2"


def test_sys_exit_in_a_function_is_an_error_of_that_case(worker):
    worker.run_cell("import sys\ndef f(): sys.exit()")
    assert answer(worker, "f")["error"][0] == ["SystemExit"]
    assert text(worker.run_cell("1 + 1")) == "2"


def test_numpy_is_there_even_if_the_import_cell_fails(worker):
    worker.run_cell("import no_such_module\nimport numpy as np")
    assert text(worker.run_cell("int(np.arange(3).sum())")) == "3"


def test_errors_with_strange_messages_are_errors_of_that_case(worker):
    worker.run_cell(
        "class Odd(Exception):\n    def __str__(self): raise ValueError('no words')\n"
        "def f(): raise Odd\ndef g(): raise ValueError('\\ud800')"
    )
    assert answer(worker, "f")["error"] == (["Odd"], "")
    assert answer(worker, "g")["error"] == (["ValueError"], "?")


def test_results_that_are_not_plain_cross_as_names(worker):
    worker.run_cell("class Sly:\n    def __reduce__(self): return (print, ('ran',))\ndef f(): return Sly()")
    assert answer(worker, "f")["value"].type == "Sly"


def test_results_that_are_too_large_are_refused(worker):
    worker.run_cell("import numpy as np\ndef f(): return np.zeros(10**8)")
    assert answer(worker, "f")["error"][0] == ["ResultTooLarge"]
