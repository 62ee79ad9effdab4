"""A run that is killed, at any moment, ends as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file

ARGUMENTS = "--model tiny_net --data digits --limit 640 --epochs 4 --batch 16 --flip --cutout 2 --threads 1".split()
# The process kills itself where a file is about to be, or has just been, replaced for the k-th time.
SUICIDE = """
import os, signal, sys
moment, k = sys.argv.pop(1), int(sys.argv.pop(1))
replace, count = os.replace, 0
def deadly(*files):
    global count
    count += 1
    if count == k and moment == "before": os.kill(os.getpid(), signal.SIGKILL)
    replace(*files)
    if count == k and moment == "after": os.kill(os.getpid(), signal.SIGKILL)
os.replace = deadly
from convbook.train.__main__ import main
main()
"""


def process(out, *more, code=None):
    command = [sys.executable, *(["-c", SUICIDE, *code] if code else ["-m", "convbook.train"]), *ARGUMENTS]
    return subprocess.Popen([*command, "--out", str(out), *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def result(out):
    log = json.loads((out / "log.json").read_text())
    rows = [{key: value for key, value in row.items() if "seconds" not in key} for row in log["epochs"]]
    return rows, load_file(out / "weights.safetensors")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed")
    assert process(out).wait() == 0
    return result(out)


def check(out, undisturbed):
    assert process(out, "--resume").wait() == 0
    rows, weights = result(out)
    assert rows == undisturbed[0] and len(rows) == 4 and weights.keys() == undisturbed[1].keys()
    for name, value in weights.items():
        np.testing.assert_array_equal(value, undisturbed[1][name])


@pytest.mark.parametrize(
    ("moment", "k"),
    # an epoch replaces the checkpoint, then the log
    [("before", 1), ("after", 3)],
    ids=["first checkpoint not yet there", "second checkpoint there, log not"],
)
def test_killed_while_writing(tmp_path, undisturbed, moment, k):
    assert process(tmp_path, code=(moment, str(k))).wait() == -signal.SIGKILL
    check(tmp_path, undisturbed)


def test_killed_within_an_epoch(tmp_path, undisturbed):
    run, log = process(tmp_path), tmp_path / "log.json"
    end = time.monotonic() + 60
    while not log.exists() or len(json.loads(log.read_text())["epochs"]) < 2:
        assert run.poll() is None and time.monotonic() < end
        time.sleep(0.005)
    took = json.loads(log.read_text())["epochs"][-1]["train_seconds"]
    time.sleep(took / 2)
    os.kill(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    assert len(json.loads(log.read_text())["epochs"]) == 2 and not (tmp_path / "weights.safetensors").exists()
    check(tmp_path, undisturbed)
