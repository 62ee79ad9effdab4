// The ResNet builder explorable, an anywidget module: a ResNet's layer table from its settings.
import { bind, settings } from "./controls.mjs";
import { field, h, options, range, rove, same } from "./dom.mjs";
import { depth, nearest, perBlock, rows, totals } from "./resnet_builder_kernels.mjs";
import { blocksOf, shares } from "./resnet_builder_picture.mjs";
import { follow } from "./vector.mjs";

const STATE = ["block", "blocks", "width", "size", "stride_in_3x3", "classes"];
const VARIANTS = { "in the 3×3 (v1.5)": true, "in the first 1×1 (paper)": false };
const STAGES = range(4, (k) => `stage ${k + 1}`);

const number = (value) => value.toLocaleString("en-US");
const times = (value) => `${value < 10 ? value.toPrecision(3) : number(Math.round(value))} ×`;
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

// Fields of the view from the model's state, and back.
const flat = ({ blocks, width, size, classes }) => ({ ...Object.fromEntries(STAGES.map((name, k) => [name, blocks[k]])), width, "input side": size, classes });
const nested = (all) => ({ blocks: STAGES.map((name) => all[name]), width: all.width, size: all["input side"], classes: all.classes });

function billions(value) {
  const [unit, name] = value >= 1e9 ? [1e9, "G"] : value >= 1e6 ? [1e6, "M"] : [1e3, "k"];
  return `${(value / unit).toFixed(2)} ${name}`;
}

// ---- words and tables

function summary(net, table) {
  const { parameters, macs } = totals(table);
  const count = net.blocks.reduce((sum, each) => sum + each, 0);
  const rule = `${perBlock(net.block)} · (${net.blocks.join(" + ")}) + 2 = `;
  const near = nearest(net);
  const place = near.isSame
    ? [h("strong", {}, near.name), `: ${net.block} blocks, ${net.blocks.join(", ")}, width 64.`]
    : ["Nearest in parameters and multiply-adds: ", h("strong", {}, near.name), `; this one has ${times(near.parameters)} its parameters and ${times(near.macs)} its multiply-adds.`];
  return [
    h("p", {}, "depth ", rule, h("strong", {}, String(depth(net))), ` (${plural(count, "block")} of ${perBlock(net.block)}, the stem and the head)`),
    h("p", {}, h("strong", {}, number(parameters)), " parameters, ", h("strong", {}, number(macs)), ` multiply-adds (MACs), that is ${billions(2 * macs)}FLOP`),
    h("p", {}, ...place),
  ];
}

function layerTable(table) {
  const heads = ["part", "side", "channels", "blocks", "parameters", "MACs", "field"];
  const line = (row, k) => {
    const cells = [row.side, number(row.channels), row.blocks || "", number(row.parameters), number(row.macs), row.field ? number(row.field) : "all"];
    const swatch = h("span", { class: `rb-swatch rb-c${k}`, "aria-hidden": "true" });
    return h("tr", { role: "row", "data-row": k }, h("th", { scope: "row", role: "rowheader" }, swatch, row.name), ...cells.map((cell) => h("td", { role: "gridcell" }, String(cell))));
  };
  const lines = table.map(line);
  const all = totals(table);
  const sums = ["", "", String(table.reduce((sum, row) => sum + row.blocks, 0)), number(all.parameters), number(all.macs), ""];
  const element = h(
    "table",
    { class: "rb-table", role: "grid", "aria-label": "layers" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads.map((name) => h("th", { scope: "col", role: "columnheader" }, name)))),
    h("tbody", { role: "rowgroup" }, ...lines),
    h("tfoot", { role: "rowgroup" }, h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, "total"), ...sums.map((cell) => h("td", { role: "gridcell" }, cell)))),
  );
  rove(element, lines.map((each) => [each]));
  return { element, lines };
}

const layerName = ({ what, kernel, c_in, c_out, stride }) =>
  `${what === "shortcut" ? "shortcut " : ""}${kernel}×${kernel}, ${number(c_in)} → ${number(c_out)}${stride > 1 ? `, stride ${stride}` : ""}`;

// The layers of a row, one line each.
function inside(net, table, k) {
  const row = table[k];
  const title = `${row.name}: ${plural(row.channels, k === 6 ? "output" : "channel")}${k === 6 ? "" : ` of ${row.side} × ${row.side}`}`;
  if (k === 1) return [h("p", {}, h("strong", {}, title), ", the largest of 3 × 3 every 2 pixels; no parameters, and comparisons instead of multiplications.")];
  if (k === 6) {
    const c = table[5].channels;
    const text = `: the mean of each map, then ${number(c)} · ${number(net.classes)} weights and ${number(net.classes)} biases = ${number(row.parameters)} parameters.`;
    return [h("p", {}, h("strong", {}, title), text)];
  }
  const cells = (name, layer) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, String(layer.side)), h("td", {}, number(layer.parameters)), h("td", {}, number(layer.macs)));
  const body = row.parts.flatMap((part, n) => {
    const name = k === 0 ? "the stem" : n === 0 ? "block 1" : row.blocks === 2 ? "block 2" : `each of blocks 2 to ${row.blocks}`;
    const { parameters, macs } = totals(part);
    return [...part.map((layer) => cells(layerName(layer), layer)), h("tr", { class: "rb-sum" }, ...cells(name, { side: "", parameters, macs }).children)];
  });
  const [first, other] = row.parts.map((part) => totals(part).parameters);
  const sum = other ? ` Together ${number(first)} + ${row.blocks - 1} · ${number(other)} = ${number(row.parameters)} parameters.` : "";
  const heads = ["layer with its norm", "side", "parameters", "MACs"].map((name) => h("th", { scope: "col" }, name));
  return [
    h("p", {}, h("strong", {}, title), `; one value sees ${number(row.field)} pixels of the input across, its neighbour starts ${number(row.jump)} further on.${sum}`),
    h("div", { class: "cb-scroll" }, h("table", { class: "rb-table" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...body))),
  ];
}

// ---- the widget

function render({ model, el }) {
  const [presets, limits] = [model.get("presets"), model.get("limits")];
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  let view = null; // { net, table }
  let lines = [];

  const { width, size, classes, blocks } = limits;
  const bounds = { ...Object.fromEntries(STAGES.map((name) => [name, blocks])), width, "input side": size, classes };
  const fields = settings(bounds, () => flat(read()), (all) => commit(nested(all)));
  const preset = h("select", { name: "preset" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets)));
  const block = h("select", { name: "block" }, ...options(["basic", "bottleneck"]));
  const variant = h("select", { name: "variant" }, ...options(Object.keys(VARIANTS)));
  const [about, boxes, bars, layers] = [h("div", { class: "rb-about", "aria-live": "polite" }), h("div", { class: "rb-picture" }), h("div", { class: "rb-bars" }), h("div", { class: "cb-scroll" })];
  const details = h("div", { class: "rb-details", "aria-live": "polite" });
  const root = h(
    "div",
    { class: "convbook-widget rb", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset), field("block", block), field("stride of a bottleneck", variant)),
    fields.row,
    fields.alert,
    about,
    boxes,
    bars,
    layers,
    details,
  );

  function point(k) {
    for (const each of root.querySelectorAll("[data-row]")) each.classList.toggle("rb-on", Number(each.dataset.row) === k);
    lines.forEach((line, n) => line.setAttribute("aria-selected", String(n === k)));
    if (details.dataset.shown !== String(k)) details.replaceChildren(...inside(view.net, view.table, k));
    details.dataset.shown = k;
  }

  const cursor = () => Math.max(0, Math.min(model.get("cursor"), 6));

  function picture() {
    const wide = boxes.clientWidth || 600;
    boxes.replaceChildren(blocksOf(view.table, view.net.size, wide));
    bars.replaceChildren(shares(view.table, "parameters", "parameters", wide), shares(view.table, "macs", "multiply-adds", wide));
    point(cursor());
  }

  function draw() {
    const net = read();
    if (!view || !same(view.net, net)) {
      view = { net, table: rows(net) };
      const drawn = layerTable(view.table);
      if (lines.length) {
        // The same rows, so that one that is being gone to stays there: leaving a field draws anew.
        const cells = (element) => element.querySelectorAll("td");
        cells(drawn.element).forEach((cell, k) => (cells(layers)[k].textContent = cell.textContent));
      } else {
        lines = drawn.lines;
        layers.replaceChildren(drawn.element);
      }
      about.replaceChildren(...summary(net, view.table));
      delete details.dataset.shown;
      picture();
    } else point(cursor());
    block.value = net.block;
    variant.value = Object.keys(VARIANTS).find((name) => VARIANTS[name] === net.stride_in_3x3);
    variant.disabled = net.block === "basic";
    preset.value = Object.keys(presets).find((name) => STATE.every((key) => same(presets[name][key], net[key]))) ?? "";
    fields.forget("");
  }

  const { commit, release } = bind(model, [...STATE, "cursor"], draw);
  const row = (event) => event.target.closest?.("[data-row]")?.dataset.row;
  const moveTo = (k) => (k === model.get("cursor") ? point(k) : commit({ cursor: k }));

  block.addEventListener("change", () => commit({ block: block.value }));
  variant.addEventListener("change", () => commit({ stride_in_3x3: VARIANTS[variant.value] }));
  preset.addEventListener("change", () => preset.value && commit(structuredClone(presets[preset.value])));
  root.addEventListener("pointerover", (event) => event.pointerType === "mouse" && row(event) !== undefined && point(Number(row(event))));
  for (const part of [boxes, bars, layers]) {
    part.addEventListener("pointerleave", () => point(cursor()));
    part.addEventListener("click", (event) => row(event) !== undefined && moveTo(Number(row(event))));
  }
  layers.addEventListener("focusin", (event) => row(event) !== undefined && moveTo(Number(row(event))));

  el.replaceChildren(root);
  draw();
  const stop = follow(boxes, picture);
  return () => {
    stop();
    release();
  };
}

export default { render };
