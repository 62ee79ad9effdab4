"""Command line of the grader."""

import sys

try:
    import click
except ImportError:
    sys.exit("The grader's command line comes with: pip install 'convbook[grade]'")

# jsonschema would build a grammar of web addresses at its import, almost a second, for a format that no notebook has
sys.modules.setdefault("rfc3987_syntax", None)

from autograder.commands.grade import doctor, grade  # noqa: E402
from autograder.commands.notebooks import check, feedback, release  # noqa: E402
from autograder.commands.results import audit, export, gradescope  # noqa: E402


@click.group(help="The grader of this course, from release to grades. Each command's --help shows an example.")
def main() -> None:
    pass


for command in (release, check, grade, feedback, export, audit, gradescope, doctor):
    main.add_command(command)


if __name__ == "__main__":
    main(prog_name="autograder")
