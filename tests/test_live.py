"""``make live`` watches what the book is made of, and nothing that a build writes."""

import sys

import pytest
from submissions import ROOT

from convbook import live

WRITTEN = ("_build", "__pycache__")


@pytest.mark.parametrize("pattern", live.SOURCES)
def test_sources_are_there_and_are_not_written_by_a_build(pattern):
    found = list(ROOT.glob(pattern.removesuffix("/**") + ("/*" if pattern.endswith("/**") else "")))
    assert found
    assert not [path for path in found if set(WRITTEN) & set(path.relative_to(ROOT).parts)]


def test_a_build_that_fails_is_told_and_ends_nothing(tmp_path, capsys):
    assert live.build(tmp_path, [sys.executable, "-c", "open('built', 'w')"]) is True
    assert (tmp_path / "built").exists()
    assert live.build(tmp_path, [sys.executable, "-c", "raise SystemExit(1)"]) is False
    assert capsys.readouterr().out.splitlines() == ["Built.", "Not built: see above. The next change tries again."]
