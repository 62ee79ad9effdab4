"""The audit as one HTML page: no script, nothing loaded, every word of a student's escaped."""

import matplotlib.pyplot as plt
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autograder.audit import LEAST_BYTES, LEAST_SECONDS, SLOW, is_wrong
from autograder.similarity import LEAST
from convbook.figures import PALETTE, STYLE, Picture

MOST_BARS = 20


def render(data: dict) -> str:
    """The page of what :func:`autograder.audit.audit` found."""
    environment = Environment(
        loader=PackageLoader("autograder", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"mb": lambda count: f"{count / 2**20:.0f}", "share": share}
    page = environment.get_template("audit.html")
    rules = {"slow": SLOW, "least_seconds": LEAST_SECONDS, "least_mb": LEAST_BYTES // 2**20, "least_size": LEAST}
    with plt.rc_context(STYLE):
        pictures = {"scores": score_picture(data), "mistakes": mistake_picture(data), "cost": cost_picture(data)}
    return page.render(**data, **rules, pictures=pictures, is_wrong=lambda group: is_wrong(group, data["wrong"]))


def share(part: float, whole: float) -> str:
    """A percentage.

    >>> share(1, 3), share(0, 0)
    ('33 %', '–')
    """
    return f"{100 * part / whole:.0f} %" if whole else "–"


def score_picture(data: dict) -> Markup:
    """How many students have which score, in twenty steps."""
    scores = [one.score for one in data["standings"] if one.score is not None]
    if not scores:
        return Markup("")
    figure, axes = plt.subplots(figsize=(7.0, 2.6))
    top = max(data["max_score"], *scores)
    counts, _, _ = axes.hist(scores, bins=20, range=(0, top), color=PALETTE["output"], edgecolor="none", rwidth=0.9)
    median = data["scores"]["median"]
    axes.axvline(median, color=PALETTE["kernel"], linewidth=2)
    axes.annotate(
        f"median {median:g}", (median, counts.max()), (4, 4), textcoords="offset points", color=PALETTE["kernel"]
    )
    axes.set(xlabel="points", ylabel="students", xlim=(0, top), ylim=(0, counts.max() * 1.25))
    axes.yaxis.get_major_locator().set_params(integer=True)
    full = sum(score >= data["max_score"] for score in scores)
    caption = f"Half of the {len(scores)} graded submissions have {median:g} points or more; {full} have them all."
    return Markup(Picture(figure, f"Histogram of scores from 0 to {top:g}. {caption}", caption).html)


def mistake_picture(data: dict) -> Markup:
    """The most frequent mistakes, a bar each."""
    bars = [
        (count, name, found["exercise"].function) for found in data["mistakes"] for name, _, count in found["mistakes"]
    ]
    bars = sorted(bars, reverse=True)[:MOST_BARS]
    if not bars:
        return Markup("")
    figure, axes = plt.subplots(figsize=(7.0, 0.7 + 0.26 * len(bars)))
    counts = [count for count, _, _ in bars]
    axes.barh(range(len(bars)), counts, color=PALETTE["wrong"], height=0.7)
    axes.set_yticks(range(len(bars)), [f"{function}: {name}" for _, name, function in bars])
    axes.invert_yaxis()
    axes.set(xlabel="students")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    caption = f"Most frequent: {bars[0][1]} in {bars[0][2]}, {bars[0][0]} students."
    return Markup(Picture(figure, f"Bars of how many students made which mistake. {caption}", caption).html)


def cost_picture(data: dict) -> Markup:
    """Seconds and memory of each submission."""
    records = [record for record in data["records"].values() if record["memory"]]
    if not records:
        return Markup("")
    figure, axes = plt.subplots(figsize=(7.0, 2.8))
    told = {name for key in ("time", "processor", "memory") for name, _ in data[key][1]}
    for kind, color in ((False, "neutral"), (True, "wrong")):
        some = [record for record in records if (record["student"] in told) == kind]
        points = [(max(record["seconds"], 1e-3), max(record["memory"] / 2**20, 1.0)) for record in some]
        if points:
            axes.scatter(*zip(*points, strict=True), s=18, color=PALETTE[color], alpha=0.8, linewidths=0)
    axes.set(xscale="log", yscale="log", xlabel="seconds from file to grade", ylabel="memory, MiB")
    caption = f"{len(told)} of {len(records)} submissions stand out, red here, by time or by memory."
    return Markup(Picture(figure, f"Each submission by seconds and memory, both logarithmic. {caption}", caption).html)
