// The explorable `relu-rules`, an anywidget module: what three rules let back through a ReLU, in numbers and in a net.
import { bind, edits, isTyping, replaced } from "./controls.mjs";
import { entry, field, h, options, plane, range, same, short, write } from "./dom.mjs";
import { read, run, softmax } from "./inside_kernels.mjs";
import { largest, tiles } from "./inside_picture.mjs";
import { RULES, gradient, passes, reluBackward } from "./relu_rules_kernels.mjs";

const STATE = ["x", "dout", "cursor", "digit", "score"];
const NAMES = { backprop: "backprop", deconv: "deconvnet", guided: "guided backprop" };
const KEEPS = { backprop: "where x > 0", deconv: "where dout > 0", guided: "where both are" };

const percent = (part, all) => `${short(Number(((100 * part) / (all || 1)).toFixed(1)))}\u00a0%`;
const pixelsOf = ({ pixels }) => Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));

// ---- words

const said = { backprop: (d, x) => `x ${x > 0 ? ">" : "≤"} 0`, deconv: (d) => `dout ${d > 0 ? ">" : "≤"} 0` };
said.guided = (d, x) => (x > 0 ? said.deconv(d) : said.backprop(d, x));

function sentence(x, dout, [i, j]) {
  const [value, signal] = [x[i][j], dout[i][j]];
  const lines = RULES.map((rule) => {
    const isOpen = passes(signal, value, rule);
    const why = isOpen && rule === "guided" ? "x > 0 and dout > 0" : said[rule](signal, value);
    return h("p", { class: "cb-sum" }, h("span", { class: "rr-name" }, `${NAMES[rule]}:`), ` ${why}, so `, h("strong", {}, isOpen ? short(signal) : "0"), isOpen ? " passes" : " arrives");
  });
  const head = `row ${i}, column ${j}: forward max(0, ${short(value)}) = ${short(Math.max(0, value))}, and dout = ${short(signal)} comes back`;
  return [h("p", { class: "cb-note" }, head), ...lines];
}

// ---- grids of numbers

const KINDS = { x: "input", forward: "input", dout: "kernel" };
const TITLES = { x: ["x", "what the ReLU is given"], forward: ["max(0, x)", "what it passes on"], dout: ["dout", "what comes back"] };

function stage(name, shape) {
  const [rows, columns] = shape;
  const [title, what] = TITLES[name] ?? [NAMES[name], `passes ${KEEPS[name]}`];
  const isEntry = name === "x" || name === "dout";
  const cells = range(rows, (i) =>
    range(columns, (j) => {
      const inner = isEntry ? entry([name, i, j], `${title}, row ${i}, column ${j}`) : h("span");
      return h("div", { class: "cb-cell", role: "gridcell", "data-place": JSON.stringify([i, j]) }, inner);
    }),
  );
  const stops = isEntry ? cells.map((row) => row.map((cell) => cell.firstChild)) : cells;
  const element = plane(what, `${title}, ${what}`, cells, stops);
  element.querySelector(".cb-grid").style.setProperty("--cell", "44px");
  const section = h("section", { class: `cb-stage cb-${KINDS[name] ?? "output"}`, "aria-label": title, "data-stage": name }, h("p", { class: "cb-title" }, title), element);
  return { name, cells, section };
}

// ---- the widget

function render({ model, el }) {
  const [presets, pictures, net] = [model.get("presets"), model.get("pictures"), read(model.get("net"))];
  const preset = h("select", { name: "preset" }, h("option", { value: "" }, "your own numbers"), ...options(Object.keys(presets)));
  const alert = h("p", { role: "alert" });
  const grids = h("div", { class: "rr-grids" });
  const words = h("div", { class: "rr-words", "aria-live": "polite" });
  const digit = h("select", { name: "digit" }, ...options(Object.keys(pictures)));
  const score = h("select", { name: "score" }, h("option", { value: "-1" }, "the net's own choice"), ...net.classes.map((name, k) => h("option", { value: k }, name)));
  const looks = h("div", { class: "rr-looks" });
  const verdict = h("p", { class: "rr-verdict", "aria-live": "polite" });
  const table = h("div", { class: "cb-scroll", tabindex: 0, role: "group", "aria-label": "what passes each layer" });
  const root = h(
    "div",
    { class: "convbook-widget rr", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("numbers", preset)),
    alert,
    grids,
    words,
    h("p", { class: "rr-head" }, "The same three rules at every ReLU of a net"),
    h("div", { class: "cb-row cb-head" }, field("digit", digit), field("gradient of the score of", score)),
    verdict,
    looks,
    table,
  );
  let stages = null;
  let drawn = null; // what the pictures show

  const shape = () => [model.get("x").length, model.get("x")[0].length];
  const cursor = () => model.get("cursor").map((at, axis) => Math.max(0, Math.min(at, shape()[axis] - 1)));

  function point(place) {
    if (model.get("dout")[place[0]]?.[place[1]] === undefined) return;
    for (const { cells } of stages)
      cells.forEach((row, i) => row.forEach((cell, j) => cell.classList.toggle("rr-met", i === place[0] && j === place[1])));
    words.replaceChildren(...sentence(model.get("x"), model.get("dout"), place));
  }

  function drawNumbers() {
    const [x, dout] = [model.get("x"), model.get("dout")];
    const sizes = [x, dout].map((values) => `${values.length} × ${values[0].length}`);
    alert.textContent = sizes[0] === sizes[1] ? "" : `x and dout must have one shape, got ${sizes.join(" and ")}`;
    if (alert.textContent) return; // Python sets one after the other
    if (!stages || !same(shape(), [stages[0].cells.length, stages[0].cells[0].length])) {
      stages = ["x", "forward", "dout", ...RULES].map((name) => stage(name, shape()));
      grids.replaceChildren(...stages.map(({ section }) => section));
      grids.style.setProperty("--wide", shape()[1]);
    }
    const values = { x, dout, forward: x.map((row) => row.map((value) => Math.max(0, value))) };
    for (const rule of RULES) values[rule] = dout.map((row, i) => reluBackward(row, x[i], rule));
    for (const { name, cells } of stages)
      cells.forEach((row, i) =>
        row.forEach((cell, j) => {
          write(cell, values[name][i][j]);
          if (RULES.includes(name)) {
            const isOpen = passes(dout[i][j], x[i][j], name);
            cell.classList.toggle("rr-stopped", !isOpen);
            cell.setAttribute("aria-label", `${NAMES[name]}, row ${i}, column ${j}: ${short(values[name][i][j])}${isOpen ? "" : ", stopped"}`);
          } else if (name === "forward") {
            cell.classList.toggle("rr-stopped", x[i][j] <= 0);
            cell.setAttribute("aria-label", `max(0, x), row ${i}, column ${j}: ${short(values.forward[i][j])}`);
          }
        }),
      );
    preset.value = Object.keys(presets).find((name) => same(presets[name], { x, dout })) ?? "";
    point(cursor());
  }

  function look(title, note, values, [H, W]) {
    const canvas = h("canvas", { role: "img", "aria-label": `${title}: ${note}` });
    tiles(canvas, values, [1, H, W], 1, () => largest(values));
    return h("div", { class: "rr-look" }, h("p", { class: "rr-title" }, title), canvas, h("p", { class: "cb-note" }, note));
  }

  function drawNet() {
    const wanted = [model.get("digit"), model.get("score")];
    if (same(drawn, wanted)) return;
    drawn = wanted;
    const picture = pictures[wanted[0]];
    const outputs = run(net, pixelsOf(picture));
    const scores = outputs.at(-1);
    const which = wanted[1] < 0 ? scores.indexOf(Math.max(...scores)) : wanted[1];
    const found = RULES.map((rule) => ({ rule, ...gradient(net, outputs, which, rule) }));
    const size = net.input.slice(1);
    verdict.textContent = `The score of ${net.classes[which]} is ${short(scores[which])}, its probability ${short(softmax(scores)[which])}.`;
    const notes = found.map(({ signal }) => {
      const [least, most] = [Math.min(...signal), Math.max(...signal)];
      return `from ${short(least)} to ${short(most)}; ${percent(signal.filter((value) => value < 0).length, signal.length)} below 0`;
    });
    looks.replaceChildren(
      look("digit", "beside it: black is 0, white the largest, orange below 0", Float64Array.from(pixelsOf(picture)), size),
      ...found.map(({ rule, signal }, k) => look(NAMES[rule], notes[k], signal, size)),
    );
    const heads = ["layer", "values", ...RULES.map((rule) => NAMES[rule])].map((name) => h("th", { scope: "col" }, name));
    const rows = found[0].gates.map(({ all }, k) =>
      h("tr", {}, h("th", { scope: "row" }, `ReLU ${k + 1}`), h("td", {}, String(all)), ...found.map(({ gates }) => h("td", {}, percent(gates[k].passed, gates[k].all)))),
    );
    table.replaceChildren(h("table", { class: "rr-table" }, h("caption", {}, "how many of a layer's values the gradient still passes through"), h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows)));
    [digit.value, score.value] = [wanted[0], String(wanted[1])];
  }

  function draw() {
    drawNumbers();
    drawNet();
  }

  const { commit, release } = bind(model, STATE, draw);

  preset.addEventListener("change", () => preset.value && commit(structuredClone(presets[preset.value])));
  digit.addEventListener("change", () => commit({ digit: digit.value }));
  score.addEventListener("change", () => commit({ score: Number(score.value) }));
  edits(grids, alert, ([name, ...at], value) => commit({ [name]: replaced(model.get(name), at, value) }), draw);
  const placeAt = (event) => event.target.closest("[data-place]")?.dataset.place;
  grids.addEventListener("pointerover", (event) => {
    const place = placeAt(event);
    if (!isTyping(grids)) point(place ? JSON.parse(place) : cursor());
  });
  grids.addEventListener("pointerleave", () => isTyping(grids) || point(cursor()));
  const keep = (event) => {
    const place = placeAt(event);
    if (place && !same(JSON.parse(place), cursor())) {
      model.set("cursor", JSON.parse(place));
      model.save_changes();
    }
    if (place) point(JSON.parse(place));
  };
  grids.addEventListener("focusin", keep);
  grids.addEventListener("click", keep);

  el.replaceChildren(root);
  draw();
  return release;
}

export default { render };
