// The gradient chain explorable, an anywidget module: a gradient through layers of one weight, with skips and without.
import { bind, onEntry, settings } from "./controls.mjs";
import { field, h, options, parse } from "./dom.mjs";
import { FORMATS, chain, fate } from "./gradient_chain_kernels.mjs";
import { chart } from "./gradient_chain_picture.mjs";
import { arithmetic, formula, lost, text, told } from "./gradient_chain_words.mjs";
import { follow, nearest } from "./vector.mjs";

const STATE = ["depth", "weight", "skip", "span", "dtype"];
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
const NAMES = { plain: "plain", skipped: "with skips" };

function compute(state) {
  const { depth, weight, skip, span, dtype } = state;
  const one = (name, over) => ({ name, span: over, values: chain(weight, depth, over, dtype) });
  const series = [one("plain", 0), ...(skip ? [one("skipped", span)] : [])];
  return { ...state, format: FORMATS[dtype], series };
}

// ---- words

function sentence(view, n) {
  return view.series.map((each) => {
    const [factors, result] = arithmetic(view, each, n);
    const more = lost(view, each, n);
    const sum = factors === result ? [h("strong", {}, result)] : [`${factors} = `, h("strong", {}, result)];
    const note = more ? [h("span", { class: "cb-where" }, ` (${more})`)] : [];
    return h("p", { class: "cb-sum" }, h("span", { class: `gc-name gc-${each.name}` }, `${NAMES[each.name]}:`), " ", ...sum, ...note);
  });
}

const spoken = (view, n) =>
  [`${n} layers back`, ...view.series.map((each) => `${NAMES[each.name]} ${text(each.values[n])}`)].join(", ");

function legend({ series, depth }) {
  return series.map(({ name, span, values }) =>
    h(
      "p",
      { class: `gc-key gc-${name}` },
      h("span", { class: "gc-swatch", "aria-hidden": "true" }),
      `${NAMES[name]}, ${formula(span)}: ${text(values[depth])} after ${depth} layer${depth === 1 ? "" : "s"}`,
    ),
  );
}

function facts({ weight, span, skip, dtype }) {
  const heads = ["format", "smallest > 0", "largest", "plain", ...(skip ? ["with skips"] : [])];
  const rows = Object.entries(FORMATS).map(([name, { least, largest }]) => {
    const cells = [text(least, 2), text(largest, 2), told(fate(weight, 0, name)), ...(skip ? [told(fate(weight, span, name))] : [])];
    const row = [h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", {}, cell))];
    return h("tr", name === dtype ? { "aria-current": "true", "data-format": name } : { "data-format": name }, ...row);
  });
  const head = h("tr", {}, ...heads.map((name) => h("th", { scope: "col" }, name)));
  return h("table", { class: "gc-facts" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

// ---- the widget

function render({ model, el }) {
  const [presets, limits] = [model.get("presets"), model.get("limits")];
  const [least, most] = limits.weight;
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  let view = null;
  let drawn = null;

  const { depth, span } = limits;
  const fields = settings({ depth, span }, () => ({ depth: model.get("depth"), span: model.get("span") }), commitState);
  fields.inputs.span.closest("label").firstChild.textContent = "layers in a skip";
  const preset = h("select", { name: "preset" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets)));
  const dtype = h("select", { name: "dtype" }, ...options(Object.keys(FORMATS)));
  const skip = h("input", { type: "checkbox", name: "skip" });
  const weight = h("input", { type: "text", inputmode: "decimal", name: "weight", autocomplete: "off" });
  const slider = h("input", { type: "range", name: "weight-slider", min: -1.5, max: 1.5, step: 0.01, "aria-label": "weight" });
  const long = h("input", { type: "range", name: "depth-slider", min: depth[0], max: depth[1], "aria-label": "depth" });
  fields.row.prepend(field("weight of a layer", weight));
  const place = h("div", { class: "gc-place" });
  const keys = h("div", { class: "gc-keys" });
  const words = h("div", { class: "cb-words", "aria-live": "polite" });
  const table = h("div", { class: "cb-scroll" });
  const root = h(
    "div",
    { class: "convbook-widget gc", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset), field("number format", dtype), h("label", { class: "cb-check" }, skip, "skips")),
    fields.row,
    h("div", { class: "gc-sliders" }, field("weight", slider), field("depth", long)),
    fields.alert,
    keys,
    place,
    table,
    words,
  );

  const cursor = () => Math.max(1, Math.min(model.get("cursor"), view.depth));

  function point(n) {
    drawn.show(n);
    words.replaceChildren(h("p", { class: "cb-note" }, `the derivative ${n} layer${n === 1 ? "" : "s"} back from the loss`), ...sentence(view, n));
    const aria = { "aria-label": "layers back from the loss", "aria-valuemin": 1, "aria-valuemax": view.depth, "aria-valuenow": n, "aria-valuetext": spoken(view, n) };
    for (const [name, value] of Object.entries(aria)) drawn.picture.setAttribute(name, value);
  }

  function build() {
    const made = chart(view, place.clientWidth || 600);
    if (drawn) {
      // The same element, so that it keeps the focus, and gets the one that leaving a field gives it.
      const { picture } = drawn;
      for (const name of ["width", "height"]) picture.setAttribute(name, made.picture.getAttribute(name));
      picture.replaceChildren(...made.picture.childNodes);
      drawn = { ...made, picture };
    } else {
      drawn = made;
      place.replaceChildren(drawn.picture);
    }
    point(cursor());
  }

  function draw() {
    view = compute(read());
    build();
    keys.replaceChildren(...legend(view));
    table.replaceChildren(facts(view));
    dtype.value = view.dtype;
    skip.checked = view.skip;
    weight.value = String(view.weight).replace("-", "−");
    weight.removeAttribute("aria-invalid");
    slider.value = view.weight;
    long.value = view.depth;
    const isShown = (name) => STATE.every((key) => presets[name][key] === model.get(key));
    preset.value = Object.keys(presets).find(isShown) ?? "";
    fields.forget("");
  }

  const { commit, release } = bind(model, [...STATE, "cursor"], draw);

  // The end of the chain is what one looks at; a cursor that was there stays there.
  function commitState(values) {
    const isAtEnd = model.get("cursor") >= model.get("depth");
    const n = values.depth ?? model.get("depth");
    commit({ ...values, cursor: isAtEnd ? n : Math.min(model.get("cursor"), n) });
  }

  function listen() {
    onEntry(weight, () => {
      const value = parse(weight.value);
      if (value >= least && value <= most) return commitState({ weight: value });
      weight.setAttribute("aria-invalid", "true");
      fields.alert.textContent = `weight must be a number from ${least} to ${most}, got “${weight.value}”`.replace("-", "−");
    });
    slider.addEventListener("input", () => commitState({ weight: Number(slider.value) }));
    long.addEventListener("input", () => commitState({ depth: Number(long.value) }));
    dtype.addEventListener("change", () => commitState({ dtype: dtype.value }));
    skip.addEventListener("change", () => commitState({ skip: skip.checked }));
    preset.addEventListener("change", () => preset.value && commit({ ...presets[preset.value] }));
    const moveTo = (n) => n !== model.get("cursor") && commit({ cursor: n });
    const at = (event) => 1 + nearest(event, drawn.picture, drawn.points);
    place.addEventListener("pointermove", (event) => (event.buttons ? moveTo(at(event)) : point(at(event))));
    place.addEventListener("pointerdown", (event) => moveTo(at(event)));
    place.addEventListener("pointerleave", () => point(cursor()));
    place.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      moveTo(Math.max(1, Math.min(cursor() + step, view.depth)));
    });
  }

  listen();
  el.replaceChildren(root);
  draw();
  const stop = follow(place, build);
  return () => {
    stop();
    release();
  };
}

export default { render };
