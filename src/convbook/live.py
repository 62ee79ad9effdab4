"""The book, built again and shown again whenever a file that it is made of changes: ``make live``."""

import os
import subprocess
import sys
from pathlib import Path

import click
from livereload import Server

# What the book is made of; nothing that a build writes.
SOURCES = (
    "_config.yml _toc.yml book/*.md book/references.bib book/_static/** book/experiments/results/* "
    "src/convbook/**/*.py src/convbook/**/*.mjs src/convbook/**/*.css autograder/**/*.py benchmarks/results/*"
).split()


def build(root: Path, command: list[str]) -> bool:
    """Run ``command`` in ``root`` with the programs of this environment; whether the book was built."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    built = subprocess.run(command, cwd=root, env=environment).returncode == 0
    click.echo("Built." if built else "Not built: see above. The next change tries again.")
    return built


def serve(root: Path, port: int, command: list[str]) -> None:
    """Build the book in ``root``, serve it on localhost, and stay until Ctrl-C."""
    build(root, command)
    server = Server()
    for pattern in SOURCES:
        server.watch(str(root / pattern), lambda: build(root, command))
    server.serve(port=port, host="127.0.0.1", root=str(root / "_build" / "html"), restart_delay=0)


@click.command(help="Build the book, serve it, and do so again whenever a file that it is made of changes.")
@click.option("--port", default=8000, show_default=True)
def main(port: int) -> None:
    serve(Path.cwd(), port, ["jupyter-book", "build", "-n", "--keep-going", "."])


if __name__ == "__main__":
    main()
