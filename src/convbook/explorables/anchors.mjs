// The anchors explorable, an anywidget module: a grid of anchors, and which of them answer for a box that is dragged.
import { corners, fault, plane, within } from "./boxes.mjs";
import { bind } from "./controls.mjs";
import { anchor_shapes, assign_anchors, make_anchors } from "./detection_kernels.mjs";
import { spoken, told } from "./anchors_words.mjs";
import { field, h, options, same, short } from "./dom.mjs";
import { fields } from "./fields.mjs";
import { follow, s } from "./vector.mjs";

const STATE = ["h", "w", "stride", "scales", "ratios", "pos", "neg", "box"];
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const LABELS = { 1: "positive", 0: "negative", "-1": "ignored" };
const LEAST = 1; // pixels, the smallest side of the object

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));

function check(state, limits) {
  const { h: rows, w, stride, scales, ratios, pos, neg } = state;
  const sizes = { rows, columns: w, stride, "number of scales": scales.length, "number of ratios": ratios.length };
  for (const [name, value] of Object.entries(sizes))
    if (value > limits[name])
      throw new Error(`${name} must be at most ${limits[name]} in this explorable, got ${value}`);
  for (const [name, values] of Object.entries({ scales, ratios }))
    if (values.some((value) => !(value > 0)))
      throw new Error(`${name} must be positive numbers, got ${values.map(short).join(", ")}`);
  if (!(neg >= 0 && neg <= pos && pos <= 1))
    throw new Error(`thresholds must obey 0 ≤ negative ≤ positive ≤ 1, got ${short(neg)} and ${short(pos)}`);
}

function compute(state) {
  const { h: rows, w, stride, scales, ratios, pos, neg, box } = state;
  const anchors = make_anchors(rows, w, stride, scales, ratios);
  const given = assign_anchors(anchors, [box], pos, neg);
  const counts = { 1: 0, 0: 0, "-1": 0 };
  for (const { label } of given) counts[label] += 1;
  const best = given.reduce((top, each, k) => (each.best > given[top].best ? k : top), 0);
  const size = [w * stride, rows * stride];
  const out = anchors.filter((a) => a[0] < 0 || a[1] < 0 || a[2] > size[0] || a[3] > size[1]).length;
  return {
    ...state,
    k: scales.length * ratios.length,
    shapes: anchor_shapes(scales, ratios),
    anchors,
    given,
    counts,
    best,
    size,
    out,
  };
}

function render({ model, el }) {
  const [presets, limits] = [model.get("presets"), model.get("limits")];
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  const preset = h(
    "select",
    { name: "preset" },
    h("option", { value: "" }, "your own"),
    ...options(Object.keys(presets)),
  );
  const alert = h("p", { role: "alert" });
  const drawing = plane({
    label: "anchors around one object",
    size: [1, 1],
    least: LEAST,
    widest: 520,
    boxes: [
      {
        name: "a",
        short: "object",
        title: "object",
        get: () => model.get("box"),
        set: (box) => commit({ box }),
        words: (box) => `from ${short(box[0])}, ${short(box[1])} to ${short(box[2])}, ${short(box[3])}`,
      },
    ],
  });
  const size = () => [model.get("w") * model.get("stride"), model.get("h") * model.get("stride")];
  const entries = corners({
    name: "a",
    title: "object",
    get: () => model.get("box"),
    set: (box) => commit({ box }),
    check: (box) => fault(box, "the object", size(), LEAST),
    alert,
  });
  const whole = (name, most) => ({ name, kind: "whole", least: 1, most });
  const part = (name) => ({ name, kind: "number", least: 0, most: 1, step: 0.05 });
  const form = fields(
    {
      h: whole("rows", limits.rows),
      w: whole("columns", limits.columns),
      stride: whole("stride", limits.stride),
      scales: { name: "scales", kind: "list" },
      ratios: { name: "ratios", kind: "list" },
      pos: part("positive from"),
      neg: part("negative below"),
    },
    {
      current: read,
      check: (all) => check(all, limits),
      apply: (all) => commit({ ...all, box: within(all.box, [all.w * all.stride, all.h * all.stride]) }),
      alert,
    },
  );
  const cell = s("rect", {
    class: "an-cell",
    tabindex: 0,
    role: "slider",
    "aria-label": "cell whose anchors are listed",
  });
  const scenery = [s("path", { class: "an-grid" }), s("path", { class: "an-dots" }), s("g"), s("g"), s("g"), cell];
  drawing.under.append(...scenery);
  const [grid, dots, ignored, own, positive] = scenery;
  const place = h("div", { class: "bx-place" }, drawing.root);
  const table = h("div", { class: "cb-scroll" });
  const said = h("p", { class: "bx-said" });
  const key = (name, text) => h("span", { class: `an-key an-${name}` }, text);
  const root = h(
    "div",
    { class: "convbook-widget bx an", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset), form.labels.scales, form.labels.ratios),
    h(
      "div",
      { class: "cb-row", role: "group", "aria-label": "sizes and thresholds" },
      ...["h", "w", "stride", "pos", "neg"].map((name) => form.labels[name]),
    ),
    entries.row,
    alert,
    h(
      "div",
      { class: "bx-columns" },
      h(
        "div",
        { class: "bx-left" },
        place,
        h(
          "p",
          { class: "cb-note" },
          key("positive", "positive"),
          ", ",
          key("ignored", "ignored"),
          " and ",
          key("own", "those of one cell"),
          ". Drag the object; point at a cell and click to choose it, or tab to it and press arrows.",
        ),
      ),
      h("div", { class: "bx-right" }, table),
    ),
    h("div", { class: "cb-words", "aria-live": "polite" }, said),
  );
  let view = null;
  let hovered = null;

  const cursor = () => (hovered ?? model.get("cursor")).map((at, axis) => clamp(at, 0, (axis ? view.w : view.h) - 1));

  function list([y, x]) {
    const from = (y * view.w + x) * view.k;
    const rows = view.shapes.map(([width, height], n) => {
      const { label, best, forced } = view.given[from + n];
      const cells = [
        `${short(Number(width.toFixed(1)))} × ${short(Number(height.toFixed(1)))}`,
        short(best),
        forced ? "positive: best of all" : LABELS[label],
      ];
      return h(
        "tr",
        { "data-anchor": from + n, "data-label": label },
        h("th", { scope: "row" }, String(from + n)),
        ...cells.map((text) => h("td", {}, text)),
      );
    });
    const head = ["anchor", "width × height", "IoU", "is"].map((text) => h("th", { scope: "col" }, text));
    table.replaceChildren(
      h(
        "table",
        { class: "bx-facts an-list" },
        h("caption", {}, `row ${y}, column ${x}`),
        h("thead", {}, h("tr", {}, ...head)),
        h("tbody", {}, ...rows),
      ),
    );
  }

  function draw() {
    const state = read();
    if (!view || !STATE.every((name) => same(view[name], state[name]))) view = compute(state);
    const { anchors, given, size: all, stride, h: rows, w, k } = view;
    drawing.grow(all);
    drawing.draw(place.clientWidth || 520);
    const at = (value) => (value * drawing.unit).toFixed(1);
    const rect = (box, name) =>
      s("rect", { class: name, x: at(box[0]), y: at(box[1]), width: at(box[2] - box[0]), height: at(box[3] - box[1]) });
    const lines = (n, long, letters) =>
      Array.from({ length: n - 1 }, (_, i) => `M${letters(at((i + 1) * stride))}${long}`).join("");
    grid.setAttribute(
      "d",
      lines(w, `V${at(all[1])}`, (x) => `${x} 0`) + lines(rows, `H${at(all[0])}`, (y) => `0 ${y}`),
    );
    const [y, x] = cursor();
    const middles = Array.from(
      { length: rows * w },
      (_, n) => `M${at(((n % w) + 0.5) * stride)} ${at((Math.floor(n / w) + 0.5) * stride)}h.01`,
    );
    dots.setAttribute("d", middles.join(""));
    const having = (label, name) => anchors.flatMap((box, n) => (given[n].label === label ? [rect(box, name)] : []));
    ignored.replaceChildren(...having(-1, "an-box an-ignored"));
    positive.replaceChildren(...having(1, "an-box an-positive"));
    const from = (y * w + x) * k;
    own.replaceChildren(...anchors.slice(from, from + k).map((box) => rect(box, "an-box an-own")));
    const frame = { x: at(x * stride), y: at(y * stride), width: at(stride), height: at(stride) };
    const row = given.slice(from, from + k);
    const slider = {
      "aria-valuemin": 0,
      "aria-valuemax": rows * w - 1,
      "aria-valuenow": y * w + x,
      "aria-valuetext": spoken([y, x], row),
    };
    for (const [name, value] of Object.entries({ ...frame, ...slider })) cell.setAttribute(name, value);
    list([y, x]);
    said.textContent = told(view);
    form.forget();
    entries.forget();
    alert.textContent = "";
    preset.value =
      Object.keys(presets).find((name) => STATE.every((key) => same(presets[name][key], state[key]))) ?? "";
  }

  const { commit, release } = bind(model, [...STATE, "cursor"], draw);
  const point = (event) =>
    drawing
      .at(event)
      .map((value) => Math.floor(value / view.stride))
      .reverse();
  const hover = (next) => {
    if (same(hovered, next)) return;
    hovered = next;
    draw();
  };
  drawing.root.addEventListener(
    "pointermove",
    (event) => event.pointerType === "mouse" && !event.buttons && hover(point(event)),
  );
  drawing.root.addEventListener("pointerleave", () => hover(null));
  drawing.root.addEventListener("pointerup", () => hover(null));
  drawing.root.addEventListener("click", (event) => {
    if (drawing.wasDrag()) return;
    hovered = null;
    commit({ cursor: point(event).map((value, axis) => clamp(value, 0, (axis ? view.w : view.h) - 1)) });
  });
  cell.addEventListener("keydown", (event) => {
    const by = KEYS[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    hovered = null;
    commit({ cursor: cursor().map((value, axis) => clamp(value + by[axis], 0, (axis ? view.w : view.h) - 1)) });
  });
  preset.addEventListener("change", () => preset.value && commit(structuredClone(presets[preset.value])));
  el.replaceChildren(root);
  draw();
  const stop = follow(place, draw);
  return () => {
    stop();
    release();
  };
}

export default { render };
