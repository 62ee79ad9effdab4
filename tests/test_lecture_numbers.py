"""The table of the lectures' numbers as a whole; each chapter's entries are recomputed in a file of its own."""

import subprocess
import sys

import pytest

from convbook.lecture_numbers import CHAPTERS, NUMBERS, Number, as_text, is_slip, slips, slips_table


def test_no_key_stands_in_two_chapters():
    assert sum(map(len, CHAPTERS.values())) == len(NUMBERS)


def test_every_slip_has_its_sentence():
    assert all(number.note for number in slips().values())
    with pytest.raises(KeyError):
        slips("no such chapter")


def test_a_number_that_is_not_printed_is_no_slip():
    assert not is_slip(Number("lecture", "value", 1))
    assert is_slip(Number("lecture", "value", 1, printed=2))


def test_slips_table_is_text():
    rows = slips_table()
    assert len(rows) == len(slips())
    assert all(isinstance(cell, str) for row in rows for cell in row)
    assert as_text(4_294_967_296) == "4,294,967,296"


def test_importing_the_table_does_not_import_torch():
    code = "import sys; import convbook.lecture_numbers; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        NUMBERS["c182.image.size"] = None
    with pytest.raises(AttributeError):
        NUMBERS["c182.image.size"].corrected = 3
