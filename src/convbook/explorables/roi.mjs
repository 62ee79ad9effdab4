// The RoI explorable, an anywidget module: one box over a feature map, pooled by whole cells and aligned by points.
import { corners, fault, plane, within } from "./boxes.mjs";
import { bind } from "./controls.mjs";
import { field, h, options, rove, same, short } from "./dom.mjs";
import { fields } from "./fields.mjs";
import { roi_align, roi_pool } from "./roi_kernels.mjs";
import { moved, scenery, told } from "./roi_picture.mjs";
import { follow } from "./vector.mjs";

const STATE = ["feat", "box", "stride", "rows", "columns", "samples", "inclusive", "aligned"];
const LEAST = 1; // pixels, the smallest side of the box
const NAMES = { pool: "RoI pool", align: "RoI align" };

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));

function check(state, limits) {
  for (const [name, value] of Object.entries({
    stride: state.stride,
    "output rows": state.rows,
    "output columns": state.columns,
    samples: state.samples,
  }))
    if (value > limits[name])
      throw new Error(`${name} must be at most ${limits[name]} in this explorable, got ${value}`);
}

function compute(state) {
  const { feat, box, stride, rows, columns, samples, inclusive, aligned } = state;
  const out = [rows, columns];
  const pool = roi_pool(feat, box, out, 1 / stride, inclusive);
  const last = pool.at(-1).at(-1);
  const exact = box.map((value) => value / stride);
  const rounded = [pool[0][0].columns[0], pool[0][0].rows[0], last.columns[1], last.rows[1]];
  return { ...state, pool, align: roi_align(feat, box, out, 1 / stride, samples, aligned), exact, rounded };
}

// ---- one map with the box, and what comes out

function panel(name, box, size) {
  const drawing = plane({ label: NAMES[name], size, least: LEAST, widest: 380, boxes: [box] });
  const place = h("div", { class: "bx-place" }, drawing.root);
  const out = h("div", { class: "cb-scroll cb-output" });
  const root = h(
    "div",
    { class: "ri-panel", "data-op": name },
    h("p", { class: "cb-title" }, NAMES[name]),
    place,
    h("p", { class: "cb-label ri-out" }, "output"),
    out,
  );
  return { name, drawing, place, out, root, cells: [] };
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
  const size = (stride = model.get("stride")) => [
    model.get("feat")[0].length * stride,
    model.get("feat").length * stride,
  ];
  const words = (box) => `from ${short(box[0])}, ${short(box[1])} to ${short(box[2])}, ${short(box[3])} pixels`;
  const box = {
    name: "b",
    short: "",
    title: "region",
    get: () => model.get("box"),
    set: (next) => commit({ box: next }),
    words,
  };
  const panels = Object.keys(NAMES).map((name) => panel(name, box, size()));
  const entries = corners({
    name: "b",
    title: "region",
    get: box.get,
    set: box.set,
    check: (next) => fault(next, "the region", size(), LEAST),
    alert,
  });
  const whole = (name, key) => ({ name, kind: "whole", least: 1, most: limits[key] });
  const form = fields(
    {
      stride: whole("stride", "stride"),
      rows: whole("output rows", "output rows"),
      columns: whole("output columns", "output columns"),
      samples: whole("samples", "samples"),
    },
    {
      current: read,
      check: (all) => check(all, limits),
      apply: (all) => commit({ ...all, box: within(all.box, size(all.stride)) }),
      alert,
    },
  );
  const tick = (name, label) => {
    const input = h("input", { type: "checkbox", name });
    input.addEventListener("change", () => commit({ [name]: input.checked }));
    return { input, label: h("label", { class: "cb-check" }, input, label) };
  };
  const ticks = {
    inclusive: tick("inclusive", "pool: count the last cell, as the first code did"),
    aligned: tick("aligned", "align: half a cell, as it should be"),
  };
  const [edges, ...lines] = [0, 1, 2].map(() => h("p", { class: "bx-said" }));
  const root = h(
    "div",
    { class: "convbook-widget bx ri", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset)),
    h("div", { class: "cb-row", role: "group", "aria-label": "sizes" }, ...Object.values(form.labels)),
    h("div", { class: "ri-ticks" }, ...Object.values(ticks).map(({ label }) => label)),
    entries.row,
    alert,
    h(
      "p",
      { class: "cb-note" },
      "drag the region, in pixels of the image, on either map; point at an output or tab to it and press arrows",
    ),
    h("div", { class: "ri-panels" }, ...panels.map((each) => each.root)),
    h("div", { class: "cb-words", "aria-live": "polite" }, edges, ...lines),
  );
  let view = null;
  let hovered = null;
  const cursor = () =>
    (hovered ?? model.get("cursor")).map((at, axis) => clamp(at, 0, (axis ? view.columns : view.rows) - 1));

  function outputs(each) {
    each.cells = Array.from({ length: view.rows }, (_, i) =>
      Array.from({ length: view.columns }, (_, j) =>
        h("div", { class: "cb-cell", role: "gridcell", "data-bin": `${i} ${j}` }, h("span")),
      ),
    );
    const grid = h(
      "div",
      {
        class: "cb-grid",
        role: "grid",
        "aria-label": `output of ${NAMES[each.name]}`,
        style: `--cols:${view.columns}`,
      },
      ...each.cells.map((row) => h("div", { role: "row" }, ...row)),
    );
    rove(grid, each.cells);
    each.out.replaceChildren(grid);
  }

  function draw() {
    const state = read();
    const isNew = !view || view.rows !== state.rows || view.columns !== state.columns;
    view = compute(state);
    if (isNew) panels.forEach(outputs);
    const [i, j] = cursor();
    for (const each of panels) {
      each.drawing.grow(size());
      each.drawing.draw(each.place.clientWidth || 380);
      const { under, over } = scenery(view, each.name, [i, j], each.drawing.unit * view.stride);
      each.drawing.under.replaceChildren(...under);
      each.drawing.over.replaceChildren(...over);
      each.cells.forEach((row, a) =>
        row.forEach((cell, b) => {
          const text = short(Number(view[each.name][a][b].value.toFixed(3)));
          cell.firstChild.textContent = text;
          cell.style.setProperty("--chars", text.length);
          cell.setAttribute("aria-selected", String(a === i && b === j));
          cell.setAttribute("aria-label", `output ${a}, ${b}: ${text}`);
        }),
      );
    }
    edges.textContent = moved(view);
    told(view, [i, j]).forEach((text, k) => (lines[k].textContent = text));
    for (const [name, { input }] of Object.entries(ticks)) input.checked = state[name];
    form.forget();
    entries.forget();
    alert.textContent = "";
    preset.value =
      Object.keys(presets).find((name) => STATE.every((key) => same(presets[name][key], state[key]))) ?? "";
  }

  const { commit, release } = bind(model, [...STATE, "cursor"], draw);
  const bin = (event) => event.target.closest?.("[role=gridcell]")?.dataset.bin.split(" ").map(Number) ?? null;
  const hover = (next) => {
    if (same(hovered, next)) return;
    hovered = next;
    draw();
  };
  for (const { out } of panels) {
    out.addEventListener("pointerover", (event) => event.pointerType === "mouse" && hover(bin(event)));
    out.addEventListener("pointerleave", () => hover(null));
    out.addEventListener("pointerdown", (event) => bin(event) && commit({ cursor: bin(event) }));
    out.addEventListener("focusin", (event) => {
      hovered = null;
      if (bin(event)) commit({ cursor: bin(event) });
    });
  }
  preset.addEventListener(
    "change",
    () => preset.value && commit({ ...structuredClone(presets[preset.value]), cursor: [0, 0] }),
  );
  el.replaceChildren(root);
  draw();
  const stops = panels.map(({ place }) => follow(place, draw));
  return () => {
    stops.forEach((stop) => stop());
    release();
  };
}

export default { render };
