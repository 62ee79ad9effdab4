// The RoI explorable, an anywidget module: one box over a feature map, pooled by whole cells and aligned by points.
import { corners, fault, plane, within } from "./boxes.mjs";
import { bind } from "./controls.mjs";
import { field, h, options, rove, same, short } from "./dom.mjs";
import { fields } from "./fields.mjs";
import { roi_align, roi_pool } from "./roi_kernels.mjs";
import { follow, s } from "./vector.mjs";

const STATE = ["feat", "box", "stride", "rows", "columns", "samples", "inclusive", "aligned"];
const LEAST = 1; // pixels, the smallest side of the box
const NAMES = { pool: "RoI pool", align: "RoI align" };

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));
const brief = (value) => short(Number(value.toFixed(2)));
const cells = (name, [from, end]) => (end - from === 1 ? `${name} ${from}` : `${name}s ${from} to ${end - 1}`);

function check(state, limits) {
  for (const [name, value] of Object.entries({ stride: state.stride, "output rows": state.rows, "output columns": state.columns, samples: state.samples }))
    if (value > limits[name]) throw new Error(`${name} must be at most ${limits[name]} in this explorable, got ${value}`);
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

// ---- words

function told(view, [i, j]) {
  const [bin, mean] = [view.pool[i][j], view.align[i][j]];
  const place = `Output (${i}, ${j})`;
  const pooled = bin.at
    ? `${place} of RoI pool is the maximum of ${cells("row", bin.rows)}, ${cells("column", bin.columns)}: ${short(bin.value)}, at (${bin.at.join(", ")}).`
    : `${place} of RoI pool has no cell and is 0.`;
  const points = mean.points.map(({ x, y, value }) => `${brief(value)} at (${brief(x)}, ${brief(y)})`);
  const shown = points.length > 4 ? [...points.slice(0, 4), `${points.length - 4} more`] : points;
  const aligned = `${place} of RoI align is ${points.length > 1 ? `the mean of ${points.length} points x, y` : "one point x, y"}: ${shown.join("; ")}. It is ${short(mean.value)}.`;
  return [pooled, aligned];
}

function moved({ exact, rounded, stride }) {
  const off = exact.map((value, k) => rounded[k] - value);
  const most = off.reduce((worst, value) => (Math.abs(value) > Math.abs(worst) ? value : worst), 0);
  const edges = (box) => `x ${brief(box[0])} to ${brief(box[2])}, y ${brief(box[1])} to ${brief(box[3])}`;
  const shift = most ? `an edge is off by up to ${brief(Math.abs(most))} cells, ${brief(Math.abs(most) * stride)} pixels` : "nothing is moved";
  return `In cells the region is ${edges(exact)}. Pooling takes ${edges(rounded)}: ${shift}.`;
}

// ---- one map with the box, and what comes out

function panel(name, box, size) {
  const drawing = plane({ label: NAMES[name], size, least: LEAST, widest: 380, boxes: [box] });
  const place = h("div", { class: "bx-place" }, drawing.root);
  const out = h("div", { class: "cb-scroll cb-output" });
  const root = h("div", { class: "ri-panel", "data-op": name }, h("p", { class: "cb-title" }, NAMES[name]), place, h("p", { class: "cb-label ri-out" }, "output"), out);
  return { name, drawing, place, out, root, cells: [] };
}

function render({ model, el }) {
  const [presets, limits] = [model.get("presets"), model.get("limits")];
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  const preset = h("select", { name: "preset" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets)));
  const alert = h("p", { role: "alert" });
  const size = (stride = model.get("stride")) => [model.get("feat")[0].length * stride, model.get("feat").length * stride];
  const words = (box) => `from ${short(box[0])}, ${short(box[1])} to ${short(box[2])}, ${short(box[3])} pixels`;
  const box = { name: "b", short: "", title: "region", get: () => model.get("box"), set: (next) => commit({ box: next }), words };
  const panels = Object.keys(NAMES).map((name) => panel(name, box, size()));
  const entries = corners({ name: "b", title: "region", get: box.get, set: box.set, check: (next) => fault(next, "the region", size(), LEAST), alert });
  const whole = (name, key) => ({ name, kind: "whole", least: 1, most: limits[key] });
  const form = fields(
    { stride: whole("stride", "stride"), rows: whole("output rows", "output rows"), columns: whole("output columns", "output columns"), samples: whole("samples", "samples") },
    { current: read, check: (all) => check(all, limits), apply: (all) => commit({ ...all, box: within(all.box, size(all.stride)) }), alert },
  );
  const tick = (name, label) => {
    const input = h("input", { type: "checkbox", name });
    input.addEventListener("change", () => commit({ [name]: input.checked }));
    return { input, label: h("label", { class: "cb-check" }, input, label) };
  };
  const ticks = { inclusive: tick("inclusive", "pool: count the last cell, as the first code did"), aligned: tick("aligned", "align: half a cell, as it should be") };
  const [edges, ...lines] = [0, 1, 2].map(() => h("p", { class: "bx-said" }));
  const root = h(
    "div",
    { class: "convbook-widget bx ri", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset)),
    h("div", { class: "cb-row", role: "group", "aria-label": "sizes" }, ...Object.values(form.labels)),
    h("div", { class: "ri-ticks" }, ...Object.values(ticks).map(({ label }) => label)),
    entries.row,
    alert,
    h("p", { class: "cb-note" }, "drag the region, in pixels of the image, on either map; point at an output or tab to it and press arrows"),
    h("div", { class: "ri-panels" }, ...panels.map((each) => each.root)),
    h("div", { class: "cb-words", "aria-live": "polite" }, edges, ...lines),
  );
  let view = null;
  let hovered = null;
  const cursor = () => (hovered ?? model.get("cursor")).map((at, axis) => clamp(at, 0, (axis ? view.columns : view.rows) - 1));

  function outputs(each) {
    each.cells = Array.from({ length: view.rows }, (_, i) =>
      Array.from({ length: view.columns }, (_, j) => h("div", { class: "cb-cell", role: "gridcell", "data-bin": `${i} ${j}` }, h("span"))),
    );
    const grid = h("div", { class: "cb-grid", role: "grid", "aria-label": `output of ${NAMES[each.name]}`, style: `--cols:${view.columns}` }, ...each.cells.map((row) => h("div", { role: "row" }, ...row)));
    rove(grid, each.cells);
    each.out.replaceChildren(grid);
  }

  function scenery(each, [i, j]) {
    const { drawing, name } = each;
    const unit = drawing.unit * view.stride; // of a cell
    const at = (value) => (value * unit).toFixed(2);
    const rect = ([x1, y1, x2, y2], attributes) => s("rect", { x: at(x1), y: at(y1), width: at(Math.max(x2 - x1, 0)), height: at(Math.max(y2 - y1, 0)), ...attributes });
    const all = view.feat.flat();
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const shown = view.feat.flatMap((row, y) =>
      row.flatMap((value, x) => {
        const cell = rect([x, y, x + 1, y + 1], { class: "ri-cell", "fill-opacity": (0.06 + 0.44 * ((value - low) / (high - low || 1))).toFixed(3) });
        const text = short(Number(value.toFixed(1)));
        return unit < 7 * text.length ? [cell] : [cell, s("text", { class: "ri-value", x: at(x + 0.5), y: (Number(at(y + 0.5)) + 4).toFixed(1) }, text)];
      }),
    );
    const parts = [];
    if (name === "pool") {
      view.pool.forEach((row, a) =>
        row.forEach(({ rows, columns, at: top }, b) => {
          if (!top) return;
          const mark = a === i && b === j ? " ri-here" : "";
          parts.push(rect([columns[0], rows[0], columns[1], rows[1]], { class: `ri-bin${mark}`, "data-bin": `${a} ${b}` }));
          parts.push(s("circle", { class: `ri-top${mark}`, cx: at(top[1] + 0.5), cy: at(top[0] + 0.5), r: (0.4 * unit).toFixed(1) }));
        }),
      );
    } else {
      const [x1, y1, x2, y2] = view.exact;
      const side = [(x2 - x1) / view.columns, (y2 - y1) / view.rows];
      view.align.forEach((row, a) =>
        row.forEach(({ points }, b) => {
          const mark = a === i && b === j ? " ri-here" : "";
          const from = [x1 + b * side[0], y1 + a * side[1]];
          parts.push(rect([...from, from[0] + side[0], from[1] + side[1]], { class: `ri-bin${mark}`, "data-bin": `${a} ${b}` }));
          parts.push(...points.map(({ x, y }) => s("circle", { class: `ri-point${mark}`, cx: at(x), cy: at(y), r: 3 })));
        }),
      );
    }
    drawing.under.replaceChildren(...shown);
    drawing.over.replaceChildren(...parts.filter((part) => !part.classList.contains("ri-here")), ...parts.filter((part) => part.classList.contains("ri-here")));
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
      scenery(each, [i, j]);
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
    preset.value = Object.keys(presets).find((name) => STATE.every((key) => same(presets[name][key], state[key]))) ?? "";
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
  preset.addEventListener("change", () => preset.value && commit({ ...structuredClone(presets[preset.value]), cursor: [0, 0] }));
  el.replaceChildren(root);
  draw();
  const stops = panels.map(({ place }) => follow(place, draw));
  return () => {
    stops.forEach((stop) => stop());
    release();
  };
}

export default { render };
