"""Modules written into one: what they say in a browser is what they would say as files."""

import re

import pytest

from convbook.explorables import linking
from convbook.explorables.base import data_url

FILES = {
    "top.mjs": """import {
  add as plus,
  total,
} from "./left.mjs";
import * as right from "./right.mjs";

const here = "top";
export const told = async () => [plus(2), right.add(3), total(), right.twice, here, await right.later()];
export default { told };
""",
    "left.mjs": """import { add, total } from "./shared.mjs";

const here = "left";
export { add, total };
""",
    "right.mjs": """import { add } from "./shared.mjs";

const here = "right";
export { add };
export const twice = here + here;
export async function later() {
  return here;
}
""",
    "shared.mjs": """let sum = 0;
export function add(value) {
  return (sum += value);
}
export const total = () => sum;
""",
}


@pytest.fixture
def write(monkeypatch):
    """Files that stand in for the package's, after changes of some."""

    def write(**changes):
        written = FILES | {f"{name}.mjs": text for name, text in changes.items()}
        monkeypatch.setattr(linking, "source", written.__getitem__)

    return write


def test_a_module_that_two_import_is_there_once(page, write):
    """Both sums are of one module, and names that files have in common stay apart."""
    write()
    text = linking.module("top.mjs")
    assert text.count("let sum") == 1
    script = (
        "async (url) => { const top = await import(url); return [await top.told(), top.default.told === top.told]; }"
    )
    assert page.evaluate(script, data_url(text)) == [[2, 5, 5, "rightright", "top", "right"], True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"top": 'import right from "./right.mjs";'}, "imports must be .* got 'import right from"),
        ({"left": 'import { s } from "d3";'}, "imports must be .* got 'import { s } from \"d3\";'"),
        ({"shared": "export default 3;"}, r"exports of shared.mjs.* must be names, got 'export default 3;'"),
        ({"right": 'export { add } from "./shared.mjs";'}, r"exports of right.mjs.* got 'export { add } from"),
        ({"left": "export let sum = 3;"}, r"exports of left.mjs.* got 'export let sum = 3;'"),
    ],
)
def test_what_would_be_lost_is_named(write, changes, message):
    write(**changes)
    with pytest.raises(ValueError, match=message):
        linking.module("top.mjs")


def test_every_module_of_the_package_is_valid_alone(page):
    names = sorted(file.name for file in linking.files("convbook.explorables").iterdir() if file.name.endswith(".mjs"))
    assert len(names) > 40
    for name in names:
        exports = page.evaluate("async (url) => Object.keys(await import(url))", data_url(linking.module(name)))
        assert set(re.findall(r"^export (?:async )?(?:function|const) (\w+)", linking.source(name), re.M)) <= set(
            exports
        )
