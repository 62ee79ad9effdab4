// The conv2d explorable, an anywidget module: `render` draws the model's layer into `el`.
import { entry, factor, field, h, options, parse, plane, range, same, short, write, writeEntry } from "./dom.mjs";
import * as kernels from "./kernels.mjs";

const LAYER = ["x", "w", "b", "stride", "padding", "dilation", "groups", "padding_mode"];
const MODES = ["zeros", "reflect", "replicate", "circular", "mean"];
const FIELDS = [
  ["layer", ["stride", "padding", "dilation", "groups"]],
  ["sizes", ["input height", "input width", "channels", "kernel height", "kernel width", "filters"]],
];
const BEAT = 900; // milliseconds that the play button leaves to read one sum

const clamp = (cursor, shape) => cursor.map((at, axis) => Math.max(0, Math.min(at, shape[axis] - 1)));

// ---- the layer: what the model holds, and what follows from it

const sizes = ({ x, w, stride, padding, dilation, groups, padding_mode }) => ({
  stride,
  padding,
  dilation,
  groups,
  "input height": x[0]?.length,
  "input width": x[0]?.[0]?.length,
  channels: x.length,
  "kernel height": w[0]?.[0]?.length,
  "kernel width": w[0]?.[0]?.[0]?.length,
  filters: w.length,
  padding_mode,
});

function checkLimits(wanted, limits) {
  for (const [name, most] of Object.entries(limits)) {
    if (kernels.whole(name, wanted[name], name === "padding" ? 0 : 1) > most)
      throw new Error(`${name} must be at most ${most} in this explorable, got ${wanted[name]}`);
  }
}

// Values that were there before, else a pattern that is easy to add up.
function resize({ x, w, b }, wanted) {
  const depth = Math.max(1, Math.floor(wanted.channels / wanted.groups)); // 0 would hide that groups do not divide
  const row = (make) => range(wanted["kernel width"], make);
  return {
    ...Object.fromEntries(LAYER.slice(3).map((name) => [name, wanted[name]])),
    x: range(wanted.channels, (c) =>
      range(wanted["input height"], (i) =>
        range(wanted["input width"], (j) => x[c]?.[i]?.[j] ?? (3 * c + 2 * i + 5 * j) % 10),
      ),
    ),
    w: range(wanted.filters, (f) =>
      range(depth, (c) =>
        range(wanted["kernel height"], (a) => row((k) => w[f]?.[c]?.[a]?.[k] ?? ((f + c + a + 2 * k) % 3) - 1)),
      ),
    ),
    b: range(wanted.filters, (f) => b[f] ?? 0),
  };
}

// Later values over earlier ones; what a smaller layer leaves out is kept for when it grows again.
const overlay = (old, now) =>
  Array.isArray(now) ? Object.assign([...(old ?? [])], now.map((value, k) => overlay(old?.[k], value))) : now;

function compute(layer) {
  const [out] = kernels.conv2d([layer.x], layer.w, layer.b, layer);
  const [padded] = kernels.pad([layer.x], layer.padding, layer.padding_mode);
  return { ...layer, padded, out, shape: [out.length, out[0].length, out[0][0].length] };
}

// ---- grids

const weight = () => h("small", { "aria-hidden": "true" });
const editable = (at, label) => h("div", { class: "cb-cell", role: "gridcell" }, entry(at, label), weight());

function inputPlane({ x, padded, padding }, c) {
  const isPixel = (i, j) => x[c][i - padding]?.[j - padding] !== undefined;
  const cells = padded[c].map((row, i) =>
    row.map((_, j) =>
      isPixel(i, j)
        ? editable(["x", c, i - padding, j - padding], `input channel ${c}, row ${i - padding}, column ${j - padding}`)
        : h("div", { class: "cb-cell cb-padding", role: "gridcell" }, h("span"), weight()),
    ),
  );
  const stops = x[c].map((row, i) => row.map((_, j) => cells[i + padding][j + padding].firstChild));
  return { cells, element: plane(`channel ${c}`, `input channel ${c}, padded by ${padding}`, cells, stops) };
}

function kernelPlane({ w }, c) {
  const cells = w[0][c].map((row, a) => row.map((_, k) => editable(["w", c, a, k], "")));
  return { cells, element: plane("", "", cells, cells.map((row) => row.map((cell) => cell.firstChild))) };
}

function outputPlane({ out }, f) {
  const cell = (i, j) => h("div", { class: "cb-cell", role: "gridcell", "data-out": JSON.stringify([f, i, j]) }, h("span"));
  const cells = out[f].map((row, i) => row.map((_, j) => cell(i, j)));
  return { cells, element: plane(`filter ${f}`, `output of filter ${f}`, cells, cells) };
}

function writePlane({ cells }, values) {
  cells.forEach((row, i) => row.forEach((cell, j) => write(cell, values[i][j])));
  const widest = Math.max(...values.flat().map((value) => short(value).length));
  cells[0][0].closest(".cb-grid").style.setProperty("--cell", `${Math.max(40, Math.min(7.5 * widest + 3, 58))}px`);
}

// ---- the words around the grids

function formula(name, size, kernel, { stride, padding, dilation }, result) {
  const inner = `(${size} + 2·${padding} − ${dilation}·(${kernel}−1) − 1)`;
  return h("p", {}, h("span", { class: "cb-axis" }, name), ` ⌊${inner} / ${stride}⌋ + 1 = `, h("strong", {}, String(result)));
}

function formulas(view) {
  const now = sizes(view);
  return [
    h("p", { class: "cb-note" }, "output size = ⌊(input + 2·padding − dilation·(kernel−1) − 1) / stride⌋ + 1"),
    formula("height", now["input height"], now["kernel height"], view, view.shape[1]),
    formula("width", now["input width"], now["kernel width"], view, view.shape[2]),
  ];
}

function sum(view, [f, i, j], terms) {
  const span = (name, text) => h("span", { class: name }, text);
  const product = (term) =>
    h("span", { class: "cb-term" }, span("cb-k", factor(term.w)), "·", span(term.inside ? "cb-x" : "cb-x cb-pad", factor(term.x)));
  const parts = terms.flatMap((term) => [product(term), " + "]);
  return [
    h("span", { class: "cb-where" }, `out[${f}, ${i}, ${j}]`),
    " = ",
    ...parts,
    span("cb-k cb-term", `bias ${factor(view.b[f])}`),
    " = ",
    h("strong", {}, short(view.out[f][i][j])),
  ];
}

function reads(view, f, channels) {
  const group = view.groups > 1 ? ` (group ${Math.floor(f / (view.w.length / view.groups))})` : "";
  return `filter ${f} reads input channel${channels.length > 1 ? "s" : ""} ${channels.join(", ")}${group}`;
}

// ---- the skeleton: what is there whatever the layer's size

function skeleton(presets, limits) {
  const number = (name) => h("input", { type: "number", name, min: name === "padding" ? 0 : 1, max: limits[name], step: 1 });
  const stage = (name, title) => {
    const [shape, planes, alert] = [h("span", { class: "cb-shape" }), h("div", { class: "cb-planes" }), h("p", { role: "alert" })];
    const element = h("div", { role: "group", class: `cb-stage cb-${name}`, "aria-label": name }, h("p", { class: "cb-title" }, ...title, shape), planes, alert);
    return { element, shape, planes, alert };
  };
  const ui = {
    preset: h("select", { name: "preset" }, h("option", { value: "" }, "your own numbers"), ...options(Object.keys(presets))),
    mode: h("select", { name: "padding_mode" }, ...options(MODES)),
    step: h("button", { type: "button" }, "next cell"),
    play: h("button", { type: "button", class: "cb-play", "aria-pressed": "false" }, "play"),
    alert: h("p", { role: "alert" }),
    input: stage("input", ["input"]),
    kernel: stage("kernel", [h("span", { class: "cb-star" }, "⋆"), " kernel"]),
    output: stage("output", ["= output"]),
    bias: entry(["b"], ""),
    reads: h("p", { class: "cb-note" }),
    sum: h("p", { class: "cb-sum", "aria-live": "polite" }),
    formulas: h("div", { class: "cb-formulas" }),
    numbers: {},
  };
  const rows = FIELDS.map(([row, names]) => {
    for (const name of names) ui.numbers[name] = number(name);
    return h("div", { class: "cb-row", role: "group", "aria-label": row }, ...names.map((name) => field(name, ui.numbers[name])));
  });
  rows[0].append(field("padding mode", ui.mode));
  ui.kernel.planes.after(h("label", { class: "cb-bias" }, "bias", h("div", { class: "cb-cell" }, ui.bias)));
  ui.root = h(
    "div",
    // JupyterLab would take the arrow keys for itself.
    { class: "convbook-widget", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", ui.preset), h("span", { class: "cb-buttons" }, ui.step, ui.play)),
    ...rows,
    ui.alert,
    h(
      "div",
      {},
      h("div", { class: "cb-stages" }, ui.input.element, ui.kernel.element, ui.output.element),
      ui.formulas,
      h("div", { class: "cb-words" }, ui.reads, ui.sum), // sticks to the screen within this, not over the controls
    ),
  );
  return ui;
}

// ---- drawing

function build(ui, view) {
  const planes = {
    x: view.x.map((_, c) => inputPlane(view, c)),
    w: view.w[0].map((_, c) => kernelPlane(view, c)),
    out: view.out.map((_, f) => outputPlane(view, f)),
  };
  ui.input.planes.replaceChildren(...planes.x.map(({ element }) => element));
  ui.kernel.planes.replaceChildren(...planes.w.map(({ element }) => element));
  ui.output.planes.replaceChildren(...planes.out.map(({ element }) => element));
  for (const { planes: box } of [ui.input, ui.kernel, ui.output])
    box.style.setProperty("--across", box.childElementCount > 2 ? 2 : 1);
  const now = sizes(view);
  ui.input.shape.textContent = `${now.channels} × ${now["input height"]} × ${now["input width"]}`;
  ui.output.shape.textContent = view.shape.join(" × ");
  return planes;
}

function writeValues(ui, planes, view) {
  planes.x.forEach((each, c) => writePlane(each, view.padded[c]));
  planes.out.forEach((each, f) => {
    writePlane(each, view.out[f]);
    each.cells.forEach((row, i) =>
      row.forEach((cell, j) => cell.setAttribute("aria-label", `filter ${f}, row ${i}, column ${j}: ${short(view.out[f][i][j])}`)),
    );
  });
  ui.formulas.replaceChildren(...formulas(view));
}

function writeKernel(ui, planes, view, f, channels) {
  ui.kernel.shape.textContent = `filter ${f} of ${view.w.length}`;
  planes.w.forEach((each, k) => {
    writePlane(each, view.w[f][k]);
    const name = `kernel of filter ${f}, channel ${channels[k]}`;
    each.element.querySelector(".cb-label").textContent = `channel ${channels[k]}`;
    each.element.querySelector(".cb-grid").setAttribute("aria-label", name);
    each.cells.forEach((row, a) =>
      row.forEach((cell, b) => cell.firstChild.setAttribute("aria-label", `${name}, row ${a}, column ${b}`)),
    );
  });
  ui.bias.setAttribute("aria-label", `bias of filter ${f}`);
  write(ui.bias.parentNode, view.b[f]);
}

function point(ui, planes, view, cursor) {
  const [f, i, j] = cursor;
  const terms = kernels.contributions([view.x], view.w, view.b, [0, f, i, j], view);
  const channels = [...new Set(terms.map((term) => term.c))];
  writeKernel(ui, planes, view, f, channels);
  const { row: top, col: left } = terms[0];
  const { row: bottom, col: right } = terms.at(-1);
  planes.x.forEach(({ cells, element }, c) => {
    const isRead = channels.includes(c);
    element.classList.toggle("cb-idle", !isRead);
    cells.forEach((row, y) =>
      row.forEach((cell, x) => {
        cell.classList.remove("cb-on");
        cell.classList.toggle("cb-hole", isRead && y >= top && y <= bottom && x >= left && x <= right);
        cell.lastChild.textContent = "";
      }),
    );
  });
  for (const term of terms) {
    const cell = planes.x[term.c].cells[term.row][term.col];
    cell.classList.replace("cb-hole", "cb-on");
    cell.lastChild.textContent = `×${short(term.w)}`;
  }
  planes.out.forEach(({ cells }, k) =>
    cells.forEach((row, y) => row.forEach((cell, x) => cell.setAttribute("aria-selected", same([k, y, x], cursor)))),
  );
  ui.reads.textContent = reads(view, f, channels);
  ui.sum.replaceChildren(...sum(view, cursor, terms));
}

// ---- the widget

function render({ model, el }) {
  const [presets, limits] = [model.get("presets"), model.get("limits")];
  const ui = skeleton(presets, limits);
  const read = () => Object.fromEntries(LAYER.map((name) => [name, model.get(name)]));
  let view = null; // the last layer that could be computed
  let planes = null;
  let kept = read(); // every number ever shown, for grids that shrink and grow again
  let wanted = {}; // settings asked for that do not fit yet
  let isQuiet = false;
  let timer = null;

  const cursor = () => clamp(model.get("cursor"), view.shape);
  // Hovering must not overwrite a number that is half typed.
  const isTyping = () => [...ui.root.querySelectorAll("[data-at]:focus")].some((entry) => entry.value !== entry.dataset.shown);

  function draw() {
    if (isQuiet) return;
    const layer = read();
    wanted = {};
    ui.alert.textContent = ui.input.alert.textContent = ui.kernel.alert.textContent = "";
    try {
      checkLimits(sizes(layer), limits);
      const next = compute(layer);
      const isSameShape = view && same([sizes(view), view.w[0].length], [sizes(next), next.w[0].length]);
      view = next;
      kept = { x: overlay(kept.x, view.x), w: overlay(kept.w, view.w), b: overlay(kept.b, view.b) };
      if (!isSameShape) planes = build(ui, view);
      writeValues(ui, planes, view);
      point(ui, planes, view, cursor());
    } catch (error) {
      ui.alert.textContent = error.message;
      const shown = sizes(view ?? layer);
      wanted = Object.fromEntries(Object.entries(sizes(layer)).filter(([name, value]) => value !== shown[name]));
    }
    writeControls();
  }

  function writeControls() {
    const now = { ...sizes(view ?? read()), ...wanted };
    for (const [name, input] of Object.entries({ ...ui.numbers, padding_mode: ui.mode })) {
      if (!Number.isNaN(now[name])) input.value = now[name];
      if (name in wanted) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    ui.preset.value = Object.keys(presets).find((name) => LAYER.every((key) => same(presets[name][key], model.get(key)))) ?? "";
  }

  function commit(values) {
    isQuiet = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    isQuiet = false;
    draw();
    model.save_changes();
  }

  function settle(name, value) {
    wanted[name] = value;
    const all = { ...sizes(view ?? read()), ...wanted };
    try {
      checkLimits(all, limits);
      const next = resize(kept, all);
      const { shape } = compute(next);
      commit({ ...next, cursor: clamp(model.get("cursor"), shape) });
    } catch (error) {
      ui.alert.textContent = error.message;
      writeControls();
    }
  }

  function edit(input) {
    const [name, ...at] = JSON.parse(input.dataset.at);
    const value = parse(input.value);
    const alert = name === "x" ? ui.input.alert : ui.kernel.alert;
    if (Number.isNaN(value)) {
      input.setAttribute("aria-invalid", "true");
      alert.textContent = `“${input.value}” is not a number: ${input.getAttribute("aria-label")} stays ${input.dataset.shown}.`;
      return;
    }
    const values = structuredClone(view[name]);
    const place = name === "x" ? at : [cursor()[0], ...at];
    const last = place.pop();
    place.reduce((level, k) => level[k], values)[last] = value;
    commit({ [name]: values });
  }

  const moveTo = (place) => (same(place, model.get("cursor")) ? draw() : commit({ cursor: place }));

  function step() {
    const [, oh, ow] = view.shape;
    const [f, i, j] = cursor();
    const next = (f * oh * ow + i * ow + j + 1) % (view.w.length * oh * ow);
    moveTo([Math.floor(next / (oh * ow)), Math.floor((next % (oh * ow)) / ow), next % ow]);
  }

  function play(isOn) {
    clearInterval(timer);
    timer = isOn ? setInterval(step, BEAT) : null;
    ui.play.textContent = isOn ? "pause" : "play";
    ui.play.setAttribute("aria-pressed", String(isOn));
    ui.sum.setAttribute("aria-live", isOn ? "off" : "polite");
  }

  function listen() {
    for (const [name, input] of Object.entries(ui.numbers))
      input.addEventListener("change", () => settle(name, input.value === "" ? NaN : Number(input.value)));
    ui.mode.addEventListener("change", () => settle("padding_mode", ui.mode.value));
    ui.preset.addEventListener("change", () => {
      kept = {};
      if (ui.preset.value) commit({ ...structuredClone(presets[ui.preset.value]), cursor: [0, 0, 0] });
    });
    ui.step.addEventListener("click", () => view && step());
    ui.play.addEventListener("click", () => view && play(!timer));
    ui.root.addEventListener("change", (event) => event.target.dataset.at && edit(event.target));
    ui.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && event.target.dataset.shown) draw();
    });
    const output = ui.output.planes;
    const place = (event) => JSON.parse(event.target.closest("[data-out]")?.dataset.out ?? "null");
    output.addEventListener("mouseover", (event) => place(event) && !timer && !isTyping() && point(ui, planes, view, place(event)));
    output.addEventListener("mouseleave", () => !timer && !isTyping() && point(ui, planes, view, cursor()));
    output.addEventListener("focusin", (event) => place(event) && (play(false), moveTo(place(event))));
    output.addEventListener("click", (event) => place(event) && (play(false), moveTo(place(event))));
  }

  listen();
  for (const name of [...LAYER, "cursor"]) model.on(`change:${name}`, draw);
  el.replaceChildren(ui.root);
  draw();
  return () => {
    play(false);
    for (const name of [...LAYER, "cursor"]) model.off(`change:${name}`, draw);
  };
}

export default { render };
