"""Levels and minutes of the exercises: all have them, and what notebooks and chapters say agrees."""

import re

from submissions import ROOT

from autograder.effort import EFFORT, WRITTEN, ExerciseTable, rows
from autograder.exercises import ASSIGNMENTS, EXERCISES


def test_every_exercise_has_a_level_and_minutes():
    assert list(EFFORT) == list(EXERCISES)
    assert list(WRITTEN) == list(ASSIGNMENTS)
    for effort in (*EFFORT.values(), *WRITTEN.values()):
        assert effort.difficulty in (1, 2, 3)
        assert effort.minutes in range(5, 181, 5)


def test_points_are_those_of_the_notebooks_and_add_up_to_a_hundred():
    for name, written in WRITTEN.items():
        notebook = (ROOT / "solutions" / name / f"{name}.md").read_text()
        assert re.findall(r'\{"written": "\w+", "points": (\d+)\}', notebook) == [str(written.points)]
        assert sum(row[3] for row in rows(name)) == 100


def test_hours_that_a_notebook_mentions_are_near_the_minutes():
    words = {"an": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    for name in ASSIGNMENTS:
        notebook = (ROOT / "solutions" / name / f"{name}.md").read_text()
        for number, part in enumerate(re.split(r"^# Part", notebook, flags=re.MULTILINE)[1:], start=1):
            exercises = [
                f"{name.split('-')[0]}.{function}" for function in re.findall(r"^:grade: (\w+)", part, re.MULTILINE)
            ]
            minutes = sum(EFFORT[exercise].minutes for exercise in exercises)
            minutes += WRITTEN[name].minutes if '{"written"' in part else 0
            said = words[re.search(r"^About (\w+) hour", part, re.MULTILINE)[1]]
            assert abs(60 * said - minutes) <= 20, (name, number, minutes)
        for function, stated in re.findall(r"^\| `(\w+)` \| \d+ \| (\d+) \|", notebook, re.MULTILINE):
            assert EFFORT[f"{name.split('-')[0]}.{function}"].minutes == int(stated)


def test_each_chapter_shows_its_table_and_every_link_has_its_paragraph():
    chapters = sorted((ROOT / "book").glob("0*.md"))
    for name, path in zip(ASSIGNMENTS, chapters, strict=True):
        text = path.read_text()
        assert f'ExerciseTable("{name}")' in text
        for function, address, *_ in rows(name)[:-1]:
            page, label = address.split("#")
            assert f"({label})=" in (ROOT / "book" / page.replace(".html", ".md")).read_text(), function


def test_a_table_shows_every_exercise_and_the_total():
    page = ExerciseTable("hw4-backprop")._repr_html_()
    assert page.count('scope="row"') == len(ASSIGNMENTS["hw4-backprop"]) + 2
    assert "conv_<wbr>backward_<wbr>naive" in page and ">100<" in page
