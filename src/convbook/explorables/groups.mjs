// The groups explorable, an anywidget module: which input channel reaches which output, and what that costs.
import { field, h, options } from "./dom.mjs";
import * as kernels from "./groups_kernels.mjs";
import { matrices, wires } from "./groups_picture.mjs";
import { count, follow, nearest, sorted, spans } from "./vector.mjs";

const STATE = ["c_in", "c_out", "groups", "kernel_size", "size", "layers", "shuffle"];
const NUMBERS = { c_in: "channels in", c_out: "channels out", kernel_size: "kernel size", size: "map side" };

const number = (value) => value.toLocaleString("en-US");

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
  return { ...state, first, second, paths: kernels.paths(state), levels: kernels.levels(state) };
}

// ---- words and costs

function reads(view, f) {
  const sets = kernels.reach(view.levels, f);
  const name = `output ${f}${view.groups > 1 ? `, in group ${Math.floor(f / (view.c_out / view.groups))},` : ""}`;
  const inputs = sorted(sets[0]);
  const what = `input channel${inputs.length > 1 ? "s" : ""} ${spans(inputs)}`;
  const share = `${inputs.length} of ${view.c_in}`;
  if (view.layers === 1) return `${name} reads ${what}: ${share}`;
  const middle = sorted(sets[1]);
  const through = `${name} reads channel${middle.length > 1 ? "s" : ""} ${spans(middle)} of the first layer`;
  return `${through}, and through ${middle.length > 1 ? "them" : "it"} ${what}: ${share}`;
}

function costs(view) {
  const { c_in, c_out, kernel_size, groups, size, layers } = view;
  const layer = (channels, g) => [
    kernels.conv_params(channels, c_out, kernel_size, g),
    kernels.conv_macs(channels, c_out, kernel_size, size, g),
  ];
  const all = layers === 2 ? [c_in, c_out] : [c_in];
  const sum = (g) => all.map((channels) => layer(channels, g)).reduce(([p, m], [q, n]) => [p + q, m + n]);
  const terms = (channels) => `${c_out} · ${channels}/${groups} · ${kernel_size}²`;
  const row = (name, [parameters, macs]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", { "data-cost": "parameters" }, number(parameters)),
      h("td", { "data-cost": "macs" }, number(macs)),
    );
  const head = ["", "parameters", `MACs on ${size} × ${size}`].map((text) => (text ? h("th", { scope: "col" }, text) : h("td")));
  const parameters = all.map((channels) => `${terms(channels)} + ${c_out}`).join(" + ");
  const macs = `${all.map(terms).join(" + ")}${all.length > 1 ? ", both" : ""} times ${size}²`;
  return h(
    "div",
    {},
    h(
      "table",
      { class: "cg-costs" },
      h("thead", {}, h("tr", {}, ...head)),
      h("tbody", {}, row(`with ${count(groups, "group")}`, sum(groups)), row("without groups", sum(1))),
    ),
    h("p", { class: "cb-note" }, `parameters = ${parameters}, MACs = ${macs}`),
  );
}

// ---- the skeleton

function skeleton(presets, limits) {
  const box = (name) => h("input", { type: "checkbox", name });
  const whole = (key, name) => h("input", { type: "number", name: key, min: 1, max: limits[name], step: 1 });
  const sizes = Object.entries(NUMBERS);
  const check = (control, text) => h("label", { class: "cg-check" }, control, text);
  const ui = {
    preset: h("select", { name: "preset" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets))),
    layers: box("layers"),
    shuffle: box("shuffle"),
    numbers: Object.fromEntries(sizes.map(([key, name]) => [key, whole(key, name)])),
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
    h(
      "div",
      { class: "cb-row cb-head" },
      field("example", ui.preset),
      check(ui.layers, "a second layer"),
      check(ui.shuffle, "shuffle between them"),
    ),
    h(
      "div",
      { class: "cb-row", role: "group", "aria-label": "sizes" },
      ...sizes.map(([key, name]) => field(name, ui.numbers[key])),
    ),
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
    const sets = kernels.reach(view.levels, f);
    const lines = (k) => sorted(sets[k + 1]).flatMap((place) => drawn.wires.pairs[k][place]);
    drawn.wires.lit.forEach((path, k) => path.setAttribute("d", lines(k).join("")));
    for (const dot of drawn.wires.drawing.querySelectorAll(".cg-dot"))
      dot.classList.toggle("cg-on", sets[Number(dot.dataset.level)].has(Number(dot.dataset.channel)));
    drawn.wires.outputs.forEach((dot, k) => dot.setAttribute("aria-selected", String(k === f)));
    drawn.matrices.show(sets);
    ui.reads.textContent = reads(view, f);
  }

  function build() {
    const hadFocus = ui.wires.contains(document.activeElement);
    const width = ui.wires.clientWidth || 600;
    drawn = { wires: wires(view, width, (f) => reads(view, f)), matrices: matrices(view, width) };
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
    const isShown = (name) => STATE.every((key) => presets[name][key] === model.get(key));
    ui.preset.value = Object.keys(presets).find(isShown) ?? "";
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
      ui.note.textContent = `${wish} groups would need ${wish} to divide ${all.c_in} and ${all.c_out}: now ${all.groups}`;
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
