"""The map of the book: every box is a section of its chapter, and nothing needs itself, however far round."""

import graphlib
import re

from submissions import ROOT

from convbook.concept_map import CONCEPTS, LINKS, MAP, PLACES, listing, picture


def test_every_concept_is_a_section_of_its_chapter():
    assert [chapter.page for chapter in MAP] == [path.stem for path in sorted((ROOT / "book").glob("0*.md"))]
    for chapter in MAP:
        text = (ROOT / "book" / f"{chapter.page}.md").read_text()
        assert re.search(rf"^# {re.escape(chapter.title)}", text, re.MULTILINE), chapter.title
        for concept in chapter.concepts:
            assert f"({concept.label})=\n" in text, concept.label
    assert len(CONCEPTS) == sum(len(chapter.concepts) for chapter in MAP)


def test_needs_are_concepts_of_this_or_an_earlier_chapter_without_a_circle():
    graph = {label: concept.needs for label, concept in CONCEPTS.items()}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(CONCEPTS)
    for label, needs in graph.items():
        assert all(PLACES[needed][1] <= PLACES[label][1] for needed in needs), label
    assert {needed for needs in graph.values() for needed in needs} <= set(CONCEPTS)


def test_no_two_boxes_lie_on_one_place():
    assert len(set(PLACES.values())) == len(PLACES)


def test_picture_and_list_say_the_same():
    edges = sum(len(concept.needs) for concept in CONCEPTS.values())
    drawn = re.findall(r'data-from="([\w-]+)" data-to="([\w-]+)"', picture())
    assert len(drawn) == edges and all(needed in CONCEPTS[label].needs for needed, label in drawn)
    assert set(re.findall(r'href="([^"]+#[^"]+)"', picture())) == set(LINKS.values())
    assert listing().count("<a ") == len(CONCEPTS) + edges + len(MAP)
    assert listing().count("<ul>") == listing().count("</ul>") == len(MAP)
