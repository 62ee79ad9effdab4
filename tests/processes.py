"""What a command starts, and what is left of it: others may run the same command at the same time."""

import subprocess
import tempfile
import time


def listing() -> dict[tuple[str, str], str]:
    """``{(process id, its command): its parent's id}`` of all that run here; an id alone may soon be another's."""
    told = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,stat=,args="], text=True, errors="replace")
    rows = [line.split(None, 3) for line in told.splitlines()]
    return {(row[0], row[3]): row[1] for row in rows if len(row) == 4 and not row[2].startswith("Z")}


def started_by(process: subprocess.Popen) -> set[tuple[str, str]]:
    """What ``process`` has started and still runs, and what these have started."""
    parents, found, ids = listing(), set(), {str(process.pid)}
    while more := {key for key, parent in parents.items() if parent in ids} - found:
        found |= more
        ids |= {pid for pid, _ in more}
    return found


def left_of(started: set[tuple[str, str]], seconds: float = 20) -> list[str]:
    """Which of them still run after as many seconds; returns as soon as none does."""
    deadline = time.monotonic() + seconds
    while (left := started & listing().keys()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return [" ".join(key) for key in left]


def run_watched(command: list[str], timeout: float, **options) -> tuple[subprocess.CompletedProcess, set]:
    """As ``subprocess.run`` with its output, and what was started meanwhile, looked at twice a second."""
    deadline, started = time.monotonic() + timeout, set()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, **options)
        while process.poll() is None:
            started |= started_by(process)
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise TimeoutError(f"{command} took longer than {timeout} seconds")
            time.sleep(0.5)
        told = []
        for file in (out, err):
            file.seek(0)
            told.append(file.read().decode(errors="replace"))
    return subprocess.CompletedProcess(command, process.returncode, *told), started
