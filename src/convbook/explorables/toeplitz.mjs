// The toeplitz explorable: a convolution of one dimension as a matrix, and the transpose beside it.
import { apply, dot, tap_places, toeplitz_1d, transpose } from "./adjoints.mjs";
import { bind, edits, isTyping, overlay, replaced, settings, span, sumOf } from "./controls.mjs";
import { entry, factor, field, h, options, range, rove, same, short, writeEntry } from "./dom.mjs";

const NAMES = ["taps", "x", "v", "stride", "padding"];
const LETTERS = "abcdefgh";

function compute(now) {
  const { taps, x, v, stride, padding } = now;
  const matrix = toeplitz_1d(taps, x.length, stride, padding);
  if (v.length !== matrix.length)
    throw new Error(`v must hold a number for each of the ${matrix.length} outputs, got ${v.length}`);
  const places = tap_places(taps.length, x.length, stride, padding);
  const sides = [
    { key: "forward", rows: matrix, places, into: x, from: "x", to: "z", symbol: "Ŵ", result: apply(matrix, x) },
    { key: "backward", rows: transpose(matrix), places: transpose(places), into: v, from: "v", to: "dx", symbol: "Ŵᵀ" },
  ];
  sides[1].result = apply(sides[1].rows, v);
  return { ...now, sides };
}

const sizes = ({ taps, x, stride, padding }) => ({ pixels: x.length, taps: taps.length, stride, padding });

// Values that were there before, else a pattern that is easy to add up.
function resize(kept, wanted) {
  const { stride, padding } = wanted;
  const outputs = tap_places(wanted.taps, wanted.pixels, stride, padding).length;
  return {
    taps: range(wanted.taps, (k) => kept.taps[k] ?? [2, 3, 5, 7, 11][k]),
    x: range(wanted.pixels, (k) => kept.x[k] ?? k + 1),
    v: range(outputs, (k) => kept.v[k] ?? (3 * k + 1) % 10),
    stride,
    padding,
  };
}

// ---- grids

function cell(className, ...children) {
  return h("div", { class: `cb-cell ${className}`, role: "gridcell" }, ...children);
}

// The vector lies on the columns that it meets, the product stands at the end of its row.
function buildSide({ key, rows, places, into, from, to, symbol }) {
  const vector = into.map((_, k) => entry([from, k], `${from}, place ${k}`));
  const results = rows.map((_, r) => h("div", { class: "cb-cell bp-result", role: "gridcell", "data-row": `${key} ${r}` }, span("", "")));
  const cells = rows.map((row, r) =>
    row.map((_, k) => {
      const tap = places[r][k];
      const box = cell(tap === null ? "bp-zero" : "bp-tap", span("", ""), h("small", { "aria-hidden": "true" }, tap === null ? "" : LETTERS[tap]));
      if (tap !== null) box.dataset.tap = tap;
      box.dataset.row = `${key} ${r}`;
      return box;
    }),
  );
  const head = h("div", { role: "row" }, ...vector.map((input) => cell("bp-vector", input)), cell("bp-name", h("span", { "aria-hidden": "true" }, to)));
  const lines = cells.map((row, r) => h("div", { role: "row" }, ...row, results[r]));
  const box = h(
    "div",
    { class: "cb-grid", role: "grid", "aria-label": `${symbol}, ${rows.length} rows and ${into.length} columns, with ${from} above and ${to} at the right`, style: `--cols:${into.length + 1}` },
    head,
    ...lines,
  );
  rove(box, [vector]);
  rove(box, results.map((result) => [result]));
  const title = h("p", { class: "cb-title" }, `${symbol} ${from} = ${to} `, span("cb-shape", `${rows.length} × ${into.length}`));
  const element = h("div", { role: "group", class: `cb-stage ${key === "forward" ? "cb-input" : "cb-output"}`, "aria-label": `${symbol} ${from}` }, title, h("div", { class: "cb-scroll" }, box));
  return { element, vector, cells, results, box };
}

function writeSide(built, side) {
  const all = [...side.rows.flat(), ...side.into, ...side.result].map((value) => short(value).length);
  built.box.style.setProperty("--cell", `${Math.max(30, Math.min(7.5 * Math.max(...all) + 3, 48))}px`);
  side.into.forEach((value, k) => {
    writeEntry(built.vector[k], short(value));
    built.vector[k].parentNode.style.setProperty("--chars", short(value).length);
  });
  side.rows.forEach((row, r) => {
    row.forEach((value, k) => put(built.cells[r][k], value));
    put(built.results[r], side.result[r]);
    built.results[r].setAttribute("aria-label", `${side.to}, place ${r}: ${short(side.result[r])}`);
  });
}

function put(box, value) {
  box.firstChild.textContent = short(value);
  box.style.setProperty("--chars", short(value).length);
}

// ---- words

function words({ sides, taps, stride, padding }, [key, r]) {
  const { rows, places, into, from, to, result } = sides.find((side) => side.key === key);
  const met = range(into.length, (k) => k).filter((k) => places[r][k] !== null);
  const letters = met.map((k) => LETTERS[places[r][k]]);
  const product = (k) => h("span", { class: "cb-term" }, span("cb-k", factor(rows[r][k])), "·", span("cb-x", factor(into[k])));
  const where = span("cb-where", `${to}[${r}]`);
  const sum = met.length ? sumOf(met.map(product)) : ["0"];
  const border = key === "forward" ? taps.length - met.length : 0;
  const notes = {
    forward: `z[${r}] lays ${letters.join(", ") || "no tap"} on x[${met.join("], x[")}]` + (border ? `; ${border} ${border > 1 ? "taps lie" : "tap lies"} on the border.` : "."),
    backward: met.length
      ? `Pixel ${r} was used by z[${met.join("], z[")}], under ${letters.join(", ")}.`
      : `No output used pixel ${r}: its gradient is 0.`,
  };
  if (!met.length && key === "forward") notes.forward = `z[${r}] sees nothing but border.`;
  return [h("p", { class: "cb-note" }, notes[key]), h("p", { class: "cb-sum" }, where, " = ", ...sum, " = ", h("strong", {}, short(result[r])))];
}

function lesson({ taps, x, stride, padding, sides }) {
  const back = LETTERS.slice(0, taps.length).split("").reverse().join(", ");
  const put = taps.length - 1 - padding;
  if (stride === 1) {
    const zeros = put >= 0 ? `${put} zero${put === 1 ? "" : "s"} on either side` : `${-put} value${put === -1 ? "" : "s"} less on either side`;
    return `Stride 1: multiplying by Ŵᵀ is v ⋆ (${back}), v with ${zeros}.`;
  }
  return `Stride ${stride}: rows of Ŵᵀ take turns with every ${stride === 2 ? "second" : `${stride}th`} tap. As one filter (${back}), v needs ${stride - 1} zero${stride === 2 ? "" : "s"} between its values first.`;
}

// ---- the widget

function render({ model, el }) {
  const presets = model.get("presets");
  const limits = model.get("limits");
  const read = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  let view = null;
  let built = null;
  let kept = read();
  let cursor = ["forward", 0];

  const preset = h("select", { name: "preset" }, h("option", { value: "" }, "your own numbers"), ...options(Object.keys(presets)));
  const fields = settings(limits, () => sizes(view ?? read()), (wanted) => {
    const next = resize(kept, wanted);
    compute(next);
    commit(next);
  });
  const alert = h("p", { role: "alert" });
  const taps = h("div", { class: "bp-taps" });
  const stages = h("div", { class: "cb-stages" });
  const told = h("div", { class: "cb-words", "aria-live": "polite" });
  const identity = h("p", { class: "bp-identity" });
  const rule = h("p", {});
  const root = h(
    "div",
    { class: "convbook-widget bp-toeplitz", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset)),
    fields.row,
    fields.alert,
    h("div", {}, h("div", { role: "group", class: "cb-kernel bp-bar", "aria-label": "taps" }, h("p", { class: "cb-title" }, "taps"), taps), alert, stages, rule, identity, told),
  );

  function build() {
    built = view.sides.map(buildSide);
    stages.replaceChildren(...built.map(({ element }) => element));
    const entries = view.taps.map((_, k) => entry(["taps", k], `tap ${LETTERS[k]}`));
    taps.replaceChildren(
      ...entries.map((input, k) => h("label", { class: "bp-letter" }, LETTERS[k], h("div", { class: "cb-cell bp-tap", "data-tap": k }, input))),
    );
    rove(taps, [entries]);
  }

  function draw() {
    const now = read();
    let message = "";
    try {
      fields.check(sizes(now));
      const next = compute(now);
      const isSame = view && same([sizes(view), view.v.length], [sizes(next), next.v.length]);
      view = next;
      kept = Object.fromEntries(NAMES.map((name) => [name, overlay(kept[name], view[name])]));
      if (!isSame) build();
      view.sides.forEach((side, k) => writeSide(built[k], side));
      view.taps.forEach((value, k) => {
        const input = taps.querySelectorAll("input")[k];
        writeEntry(input, short(value));
        input.parentNode.style.setProperty("--chars", short(value).length);
      });
      const { into, result } = view.sides[0];
      const [left, right] = [dot(result, view.v), dot(into, view.sides[1].result)];
      identity.replaceChildren("⟨Ŵx, v⟩ = ", h("strong", {}, short(left)), " = ⟨x, Ŵᵀv⟩ = ", h("strong", {}, short(right)));
      rule.textContent = lesson(view);
      point(cursor);
    } catch (error) {
      message = error.message;
    }
    fields.forget(message);
    preset.value = Object.keys(presets).find((name) => NAMES.every((key) => same(presets[name][key], model.get(key)))) ?? "";
  }

  function point([key, wanted]) {
    const k = view.sides.findIndex((side) => side.key === key);
    const r = Math.min(wanted, view.sides[k].rows.length - 1);
    const { places } = view.sides[k];
    built.forEach((side, n) => {
      const isMine = n === k;
      side.cells.forEach((row, y) =>
        row.forEach((box, z) => {
          box.classList.toggle("bp-row", isMine && y === r);
          box.classList.toggle("bp-column", !isMine && z === r);
        }),
      );
      side.results.forEach((box, y) => box.setAttribute("aria-selected", String(isMine && y === r)));
      side.vector.forEach((input, z) => input.parentNode.classList.toggle("bp-met", isMine && places[r][z] !== null));
    });
    const used = new Set(places[r].filter((tap) => tap !== null));
    taps.querySelectorAll(".bp-tap").forEach((box, tap) => box.classList.toggle("bp-row", used.has(tap)));
    told.replaceChildren(...words(view, [key, r]));
  }

  const { commit, release } = bind(model, NAMES, draw);
  edits(root, alert, ([name, k], value) => commit({ [name]: replaced(view[name], [k], value) }), draw);
  preset.addEventListener("change", () => {
    if (!preset.value) return;
    kept = { taps: [], x: [], v: [] };
    cursor = ["forward", 0];
    commit(structuredClone(presets[preset.value]));
  });
  const place = (event) => {
    const [key, r] = event.target.closest("[data-row]")?.dataset.row.split(" ") ?? [];
    return key && [key, Number(r)];
  };
  const choose = (event) => {
    if (!place(event)) return;
    cursor = place(event);
    point(cursor);
  };
  stages.addEventListener("pointerover", (event) => place(event) && !isTyping(root) && point(place(event)));
  stages.addEventListener("pointerleave", () => view && !isTyping(root) && point(cursor));
  stages.addEventListener("focusin", choose);
  stages.addEventListener("click", choose);

  el.replaceChildren(root);
  draw();
  return release;
}

export default { render };
