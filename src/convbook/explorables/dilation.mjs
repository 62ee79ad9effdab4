// The dilation explorable, an anywidget module: which inputs reach an output through a stack, and which are holes.
import { field, h, options, same } from "./dom.mjs";
import * as kernels from "./dilation_kernels.mjs";
import { drawing, square } from "./dilation_picture.mjs";
import { count, follow, nearest, spans } from "./vector.mjs";

const STATE = ["kernel_size", "dilations", "outputs"];

const number = (value) => value.toLocaleString("en-US");

// ---- the stack: what the model holds, and what follows from it

function check({ kernel_size, dilations, outputs }, limits) {
  const all = { "kernel size": kernel_size, outputs, layers: dilations.length };
  for (const [name, value] of Object.entries(all))
    if (kernels.whole(name, value, 1) > limits[name])
      throw new Error(`${name} must be at most ${limits[name]} in this explorable, got ${value}`);
  const wide = kernels.receptive_field(kernel_size, dilations);
  if (wide > limits.field)
    throw new Error(
      `the receptive field must be at most ${limits.field} in this explorable, got ${wide}: ` +
        `dilations ${dilations.join(", ")} with kernels of ${kernel_size}`,
    );
}

function compute(state) {
  const { kernel_size, dilations, outputs } = state;
  const cone = kernels.cone(kernel_size, dilations);
  return {
    ...state,
    cone,
    paths: cone[0],
    field: cone[0].length,
    widths: cone.map((row) => row.length + outputs - 1),
    holes: cone[0].filter((paths) => !paths).length,
    shifts: dilations.map((dilation) => (kernels.extent(kernel_size, dilation) - 1) / 2),
  };
}

// ---- words

function reaches(view, i) {
  const { paths, field, holes, kernel_size, dilations } = view;
  const gaps = paths.flatMap((value, k) => (value ? [] : [i + k]));
  const seen = `output ${i} sees inputs ${i} to ${i + field - 1}: ${field - holes} of ${field} reach it`;
  const total = kernel_size ** dilations.length;
  const way = `${count(total, "path")} in all, at most ${number(Math.max(...paths))} from one input`;
  return `${seen}, along ${way}. ${holes ? `Holes: ${holes}, at ${spans(gaps)}.` : "No holes."}`;
}

function facts(view) {
  const { kernel_size, dilations, field, holes, cone } = view;
  const rows = dilations.map((dilation, level) => {
    const seen = kernels.receptive_field(kernel_size, dilations.slice(0, level + 1));
    const size = `${dilation} · (${kernel_size} − 1) + 1 = ${kernels.extent(kernel_size, dilation)}`;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, `layer ${level + 1}`),
      h("td", {}, String(dilation)),
      h("td", {}, size),
      h("td", { "data-field": level + 1 }, String(seen)),
    );
  });
  const head = ["", "dilation", "effective kernel", "field"].map((text) => (text ? h("th", { scope: "col" }, text) : h("td")));
  const weights = count(kernel_size * dilations.length, "weight");
  const square = `In two dimensions ${number((field - holes) ** 2)} of ${number(field ** 2)} pixels are read.`;
  return [
    h("table", { class: "cd-facts" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)),
    h("p", { class: "cb-note" }, `${weights}; one kernel with the same field has ${field}. ${square}`),
  ];
}

// ---- the skeleton

function skeleton(presets, limits) {
  const whole = (name, key) => h("input", { type: "number", name: key, min: 1, max: limits[name], step: 1 });
  const ui = {
    preset: h("select", { name: "preset" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets))),
    dilations: h("input", { type: "text", name: "dilations", autocomplete: "off", spellcheck: "false" }),
    kernel_size: whole("kernel size", "kernel_size"),
    outputs: whole("outputs", "outputs"),
    alert: h("p", { role: "alert" }),
    place: h("div", { class: "cd-place" }),
    square: h("div"),
    facts: h("div", {}),
    words: h("p", { class: "cd-words", "aria-live": "polite" }),
  };
  ui.root = h(
    "div",
    { class: "convbook-widget cd", "data-lm-suppress-shortcuts": "true" },
    h(
      "div",
      { class: "cb-row cb-head" },
      field("example", ui.preset),
      field("dilations, from the input on", ui.dilations),
    ),
    h(
      "div",
      { class: "cb-row", role: "group", "aria-label": "sizes" },
      field("kernel size", ui.kernel_size),
      field("outputs", ui.outputs),
    ),
    ui.alert,
    h(
      "div",
      {},
      ui.place,
      h(
        "div",
        { class: "cd-below" },
        h("div", {}, h("p", { class: "cb-note" }, "the field in an image"), ui.square),
        ui.facts,
      ),
      h("div", { class: "cb-words" }, ui.words),
    ),
  );
  return ui;
}

// ---- the widget

function render({ model, el }) {
  const [presets, limits] = [model.get("presets"), model.get("limits")];
  const ui = skeleton(presets, limits);
  const controls = { kernel_size: ui.kernel_size, dilations: ui.dilations, outputs: ui.outputs };
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  let view = null; // the last state that could be computed
  let drawn = null;
  let wanted = {}; // what was asked for and does not fit yet, as typed
  let isQuiet = false;

  const cursor = () => Math.max(0, Math.min(model.get("cursor"), view.outputs - 1));

  function point(i) {
    drawn.show(i);
    ui.words.textContent = reaches(view, i);
  }

  function build() {
    const hadFocus = ui.place.contains(document.activeElement);
    drawn = drawing(view, ui.place.clientWidth || 600, (i) => reaches(view, i));
    ui.place.replaceChildren(drawn.picture);
    ui.square.replaceChildren(square(view, 190));
    ui.facts.replaceChildren(...facts(view));
    point(cursor());
    if (hadFocus) drawn.options[cursor()].focus();
  }

  function draw() {
    if (isQuiet) return;
    const state = read();
    wanted = {};
    ui.alert.textContent = "";
    try {
      check(state, limits);
      if (view && STATE.every((name) => same(view[name], state[name]))) point(cursor());
      else {
        view = compute(state);
        build();
      }
    } catch (error) {
      ui.alert.textContent = error.message;
      wanted = Object.fromEntries(Object.entries(state).filter(([name, value]) => !same(value, (view ?? state)[name])));
    }
    writeControls();
  }

  const asText = (value) => (Array.isArray(value) ? value.join(", ") : String(value));

  function writeControls() {
    const now = { ...(view ?? read()), ...wanted };
    for (const [name, input] of Object.entries(controls)) {
      if (!Number.isNaN(now[name])) input.value = asText(now[name]);
      if (name in wanted) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    const isShown = (name) => STATE.every((key) => same(presets[name][key], model.get(key)));
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
    wanted[name] = value;
    const all = { ...(view ?? read()), ...wanted };
    try {
      if (typeof all.dilations === "string") all.dilations = kernels.parse_dilations(all.dilations);
      check(all, limits);
      commit(Object.fromEntries(STATE.map((key) => [key, all[key]])));
    } catch (error) {
      ui.alert.textContent = error.message;
      writeControls();
    }
  }

  const moveTo = (i) => (i === model.get("cursor") ? point(i) : commit({ cursor: i }));

  function listen() {
    for (const name of ["kernel_size", "outputs"]) {
      const input = controls[name];
      input.addEventListener("change", () => settle(name, input.value === "" ? NaN : Number(input.value)));
    }
    ui.dilations.addEventListener("change", () => settle("dilations", ui.dilations.value));
    ui.preset.addEventListener("change", () => {
      const chosen = presets[ui.preset.value];
      if (chosen) commit({ ...structuredClone(chosen), cursor: Math.floor(chosen.outputs / 2) });
    });
    const at = (event) => nearest(event, drawn.picture, drawn.points);
    ui.place.addEventListener("pointermove", (event) => view && (event.buttons ? moveTo(at(event)) : point(at(event))));
    ui.place.addEventListener("pointerdown", (event) => view && moveTo(at(event)));
    ui.place.addEventListener("pointerleave", () => view && point(cursor()));
    ui.place.addEventListener("focusin", (event) => {
      const option = event.target.closest("[data-out]");
      if (option) moveTo(Number(option.dataset.out));
    });
  }

  listen();
  for (const name of [...STATE, "cursor"]) model.on(`change:${name}`, draw);
  el.replaceChildren(ui.root);
  draw();
  const stop = follow(ui.place, () => view && build());
  return () => {
    stop();
    for (const name of [...STATE, "cursor"]) model.off(`change:${name}`, draw);
  };
}

export default { render };
