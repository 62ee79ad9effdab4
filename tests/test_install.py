"""What a student installs: NumPy, matplotlib and widgets, but neither PyTorch nor nbgrader."""

import shutil
import subprocess
import sys
import tomllib

from submissions import ROOT

BLOCK = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in REFUSED:
            raise ImportError(name + " is not installed here")
sys.meta_path.insert(0, Refuse())
"""


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def run_without(refused, code):
    command = [sys.executable, "-c", f"REFUSED = {refused!r}\n{BLOCK}\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_plain_install_is_light():
    names = {requirement.split(">")[0].split("=")[0] for requirement in project()["dependencies"]}
    assert names == {"numpy", "matplotlib", "anywidget", "pillow"}  # pillow is what matplotlib reads pictures with


def test_requirements_pin_what_the_extras_ask_for():
    pinned = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line)
    assert (pinned["torch"], pinned["jupyter-book"], pinned["nbgrader"]) == ("2.13.0", "1.0.4.post1", "0.9.6")
    wanted = [*project()["dependencies"], *sum(project()["optional-dependencies"].values(), [])]
    names = {requirement.split(">")[0].split("=")[0].split("[")[0] for requirement in wanted} - {"convbook"}
    assert names == set(pinned)


def test_check_and_kernels_need_numpy_alone():
    heavy = [
        "torch",
        "nbgrader",
        "scipy",
        "IPython",
        "matplotlib",
        "anywidget",
        "ipywidgets",
        "click",
        "tqdm",
        "nbformat",
    ]
    code = "from autograder import check; check('hw2.out_size', lambda n, k, s=1, p=0, d=1: (n - k) // s + 1)"
    result = run_without(heavy, code)
    assert result.returncode == 0, result.stderr
    assert "The padding makes no difference to your result." in result.stdout


def test_the_explorable_needs_no_torch():
    result = run_without(
        ["torch", "nbgrader", "scipy"], "from convbook.explorables import Conv2d; print(Conv2d().output.shape)"
    )
    assert result.stdout == "(2, 5, 5)\n", result.stderr


def test_the_wheel_holds_what_it_needs(tmp_path):
    source = tmp_path / "source"  # setuptools leaves a build folder beside what it builds
    for name in ("src", "autograder"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "installed"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(target)], check=True)
    shipped = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    for folder, name in (("src/convbook", "convbook"), ("autograder", "autograder")):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".mjs", ".css", ".json", ".safetensors"):
                assert f"{name}/{path.relative_to(ROOT / folder)}" in shipped
