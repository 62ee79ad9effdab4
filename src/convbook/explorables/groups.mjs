// The groups explorable, an anywidget module: which input channel reaches which output, and what that costs.
import { field, h, options, range, rove } from "./dom.mjs";
import * as kernels from "./groups_kernels.mjs";
import { count, follow, nearest, s, spans } from "./vector.mjs";

const STATE = ["c_in", "c_out", "groups", "kernel_size", "size", "layers", "shuffle"];
const NUMBERS = { c_in: "channels in", c_out: "channels out", kernel_size: "kernel size", size: "map side" };
const [BOX, LEVEL, SHUFFLE] = [24, 92, 64]; // heights: a row of channels, a layer's wires, the shuffle's

const number = (value) => value.toLocaleString("en-US");
const known = (set) => [...set].sort((one, other) => one - other);

// ---- the layer: what the model holds, and what follows from it

function checkLimits(wanted, limits) {
  for (const [key, name] of Object.entries(NUMBERS))
    if (kernels.whole(name, wanted[key], 1) > limits[name])
      throw new Error(`${name} must be at most ${limits[name]} in this explorable, got ${wanted[key]}`);
  if (![1, 2].includes(wanted.layers)) throw new Error(`layers must be 1 or 2, got ${wanted.layers}`);
}

function compute(state) {
  const { c_in, c_out, groups, layers, shuffle } = state;
  const first = kernels.block_diagonal(c_in, c_out, groups);
  const second = layers === 2 ? kernels.second_layer(c_out, groups, shuffle) : null;
  return { ...state, first, second, paths: kernels.paths(state), levels: levels(state) };
}

// Rows of channels from input to output; `from(k)` lists what place k reads in the row above.
function levels({ c_in, c_out, groups, layers, shuffle }) {
  const block = (count) => (k) => {
    const size = count / groups;
    return range(size, (c) => Math.floor(k / (c_out / groups)) * size + c);
  };
  const rows = [
    { name: "input channels", kind: "in", count: c_in, label: (k) => k },
    { name: layers === 2 ? "first layer" : "output channels", kind: "out", count: c_out, label: (k) => k, height: LEVEL, from: block(c_in) },
  ];
  if (layers === 1) return rows;
  if (shuffle) {
    const order = kernels.channel_shuffle(c_out, groups);
    rows.push({ name: "shuffled", kind: "out", count: c_out, label: (k) => order[k], height: SHUFFLE, from: (k) => [order[k]] });
  }
  rows.push({ name: "output channels", kind: "out", count: c_out, label: (k) => k, height: LEVEL, from: block(c_out) });
  return rows;
}

// What output `f` depends on: for each row the places, as a set.
function reach(rows, f) {
  const sets = [new Set([f])];
  for (const row of rows.slice(1).reverse()) sets.unshift(new Set([...sets[0]].flatMap((k) => row.from(k))));
  return sets;
}

// ---- the wires

function wires(view, width) {
  const { levels: rows, groups } = view;
  const gap = Math.min(10, width / (4 * groups));
  let y = 18 + BOX / 2;
  const drawn = rows.map((row) => {
    y += row.height ?? 0;
    const pitch = (width - gap * (groups - 1)) / row.count;
    const each = row.count / groups;
    const x = range(row.count, (k) => Math.floor(k / each) * gap + (k + 0.5) * pitch);
    return { ...row, x, y, pitch, each };
  });
  const line = (row, above, k, c) => `M${x(above.x[c])} ${above.y + BOX / 2}L${x(row.x[k])} ${row.y - BOX / 2}`;
  const x = (value) => value.toFixed(1);
  const pairs = drawn.slice(1).map((row, above) => range(row.count, (k) => row.from(k).map((c) => line(row, drawn[above], k, c))));
  const lit = drawn.slice(1).map(() => s("path", { class: "cg-wire cg-lit" }));
  const outputs = [];
  const parts = drawn.map((row, level) => {
    const isLast = level === drawn.length - 1;
    const boxes = range(groups, (m) =>
      s("rect", { class: `cg-box cg-${row.kind}`, x: x(row.x[m * row.each] - row.pitch / 2), y: row.y - BOX / 2, width: x(row.pitch * row.each), height: BOX, rx: 6 }),
    );
    const dots = row.x.map((at, k) => {
      const dot = s("g", { class: `cg-dot cg-${row.kind}`, "data-level": level, "data-channel": k },
        s("circle", { cx: x(at), cy: row.y, r: x(Math.min(9, 0.4 * row.pitch)) }),
        ...(row.pitch >= 17 ? [s("text", { x: x(at), y: row.y + 3.5 }, String(row.label(k)))] : []));
      if (isLast) outputs.push(dot);
      return dot;
    });
    // Only the last row can be pointed at by the keyboard.
    const list = isLast ? s("g", { role: "listbox", "aria-label": "output channels", "aria-orientation": "horizontal" }, ...dots) : s("g", {}, ...dots);
    const name = s("text", { class: "cg-name", x: 0, y: isLast ? row.y + BOX / 2 + 15 : row.y - BOX / 2 - 6 }, row.name);
    return [...boxes, name, list];
  });
  const faint = s("path", { class: "cg-wire", d: pairs.flat(2).join("") });
  const drawing = s("svg", { class: "cg-wires", width, height: drawn.at(-1).y + BOX / 2 + 20 }, faint, ...lit, ...parts.flat());
  outputs.forEach((dot, f) => {
    dot.setAttribute("role", "option");
    dot.setAttribute("aria-label", reads(view, f));
    dot.dataset.out = f;
  });
  rove(drawing, [outputs]);
  return { drawing, outputs, lit, pairs, x: drawn.at(-1).x };
}

// ---- the matrices

function matrix(values, width, label) {
  const [rows, cols] = [values.length, values[0].length];
  const cell = Math.max(2, Math.min(14, Math.floor((width - 2) / cols)));
  const most = Math.max(...values.flat());
  const shades = new Map();
  values.forEach((row, f) =>
    row.forEach((value, c) => value && shades.set(value, `${shades.get(value) ?? ""}M${c * cell + 1} ${f * cell + 1}h${cell - 1 || 1}v${cell - 1 || 1}h-${cell - 1 || 1}z`)),
  );
  const fills = [...shades].map(([value, d]) => s("path", { class: "cg-cell", d, "fill-opacity": (0.35 + 0.65 * (value / most)).toFixed(2) }));
  const mark = s("path", { class: "cg-row" });
  const drawing = s("svg", { class: "cg-matrix", width: cols * cell + 2, height: rows * cell + 2, role: "img", "aria-label": label },
    s("rect", { class: "cg-frame", x: 0.5, y: 0.5, width: cols * cell + 1, height: rows * cell + 1 }), ...fills, mark);
  const show = (marked) => mark.setAttribute("d", marked.map((f) => `M0.5 ${f * cell + 0.5}h${cols * cell + 1}v${cell}h-${cols * cell + 1}z`).join(""));
  return { drawing, show };
}

function describe(name, values) {
  const there = values.flat().filter(Boolean).length;
  return `${name}: ${values.length} rows, one an output; ${values[0].length} columns, one an input; ${there} of ${values.length * values[0].length} squares filled`;
}

function stage(kind, title, note, drawn) {
  return h("div", { class: `cb-stage cb-${kind}` }, h("p", { class: "cb-title" }, title, h("span", { class: "cb-shape" }, note)), drawn.drawing);
}

function matrices(view, width) {
  const { first, second, paths, c_in, c_out } = view;
  if (!second) {
    const weights = matrix(first, Math.min(width, 560), describe("weights", first));
    const note = `${c_out} filters × ${c_in} channels; a square is a kernel, the rest is zero and not stored`;
    return { parts: [stage("kernel", "weights", note, weights)], show: (sets) => weights.show(known(sets.at(-1))) };
  }
  const each = width >= 620 ? (width - 56) / 3 : (width - 28) / 2;
  const [upper, lower] = [matrix(second, each, describe("second layer", second)), matrix(first, each, describe("first layer", first))];
  const all = matrix(paths, each, describe("both layers together", paths));
  const most = Math.max(...paths.flat());
  return {
    parts: [
      stage("kernel", "second layer", view.shuffle ? "columns as before the shuffle" : "columns: first layer", upper),
      stage("kernel", "× first layer", "columns: input", lower),
      stage("output", "= both together", `at most ${count(most, "path")} a square`, all),
    ],
    show: (sets) => {
      upper.show(known(sets.at(-1)));
      lower.show(known(sets[1]));
      all.show(known(sets.at(-1)));
    },
  };
}

// ---- words and costs

function reads(view, f) {
  const sets = reach(view.levels, f);
  const name = `output ${f}${view.groups > 1 ? `, in group ${Math.floor(f / (view.c_out / view.groups))},` : ""}`;
  const inputs = known(sets[0]);
  const what = `input channel${inputs.length > 1 ? "s" : ""} ${spans(inputs)}`;
  const share = `${inputs.length} of ${view.c_in}`;
  if (view.layers === 1) return `${name} reads ${what}: ${share}`;
  const middle = known(sets[1]);
  const through = `${name} reads channel${middle.length > 1 ? "s" : ""} ${spans(middle)} of the first layer`;
  return `${through}, and through ${middle.length > 1 ? "them" : "it"} ${what}: ${share}`;
}

function costs(view) {
  const { c_in, c_out, kernel_size, groups, size, layers } = view;
  const layer = (channels, g) => [kernels.conv_params(channels, c_out, kernel_size, g), kernels.conv_macs(channels, c_out, kernel_size, size, g)];
  const all = layers === 2 ? [c_in, c_out] : [c_in];
  const sum = (g) => all.map((channels) => layer(channels, g)).reduce(([p, m], [q, n]) => [p + q, m + n]);
  const terms = (channels) => `${c_out} · ${channels}/${groups} · ${kernel_size}²`;
  const row = (name, [parameters, macs]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", { "data-cost": "parameters" }, number(parameters)), h("td", { "data-cost": "macs" }, number(macs)));
  return h(
    "div",
    {},
    h("table", { class: "cg-costs" },
      h("thead", {}, h("tr", {}, ...["", "parameters", `MACs on ${size} × ${size}`].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, row(`with ${count(groups, "group")}`, sum(groups)), row("without groups", sum(1)))),
    h("p", { class: "cb-note" }, `parameters = ${all.map((channels) => `${terms(channels)} + ${c_out}`).join(" + ")}, MACs = ${all.map(terms).join(" + ")}${all.length > 1 ? ", both" : ""} times ${size}²`),
  );
}

// ---- the skeleton

function skeleton(presets, limits) {
  const box = (name) => h("input", { type: "checkbox", name });
  const check = (control, text) => h("label", { class: "cg-check" }, control, text);
  const ui = {
    preset: h("select", { name: "preset" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets))),
    layers: box("layers"),
    shuffle: box("shuffle"),
    numbers: Object.fromEntries(
      Object.entries(NUMBERS).map(([key, name]) => [key, h("input", { type: "number", name: key, min: 1, max: limits[name], step: 1 })]),
    ),
    groups: h("input", { type: "range", name: "groups", min: 0, step: 1 }),
    chosen: h("output", { class: "cg-chosen" }),
    possible: h("span", { class: "cb-note" }),
    alert: h("p", { role: "alert" }),
    note: h("p", { role: "status", class: "cb-note" }),
    wires: h("div", { class: "cg-place" }),
    matrices: h("div", { class: "cb-stages" }),
    costs: h("div", {}),
    reads: h("p", { class: "cg-reads", "aria-live": "polite" }),
  };
  ui.root = h(
    "div",
    { class: "convbook-widget cg", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", ui.preset), check(ui.layers, "a second layer"), check(ui.shuffle, "shuffle between them")),
    h("div", { class: "cb-row", role: "group", "aria-label": "sizes" }, ...Object.entries(NUMBERS).map(([key, name]) => field(name, ui.numbers[key]))),
    h("div", { class: "cg-slider" }, h("label", {}, h("span", {}, "groups"), ui.groups), ui.chosen, ui.possible),
    ui.alert,
    ui.note,
    h("div", {}, ui.wires, ui.matrices, ui.costs, h("div", { class: "cb-words" }, ui.reads)),
  );
  return ui;
}

// ---- the widget

function render({ model, el }) {
  const [presets, limits] = [model.get("presets"), model.get("limits")];
  const ui = skeleton(presets, limits);
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  let view = null; // the last state that could be computed
  let drawn = null;
  let wish = model.get("groups"); // the groups asked for, which a channel count may forbid for a while
  let wanted = {}; // sizes asked for that do not fit yet
  let isQuiet = false;

  const cursor = () => Math.max(0, Math.min(model.get("cursor"), view.c_out - 1));

  function point(f) {
    const sets = reach(view.levels, f);
    drawn.wires.lit.forEach((path, k) => path.setAttribute("d", known(sets[k + 1]).flatMap((place) => drawn.wires.pairs[k][place]).join("")));
    for (const dot of drawn.wires.drawing.querySelectorAll(".cg-dot"))
      dot.classList.toggle("cg-on", sets[Number(dot.dataset.level)].has(Number(dot.dataset.channel)));
    drawn.wires.outputs.forEach((dot, k) => dot.setAttribute("aria-selected", String(k === f)));
    drawn.matrices.show(sets);
    ui.reads.textContent = reads(view, f);
  }

  function build() {
    const hadFocus = ui.wires.contains(document.activeElement);
    const width = ui.wires.clientWidth || 600;
    drawn = { wires: wires(view, width), matrices: matrices(view, width) };
    ui.wires.replaceChildren(drawn.wires.drawing);
    ui.matrices.replaceChildren(...drawn.matrices.parts);
    ui.costs.replaceChildren(costs(view));
    point(cursor());
    if (hadFocus) drawn.wires.outputs[cursor()].focus();
  }

  function draw() {
    if (isQuiet) return;
    const state = read();
    wanted = {};
    ui.alert.textContent = "";
    try {
      checkLimits(state, limits);
      const isSame = view && STATE.every((name) => view[name] === state[name]);
      if (!isSame) {
        view = compute(state);
        build();
      } else point(cursor());
    } catch (error) {
      ui.alert.textContent = error.message;
      wanted = Object.fromEntries(Object.entries(state).filter(([name, value]) => value !== (view ?? state)[name]));
    }
    writeControls();
  }

  function writeControls() {
    const now = { ...(view ?? read()), ...wanted };
    for (const [key, input] of Object.entries(ui.numbers)) {
      if (!Number.isNaN(now[key])) input.value = now[key];
      if (key in wanted) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    ui.layers.checked = now.layers === 2;
    ui.shuffle.checked = now.shuffle;
    ui.shuffle.disabled = now.layers !== 2;
    if (view) {
      const possible = kernels.divisors(view.c_in, view.c_out);
      ui.groups.max = possible.length - 1;
      ui.groups.disabled = possible.length === 1;
      ui.groups.value = possible.indexOf(view.groups);
      ui.groups.setAttribute("aria-valuetext", count(view.groups, "group"));
      ui.chosen.textContent = String(view.groups);
      ui.possible.textContent = `of ${possible.join(", ")}`;
    }
    ui.preset.value = Object.keys(presets).find((name) => STATE.every((key) => presets[name][key] === model.get(key))) ?? "";
  }

  function commit(values) {
    isQuiet = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    isQuiet = false;
    draw();
    model.save_changes();
  }

  function settle(name, value) {
    ui.note.textContent = "";
    wanted[name] = value;
    const all = { ...(view ?? read()), ...wanted };
    try {
      checkLimits(all, limits);
    } catch (error) {
      ui.alert.textContent = error.message;
      writeControls();
      return;
    }
    all.groups = kernels.divisors(all.c_in, all.c_out).findLast((groups) => groups <= wish);
    commit(Object.fromEntries(STATE.map((key) => [key, all[key]])));
    if (all.groups !== wish)
      ui.note.textContent = `${count(wish, "group")} would need ${wish} to divide ${all.c_in} and ${all.c_out}: now ${all.groups}`;
  }

  const moveTo = (f) => (f === model.get("cursor") ? point(f) : commit({ cursor: f }));

  function listen() {
    for (const [key, input] of Object.entries(ui.numbers))
      input.addEventListener("change", () => settle(key, input.value === "" ? NaN : Number(input.value)));
    ui.layers.addEventListener("change", () => settle("layers", ui.layers.checked ? 2 : 1));
    ui.shuffle.addEventListener("change", () => settle("shuffle", ui.shuffle.checked));
    ui.groups.addEventListener("input", () => {
      if (!view) return;
      wish = kernels.divisors(view.c_in, view.c_out)[Number(ui.groups.value)];
      settle("groups", wish);
    });
    ui.preset.addEventListener("change", () => {
      const chosen = presets[ui.preset.value];
      ui.note.textContent = "";
      if (chosen) {
        wish = chosen.groups;
        commit({ ...chosen, cursor: 0 });
      }
    });
    const at = (event) => nearest(event, drawn.wires.drawing, drawn.wires.x);
    ui.wires.addEventListener("pointermove", (event) => view && (event.buttons ? moveTo(at(event)) : point(at(event))));
    ui.wires.addEventListener("pointerdown", (event) => view && moveTo(at(event)));
    ui.wires.addEventListener("pointerleave", () => view && point(cursor()));
    ui.wires.addEventListener("focusin", (event) => {
      const option = event.target.closest("[data-out]");
      if (option) moveTo(Number(option.dataset.out));
    });
  }

  listen();
  const regroup = () => !isQuiet && (wish = model.get("groups")); // Python's wish
  model.on("change:groups", regroup);
  for (const name of [...STATE, "cursor"]) model.on(`change:${name}`, draw);
  el.replaceChildren(ui.root);
  draw();
  const stop = follow(ui.wires, () => view && build());
  return () => {
    stop();
    model.off("change:groups", regroup);
    for (const name of [...STATE, "cursor"]) model.off(`change:${name}`, draw);
  };
}

export default { render };
