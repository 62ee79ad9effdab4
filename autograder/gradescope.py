"""A Gradescope autograder as a zip file: this grader, one assignment and the course's secret.

Gradescope (autograder specifications) unpacks the zip into ``/autograder/source``, runs ``setup.sh`` once as root
to build an image, and ``run_autograder`` for each submission in a container of its own.
"""

import json
import zipfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import autograder
import convbook
from autograder.submission import Setup

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
SMALL_TORCH = "--extra-index-url https://download.pytorch.org/whl/cpu\n"  # without CUDA, some gigabytes less
NEEDS = ("numpy", "nbgrader", "pyseccomp", "jupytext", "ipykernel")

SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image.
set -euo pipefail
ROOT="${AUTOGRADER_ROOT:-/autograder}"
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -qy --no-install-recommends python3 python3-venv bubblewrap libseccomp2
fi
for python in ${AUTOGRADER_BASE_PYTHON:-python3.14 python3.13 python3.12 python3.11 python3} none; do
    if [ "$python" = none ]; then
        echo "Python 3.11 or newer is needed: choose a newer base image, such as Ubuntu 24.04" >&2
        exit 1
    fi
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && break
done
"$python" -m venv "$ROOT/python"
"$ROOT/python/bin/python" -m pip install -q -r "$ROOT/source/requirements.txt"
chmod -R go-rwx "$ROOT/source"  # hidden cases are drawn from what lies there
"""
RUN = """\
#!/usr/bin/env bash
set -euo pipefail
ROOT="${AUTOGRADER_ROOT:-/autograder}"
cd "$ROOT/source"
exec "${AUTOGRADER_PYTHON:-$ROOT/python/bin/python}" -m autograder.gradescope_run "$ROOT"
"""


def write_zip(setup: Setup, config: Path, target: Path, visibility: str = "visible") -> Path:
    """Write the zip of an assignment: for instructors alone, since it holds the secret and the answers.

    ``config``: the course's ``nbgrader_config.py``. ``visibility``: when students see the tests that give points,
    one of :data:`VISIBILITIES`.
    """
    if visibility not in VISIBILITIES:
        raise ValueError(f"visibility is {visibility!r}, expected one of {', '.join(VISIBILITIES)}")
    allowed = {name for exercise in setup.exercises for name in exercise.allowed}
    told = {
        "master": asdict(setup.master),
        "limits": asdict(setup.limits),
        "book": setup.book,
        "visibility": visibility,
    }
    files = {
        "setup.sh": SETUP,
        "run_autograder": RUN,
        "requirements.txt": (SMALL_TORCH if "torch" in allowed else "")
        + "".join(f"{name}=={released(name)}\n" for name in [*NEEDS, *sorted(allowed)]),
        "assignment.json": json.dumps(told, ensure_ascii=False, indent=1),
        "course_secret": setup.secret.decode(),
        "nbgrader_config.py": config.read_text(encoding="utf-8"),
    }
    for package in (autograder, convbook):
        folder = Path(package.__file__).parent
        for path in sorted(folder.rglob("*.py")):
            files[f"{folder.name}/{path.relative_to(folder).as_posix()}"] = path.read_text(encoding="utf-8")
    half = target.with_name(f".{target.name}.part")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            member = zipfile.ZipInfo(name)  # of 1980, so that the same course gives the same zip
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o100755 if name in ("setup.sh", "run_autograder") else 0o100600) << 16
            bundle.writestr(member, text)
    half.chmod(0o600)
    half.replace(target)
    return target


def released(name: str) -> str:
    """The installed version of a package, without what marks a build (2.13.0+cpu is 2.13.0 on PyPI)."""
    return version(name).partition("+")[0]
