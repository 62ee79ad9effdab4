"""Questions of the chapters: each has one answer, the right one; they work by mouse, by keyboard, without scripts."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from submissions import ROOT
from torch import nn
from torch.nn import functional

from convbook import detection
from convbook.questions import Question, QuestionError, parse
from convbook.questions.values import evaluate, real, written

BLOCK = re.compile(r"^```\{question\} (\S+)\n((?::\w+: [^\n]*\n)*)(.*?)^```$", re.DOTALL | re.MULTILINE)


def read(text: str) -> dict[str, tuple[dict, Question]]:
    found = {}
    for id, options, body in BLOCK.findall(text):
        options = dict(re.findall(r"^:(\w+): (.*)$", options, re.MULTILINE))
        assert id not in found, id
        found[id] = options, parse(options.get("kind", "choice"), body.strip("\n").split("\n"))
    return found


CHAPTERS = {path.stem: read(path.read_text()) for path in sorted(Path(ROOT, "book").glob("0*.md"))}
QUESTIONS = {id: question for questions in CHAPTERS.values() for id, question in questions.items()}


def field(*layers) -> int:
    """Width of the receptive field of one output, by lighting one pixel after the other."""
    size = 41
    x = torch.eye(size).reshape(size, 1, 1, size)
    for k, s in layers:
        x = functional.conv1d(x.reshape(size, 1, -1), torch.ones(1, 1, k), stride=s)
    reached = x[:, 0, x.shape[2] // 2] > 0
    return int(reached.sum())


def parameters(layer: nn.Module) -> int:
    return sum(p.numel() for p in layer.parameters())


def corner_of_box() -> int:
    x = torch.ones(1, 1, 16, 16, requires_grad=True)
    ones = torch.ones(1, 1, 3, 3)
    inner = functional.avg_pool2d(functional.conv2d(x, ones, padding=1), 2)
    functional.conv2d(inner, ones, padding=1)[0, 0, 0, 0].backward()
    return int((x.grad[0, 0, 0] > 0).sum())


def chain_kept() -> int:
    """Three boxes in a row, each shifted by the same, so that neighbours overlap by six tenths."""
    step = (1 - 0.6) / (1 + 0.6)
    boxes = np.array([[n * step, 0, n * step + 1, 1] for n in range(3)])
    overlaps = detection.box_iou(boxes, boxes)
    assert math.isclose(overlaps[0, 1], 0.6) and overlaps[0, 2] < 0.5
    return len(detection.nms(boxes, np.array([0.9, 0.8, 0.7]), 0.5))


def flat_corner() -> float:
    blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).reshape(1, 1, 3, 3) / 16
    return functional.conv2d(torch.full((1, 1, 4, 4), 200.0), blur, padding=1)[0, 0, 0, 0].item()


def turned() -> float:
    return sum(w * k for w, k in zip([1, 0, 0, 2], [4, 3, 2, 1], strict=True))


def multiply_adds() -> int:
    return sum(8 for _filter in range(16) for _place in range(10 * 10) for _tap in range(3 * 3))


def bottleneck() -> int:
    layers = nn.Conv2d(256, 64, 1, bias=False), nn.Conv2d(64, 64, 3, bias=False), nn.Conv2d(64, 256, 1, bias=False)
    return sum(map(parameters, layers))


def separable_share() -> float:
    dense, depthwise, pointwise = 8 * 64 * 9, 8 * 9, 8 * 64
    return (depthwise + pointwise) / dense


def same_side() -> int:
    sides = [
        functional.conv2d(torch.ones(1, 1, 40, 40), torch.ones(1, 1, 5, 5), padding=p, dilation=3) for p in range(9)
    ]
    return [side.shape[3] for side in sides].index(40)


def deep() -> int:
    return 1 + sum(3 for blocks in (3, 8, 36, 3) for _ in range(blocks)) + 1


def gradient_of_skips() -> float:
    x = h = torch.ones(1, requires_grad=True)
    for _ in range(3):
        h = h + torch.relu(0.5 * h)
    h.backward()
    return x.grad.item()


def overlap() -> float:
    """By painting both boxes."""
    one, other = np.zeros((2, 8, 8), bool)
    one[0:4, 0:4] = other[2:6, 2:6] = True
    return (one & other).sum() / (one | other).sum()


def drawn_precision() -> float:
    truth = np.array([[0.0, 0, 1, 1], [5, 5, 6, 6]])
    found = np.array([[0.0, 0, 1, 1], [8, 8, 9, 9], [5, 5, 6, 6]])
    return float(detection.average_precision([(found, np.array([0.9, 0.8, 0.7]))], [truth]))


def anchor_width() -> float:
    """The side that keeps the area of the square and is a quarter of the height."""
    return next(w for w in np.arange(1, 64) if w * 4 * w == 32 * 32)


def pooled_cam() -> float:
    acts, grads = np.array([3.0, 5.0]).reshape(2, 1, 1), np.array([1.0, -1.0]).reshape(2, 1, 1)
    return np.maximum((grads.mean((1, 2), keepdims=True) * acts).sum(0), 0).item()


ANSWERS = {
    "filters-wrap": lambda: int((np.uint8([200]) + np.uint8([100]))[0]),
    "filters-turned": turned,
    "filters-dark-corner": flat_corner,
    "conv2d-alexnet-size": lambda: nn.Conv2d(1, 1, 11, 4, 2)(torch.ones(1, 1, 224, 224)).shape[2],
    "conv2d-gap-head": lambda: parameters(nn.Linear(512, 1000)),
    "conv2d-macs": multiply_adds,
    "conv2d-field": lambda: field((3, 1), (2, 2), (3, 1), (3, 1)),
    "groups-count": lambda: parameters(nn.Conv2d(64, 32, 3, groups=4)),
    "groups-separable-ratio": separable_share,
    "groups-keep-size": same_side,
    "backprop-toeplitz-shape": lambda: len(np.convolve(np.ones(8), np.ones(3), "valid")) * 8,
    "backprop-transposed-size": lambda: nn.ConvTranspose2d(1, 1, 4, 2, 1)(torch.ones(1, 1, 7, 7)).shape[2],
    "resnets-three-skips": gradient_of_skips,
    "resnets-bottleneck-weights": bottleneck,
    "resnets-depth-rule": deep,
    "resnets-dense-channels": lambda: torch.cat([torch.ones(64)] + [torch.ones(32)] * 6).numel(),
    "visualization-box": corner_of_box,
    "visualization-cam-place": pooled_cam,
    "detection-iou-by-hand": overlap,
    "detection-anchor-width": anchor_width,
    "detection-chain": chain_kept,
    "detection-ap-by-hand": drawn_precision,
}


def test_every_number_has_an_answer_of_its_own():
    assert set(ANSWERS) == {id for id, (_, question) in QUESTIONS.items() if question.kind == "number"}


@pytest.mark.parametrize("id", ANSWERS)
def test_the_answer_is_what_an_independent_computation_gives(id):
    options, question = QUESTIONS[id]
    answer, tolerance = real(options["answer"]), real(options.get("tolerance", "0"))
    assert abs(ANSWERS[id]() - answer) <= tolerance + 1e-6
    assert all(abs(real(entry.head) - answer) > tolerance for entry in question.entries)


def test_every_chapter_asks_five_to_seven_questions_of_several_kinds():
    assert sum(map(len, CHAPTERS.values())) == len(QUESTIONS)  # an id stands in one chapter
    for chapter, questions in CHAPTERS.items():
        assert 5 <= len(questions) <= 7, chapter
        assert len({question.kind for _, question in questions.values()}) >= 3, chapter
        text = Path(ROOT, "book", f"{chapter}.md").read_text()
        assert text.count("```{progress}") == 1
        assert text.index("```{progress}") > max(text.index(f"{{question}} {id}\n") for id in questions)


def test_options_have_words_for_those_who_listen():
    for id, (_, question) in QUESTIONS.items():
        for entry in question.entries:
            assert question.kind == "number" or re.sub(r"\$[^$]*\$", "", entry.head).strip(), (id, entry.head)


def test_values_within_the_sentences_can_be_computed():
    for path in Path(ROOT, "book").glob("0*.md"):
        for expression in re.findall(r"\{value\}`([^`]+)`", path.read_text()):
            assert written(expression)


def test_claims_of_the_choices():
    from convbook import kernels as K

    def unread(dilations):
        read = {0}
        for d in dilations:
            read = {place + step * d for place in read for step in (-1, 0, 1)}
        return set(range(min(read), max(read) + 1)) - read

    assert [bool(unread(stack)) for stack in [(2, 2, 2), (2, 4, 8), (1, 2, 5), (1, 2, 8)]] == [True, True, False, True]
    bank = torch.ones(32, 16, 1, 1)
    lit = functional.conv2d(torch.eye(64)[:, :, None, None], bank, groups=4)[:, :, 0, 0]
    for entry in QUESTIONS["groups-who-reads"][1].entries:
        left, channels = entry.sides
        first, last = map(int, channels.split(" to "))
        assert torch.nonzero(lit[:, int(left.split()[1])]).flatten().tolist() == list(range(first, last + 1))
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4))
    w = np.random.default_rng(1).normal(size=(6, 3))
    pointwise = K.conv2d(x, w[:, :, None, None])
    assert np.allclose((x.transpose(0, 2, 3, 1) @ w.T).transpose(0, 3, 1, 2), pointwise)
    _, cache, _ = K.batch_norm2d(x, np.ones(3), np.zeros(3))
    dx, *_ = K.batch_norm2d_backward(np.ones_like(x), cache)
    assert np.allclose(dx, 0, atol=1e-9)
    scores = torch.arange(2 * 6 * 2 * 3).reshape(2, 6, 2, 3)  # k = 3
    rows = scores.permute(0, 2, 3, 1).reshape(2, 18, 2)
    assert rows[1, (1 * 3 + 2) * 3 + 1].tolist() == scores[1, 2:4, 1, 2].tolist()
    window = np.array([[5.0, 5], [1, 5]]).reshape(1, 1, 2, 2)
    assert K.max_pool2d_backward(np.ones((1, 1, 1, 1)), window, 2).ravel().tolist() == [1, 0, 0, 0]


def test_a_bad_question_says_what_is_wrong():
    options = ["+ one", "  Yes.", "- two", "  No."]
    for body, said in [
        (options, "no text"),
        (["Text?", *options, "+ three", "  Yes."], "here are 2"),
        (["Text?", "+ one", "- two", "  No."], "'one' has no sentence"),
        (["Text?", *options, "- two", "  No."], "'two' stands here twice"),
        (["Text?", *options, "and more"], "'and more' neither"),
        (["Text?", "+ one", "  Yes."], "too few entries for kind 'choice': 1"),
    ]:
        with pytest.raises(QuestionError, match=said):
            parse("choice", body)
    with pytest.raises(QuestionError, match="kind is 'essay'"):
        parse("essay", ["Text?"])
    with pytest.raises(QuestionError, match="says why"):
        parse("number", ["Text?", "- 1", "  No."])
    with pytest.raises(QuestionError, match="is no pair"):
        parse("match", ["Text?", "- one => two", "  So.", "- three", "  So.", "= So."])
    with pytest.raises(ValueError, match="'no key' is no key"):
        evaluate("number('no key')")
    with pytest.raises(ValueError, match="expected a finite number"):
        real("lenet.sizes")


PAGE = """# Questions

A page with a question of every kind, among them one with a formula.

```{question} pick
Which is $2^2$?

+ $4$
  Two times two.
- $8$
  That is the third power.
```

```{question} size
:kind: number
:answer: `conv_output_size(7, 3)`
:unit: pixels

Seven pixels, kernel 3?

- `7`
  Nothing is padded.
= $7 - 3 + 1$.
```

```{question} steps
:kind: order

In which order?

1. wake
   It comes first.
2. work
   It needs you awake.
3. sleep
   It comes last.
= As every day.
```

```{question} pairs
:kind: match

Which is which?

- stride => steps
  The stride is the step.
- padding => border
  The padding is a border.
= Names.
```

```{progress}
```
"""


def build(folder: Path, page: str) -> subprocess.CompletedProcess:
    (folder / "book").mkdir(exist_ok=True)
    (folder / "book/page.md").write_text(page)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/page\n")
    for source in (ROOT / "book").glob("_*"):  # what the extension puts on pages
        (folder / "book" / source.name).symlink_to(source)
    (folder / "exercises").symlink_to(ROOT / "exercises")
    (folder / "book/references.bib").write_text("")
    (folder / "_config.yml").write_text((ROOT / "_config.yml").read_text())
    environment = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
    command = ["jupyter-book", "build", "-W", "-n", "--keep-going", "."]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    done = build(folder, PAGE)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return (folder / "_build/html/book/page.html").as_uri()


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("conv_output_size(7, 3)", "no.such.key", "page.md:14: question 'size': 'no.such.key' is neither a key"),
        ("{question} size", "{question} pick", "question 'pick': this id stands in book/page, line 5"),
        ("- $8$", "+ $8$", "question 'pick': one option must be right, written '+ ...'; here are 2"),
    ],
)
def test_a_bad_question_fails_the_build_and_is_named(tmp_path, old, new, said):
    assert PAGE.count(old) == 1
    done = build(tmp_path, PAGE.replace(old, new))
    assert done.returncode != 0
    assert said in done.stdout + done.stderr, (done.stdout + done.stderr)[-1500:]


def test_every_kind_by_mouse(page, asked):
    page.goto(asked)
    pick, size, steps, pairs = (page.locator(f"#q-{id}") for id in ("pick", "size", "steps", "pairs"))
    count = page.locator(".q-count")
    assert count.inner_text() == "0 of 4 answered."
    pick.locator(".q-option").nth(1).click()
    assert "third power" in pick.get_by_role("status").inner_text()
    assert count.inner_text() == "0 of 4 answered."
    pick.locator(".q-option").nth(0).click()
    assert "Two times two" in pick.get_by_role("status").inner_text()
    assert pick.locator(".q-title").inner_text() == "Question 1 ✓ answered"
    for typed, said in [("seven", "Type a number"), ("7", "Nothing is padded"), ("6", "less than"), ("5.0", "Right")]:
        size.get_by_label("Your answer").fill(typed)
        size.get_by_role("button", name="Check").click()
        assert said in size.get_by_role("status").inner_text()
    while (order := steps.locator("li > span:nth-child(2)").all_inner_texts()) != ["wake", "work", "sleep"]:
        wrong = next(n for n, word in enumerate(["wake", "work", "sleep"]) if order[n] != word)
        box = steps.locator("li").filter(has_text=["wake", "work", "sleep"][wrong]).bounding_box()
        to = steps.locator("li").nth(wrong).bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 10)
        page.mouse.down()
        page.mouse.move(to["x"] + 60, to["y"] + 2, steps=8)
        page.mouse.up()
    steps.get_by_role("button", name="Check").click()
    assert "As every day" in steps.get_by_role("status").last.inner_text()
    for select, side in zip(pairs.locator("select").all(), ["border", "border"], strict=True):
        select.select_option(side)
    pairs.get_by_role("button", name="Check").click()
    assert "1 of 2 are right" in pairs.get_by_role("status").inner_text()
    pairs.locator("select").first.select_option("steps")
    pairs.get_by_role("button", name="Check").click()
    assert count.inner_text() == "4 of 4 answered, 1 at the first try."


def test_every_kind_by_keyboard_kept_and_forgotten(page, asked):
    page.goto(asked)
    keys = page.keyboard
    page.locator("#q-pick .q-option").first.focus()
    keys.press("Enter")
    assert page.evaluate("document.activeElement.className") == "q-option"  # the focus stays
    page.locator("#q-size input").focus()
    keys.type("5")
    keys.press("Enter")
    steps = page.locator("#q-steps")
    for _ in range(3):
        for n, word in enumerate(["wake", "work", "sleep"]):
            texts = steps.locator("li > span:nth-child(2)").all_inner_texts()
            for _ in range(texts.index(word) - n):
                steps.get_by_role("button", name=f"Move up: {word}").focus()
                keys.press("Enter")
                name = page.evaluate("document.activeElement.getAttribute('aria-label')")
                assert name == f"Move up: {word}"
    steps.get_by_role("button", name="Check").focus()
    keys.press("Space")
    page.locator("#q-pairs select").first.focus()
    keys.type("steps")
    keys.press("Tab")
    keys.type("border")
    keys.press("Tab")
    keys.press("Enter")
    assert page.locator(".q-count").inner_text() == "4 of 4 answered, 4 at the first try."
    page.reload()
    assert page.locator(".q-count").inner_text() == "4 of 4 answered, 4 at the first try."
    assert page.locator("#q-size input").input_value() == "5"
    assert page.locator(".q-tick").count() == 4
    page.get_by_role("button", name="Forget my answers").click()
    assert page.locator(".q-count").inner_text() == "0 of 4 answered."
    assert page.locator(".q-tick").count() == 0 and page.evaluate("localStorage['convbook-answers']") == "{}"
    page.get_by_role("button", name="Undo").click()
    assert page.locator(".q-tick").count() == 4


def test_everybody_can_answer_in_light_and_dark_on_a_phone(page, asked):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(asked)
    page.locator("#q-pick .q-option").nth(1).click()
    page.locator("#q-pick .q-option").nth(0).click()
    page.locator("#q-size input").fill("7")
    for check in page.get_by_role("button", name="Check").all():
        check.click()
    page.locator("details").first.evaluate("(details) => (details.open = true)")
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        page.wait_for_timeout(400)  # colours fade
        faults = (
            Axe()
            .run(page, {"include": [[".bd-article"]], "exclude": [[".katex"]]}, {"preload": False})
            .response["violations"]
        )
        assert not faults, json.dumps([[f["id"], [n["html"][:200] for n in f["nodes"][:2]]] for f in faults], indent=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_scripts_the_answer_stands_below(browser, asked):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(asked)
    assert page.locator(".convbook-question button, .convbook-question input").count() == 0
    page.locator("#q-pick summary").click()
    assert page.get_by_text("Two times two.").is_visible()
    assert page.locator(".q-count").inner_text() == "This chapter asks 4 questions."
    context.close()


def test_a_browser_that_keeps_nothing_still_judges(browser, asked):
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('private'); } })")
    page.goto(asked)
    page.locator("#q-pick .q-option").first.click()
    assert page.locator(".q-count").inner_text() == "1 of 4 answered, 1 at the first try."
    assert "keeps nothing" in page.locator(".q-kept").inner_text()
    page.close()
