// The explorable `inside`, an anywidget module: a small net runs on what is drawn, and any value tells its sum.
import { picture, say, steer } from "./canvas.mjs";
import { field, h, options, range, same, short } from "./dom.mjs";
import { centred, cube, parts, pooledFrom, read, resize, run, softmax } from "./inside_kernels.mjs";
import { drawing } from "./inside_pad.mjs";
import { frame, ground, largest, tiles } from "./inside_picture.mjs";
import { chance, details, percent, placeOf, titleOf, told } from "./inside_words.mjs";

const STATE = ["image", "net", "layer", "cursor", "channel"];
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const LEAST = 36; // pixels of the screen for a map
const MOST = 8e6; // characters of a file

const clamp = (value, most) => Math.max(0, Math.min(value, most - 1));
const decode = ({ height, width, pixels }) => ({ size: [height, width], pixels: Float64Array.from(atob(pixels), (letter) => letter.charCodeAt(0)) });
const encode = (pixels, [height, width]) => ({ height, width, pixels: btoa(String.fromCharCode(...pixels)) });
const fitted = ({ size, pixels }, [, H, W]) => (same(size, [H, W]) ? Float64Array.from(pixels) : resize(pixels, size, [H, W]));

// Layers as they are shown, the input before them: a flatten changes nothing that could be seen.
function rowsOf(net) {
  const ordinals = {};
  const all = [{ kind: "input", shape: net.input }, ...net.layers];
  return all.flatMap((layer, index) => {
    ordinals[layer.kind] = (ordinals[layer.kind] ?? 0) + 1;
    return layer.kind === "flatten" ? [] : [{ layer, index, title: titleOf(layer, ordinals[layer.kind]) }];
  });
}

// ---- the skeleton

function skeleton(presets) {
  const button = (name, text) => h("button", { type: "button", name }, text);
  const ui = {
    preset: h("select", { name: "picture" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets))),
    pen: h("select", { name: "pen" }, ...options(["pen", "eraser"])),
    clear: button("clear", "clear"),
    centre: button("centre", "centre"),
    pad: picture("drawing"),
    classes: h("div", { class: "ci-classes", role: "group", "aria-label": "classes" }),
    verdict: h("p", { class: "ci-verdict", "aria-live": "polite" }),
    file: h("input", { type: "file", name: "weights", accept: ".json,application/json" }),
    own: button("own", "back to the first net"),
    source: h("p", { class: "cb-note" }),
    each: h("input", { type: "checkbox", name: "each" }),
    alert: h("p", { role: "alert" }),
    rows: h("div", { class: "ci-rows" }),
    detail: h("div", { class: "ci-detail" }),
    map: picture("map"),
    mapTitle: h("p", { class: "cb-note" }),
    channels: h("div", { class: "ci-channels" }),
    numbers: h("div", { class: "ci-numbers" }),
    words: h("div", { class: "ci-words", "aria-live": "polite" }),
  };
  ui.detail.append(
    h("div", { class: "ci-looks" }, h("div", { class: "ci-map" }, ui.mapTitle, ui.map.root), h("div", { class: "ci-how" }, ui.channels, ui.numbers)),
    ui.words,
  );
  ui.root = h(
    "div",
    { class: "convbook-widget ci", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("picture", ui.preset), field("drawing with the", ui.pen), h("span", { class: "cb-buttons" }, ui.clear, ui.centre)),
    h(
      "div",
      { class: "ci-top" },
      h("div", { class: "ci-pad" }, ui.pad.root, h("p", { class: "cb-note" }, "draw here; with keys: arrows move the brush, space lowers and lifts it")),
      h("div", {}, ui.verdict, ui.classes),
    ),
    h("div", { class: "cb-row cb-head ci-load" }, field("weights of your own", ui.file), ui.own, h("label", { class: "cb-check" }, ui.each, "a scale for each map")),
    ui.source,
    ui.alert,
    ui.rows,
  );
  return ui;
}

// ---- the widget

function render({ model, el }) {
  const presets = model.get("presets");
  const ui = skeleton(presets);
  let net = null; // as read
  let [pixels, size] = [null, null];
  let outputs = null;
  let rows = [];
  let isQuiet = false;
  let isAsked = null; // an animation frame that is under way
  let probability = null; // a class whose share is told, in place of a value

  const index = () => (rows.some((row) => row.index === model.get("layer")) ? model.get("layer") : rows[1]?.index ?? 0);
  const layerAt = (k) => (k ? net.layers[k - 1] : { kind: "input", shape: net.input });
  const cursor = () => cube(layerAt(index()).shape).map((most, axis) => clamp(model.get("cursor")[axis], most));

  function commit(values) {
    isQuiet = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    isQuiet = false;
    draw();
    model.save_changes();
  }

  // ---- the net on the picture

  function paintRow(row) {
    const shape = cube(row.layer.shape);
    const values = outputs[row.index];
    const least = values.reduce((low, value) => Math.min(low, value), Infinity);
    const most = values.reduce((high, value) => Math.max(high, value), -Infinity);
    const area = shape[1] * shape[2];
    const scale = Math.max(most, -least) || 1;
    const scaleOf = ui.each.checked && area > 1 ? (c) => largest(values.subarray(c * area, (c + 1) * area)) : () => scale;
    row.drawn = tiles(row.canvas, values, shape, row.columns, scaleOf);
    row.range.textContent = `from ${short(least)} to ${short(most)}`;
  }

  function paintClasses() {
    const scores = outputs.at(-1);
    const shares = softmax(scores);
    const best = shares.indexOf(Math.max(...shares));
    [...ui.classes.children].forEach((button, k) => {
      button.style.setProperty("--share", shares[k]);
      button.classList.toggle("ci-best", k === best);
      button.setAttribute("aria-pressed", String(probability === k));
      button.lastChild.textContent = percent(shares[k]);
      button.setAttribute("aria-label", `${net.classes[k]}: ${percent(shares[k])}, score ${short(scores[k])}`);
    });
    const text = `The net says ${net.classes[best]}, with ${percent(shares[best])}.`;
    if (ui.verdict.textContent !== text) ui.verdict.textContent = text;
  }

  function compute() {
    outputs = run(net, pixels);
    brush.paint();
    paintClasses();
    rows.forEach(paintRow);
    point();
  }

  const soon = () => (isAsked ??= requestAnimationFrame(() => ((isAsked = null), compute())));

  // ---- one value

  function factsOf(k, place) {
    const layer = layerAt(k);
    const [, H, W] = cube(layer.shape);
    const at = (place[0] * H + place[1]) * W + place[2];
    const facts = { kind: layer.kind, place: placeOf(layer.shape, place), value: outputs[k][at] };
    const x = outputs[k - 1];
    if (!k) return { ...facts, pixel: pixels[place[1] * W + place[2]], mean: net.mean[place[0]], std: net.std[place[0]] };
    if (layer.weight) return { ...facts, parts: parts(layer, x, place), bias: layer.bias[place[0]] };
    if (layer.kernel_size || layer.kind === "global_avg_pool") return { ...facts, window: pooledFrom(layer, x, place) };
    return { ...facts, before: x[at] };
  }

  function grid(title, label, values, across, scale) {
    const cells = values.map(({ value, inside = true }) => h("span", { class: inside ? "ci-cell" : "ci-cell ci-padding", style: ground(value, scale) }, short(Number(value.toFixed(2)))));
    return h("div", {}, h("p", { class: "cb-label" }, title), h("div", { class: "ci-grid", role: "img", "aria-label": label, style: `--cols:${across}` }, ...cells));
  }

  // Window, kernel and products of the chosen input channel, as numbers.
  function paintNumbers(layer, facts, chosen) {
    const isConv = layer.kind === "conv2d";
    const [small, wide] = isConv ? layer.weight.shape.slice(2) : [0, layer.kernel_size ?? 0];
    ui.numbers.hidden = !(isConv || wide) || wide > 7;
    if (ui.numbers.hidden) return ui.numbers.replaceChildren();
    if (!isConv) {
      const values = facts.window.map(({ x }) => ({ value: x }));
      return ui.numbers.replaceChildren(grid("window", "window", values, new Set(facts.window.map(({ col }) => col)).size, largest(values.map(({ value }) => value))));
    }
    const { c, terms } = facts.parts[chosen];
    const [xs, ws, products] = [terms.map(({ x, inside }) => ({ value: x, inside })), terms.map(({ w }) => ({ value: w })), terms.map(({ x, w }) => ({ value: x * w }))];
    const scaleOf = (values) => largest(values.map(({ value }) => value));
    const size = `${small} × ${wide}`;
    ui.numbers.replaceChildren(
      grid(`window on channel ${c}`, `window of ${size} on channel ${c}`, xs, wide, scaleOf(xs)),
      h("span", { class: "ci-sign" }, "×"),
      grid("kernel", `kernel of ${size}`, ws, wide, scaleOf(ws)),
      h("span", { class: "ci-sign" }, "="),
      grid("products", `products of ${size}`, products, wide, scaleOf(products)),
    );
  }

  // The input channels' windows, to choose one of them by.
  function paintChannels(layer, facts, chosen) {
    const all = layer.kind === "conv2d" ? facts.parts : [];
    ui.channels.hidden = all.length < 2;
    if (ui.channels.hidden) return ui.channels.replaceChildren();
    const most = largest(all.map(({ sum }) => sum));
    if (ui.channels.childElementCount !== all.length + 1 || ui.channels.dataset.first !== String(all[0].c)) {
      const made = all.map(({ c }, k) => h("button", { type: "button", "data-part": k, tabindex: -1 }, h("small", {}, String(c))));
      ui.channels.replaceChildren(h("p", { class: "cb-note" }, "what each input channel adds; choose one to see its products"), ...made);
      ui.channels.dataset.first = all[0].c;
    }
    all.forEach(({ c, sum }, k) => {
      const button = ui.channels.children[k + 1];
      button.style.cssText = ground(sum, most);
      button.tabIndex = k === chosen ? 0 : -1;
      button.setAttribute("aria-pressed", String(k === chosen));
      button.setAttribute("aria-label", `channel ${c} adds ${short(sum)}`);
      button.title = `channel ${c} adds ${short(sum)}`;
    });
  }

  function point() {
    const k = index();
    const [layer, place] = [layerAt(k), cursor()];
    const [C, H, W] = cube(layer.shape);
    const [c, i, j] = place;
    const row = rows.find((each) => each.index === k);
    const area = H * W;
    for (const each of rows) {
      each.element.classList.toggle("ci-on", each === row);
      each.frame.hidden = each !== row;
      const at = each === row ? place : [0, 0, 0];
      say(each.canvas, `${each.title}, map by map`, [0, at[0]], [1, cube(each.layer.shape)[0]], each === row ? `map ${c} of ${C}, row ${i}, column ${j}: ${short(outputs[k][c * area + i * W + j])}` : `${cube(each.layer.shape)[0]} maps`);
    }
    frame(row.frame, row.drawn.box(c), row.drawn);
    if (row.element.nextSibling !== ui.detail) row.element.after(ui.detail);
    const map = outputs[k].subarray(c * area, (c + 1) * area);
    ui.map.root.parentNode.hidden = area < 2;
    ui.map.root.style.aspectRatio = `${W} / ${H}`;
    tiles(ui.map.canvas, map, [1, H, W], 1, () => (ui.each.checked ? largest(map) : largest(outputs[k])));
    ui.map.outline("value", [i, j, 1, 1]);
    ui.mapTitle.textContent = `map ${c} of ${row.title}, ${H} × ${W}`;
    const facts = factsOf(k, place);
    say(ui.map.canvas, "map, value by value", [i, j], [H, W], `row ${i}, column ${j}: ${short(facts.value)}`);
    const chosen = clamp(model.get("channel"), facts.parts?.length ?? 1);
    paintChannels(layer, facts, chosen);
    paintNumbers(layer, facts, chosen);
    ui.words.replaceChildren(...(probability === null ? told({ ...facts, chosen }) : chance(net.classes, outputs.at(-1), softmax(outputs.at(-1)), probability)));
  }

  // ---- building

  function build() {
    const width = ui.rows.clientWidth || 800;
    rows = rowsOf(net).map((row) => {
      const [C, H] = cube(row.layer.shape);
      const least = H === 1 ? 18 : LEAST;
      const columns = Math.min(C, 2 ** Math.floor(Math.log2(Math.max(1, width / least))) || 1);
      const canvas = h("canvas", { tabindex: 0 });
      const outline = h("div", { class: "cb-outline ci-frame", hidden: "" });
      const [shape, range] = [h("span", { class: "cb-note" }), h("span", { class: "cb-note" })];
      shape.textContent = [row.layer.shape.join(" × "), ...details(row.layer)].join(", ");
      const side = H === 1 ? 26 : Math.max(52, H * 1.2);
      const holder = h("div", { class: "ci-tiles", style: `max-width:${columns * side}px` }, canvas, outline);
      const element = h("div", { class: "ci-row", role: "group", "aria-label": row.title }, h("p", { class: "ci-title" }, row.title, shape, range), holder);
      return { ...row, columns, canvas, frame: outline, range, element };
    });
    rows.forEach(listenRow);
    ui.rows.replaceChildren(...rows.map(({ element }) => element));
    ui.classes.replaceChildren(
      ...net.classes.map((name, k) => h("button", { type: "button", class: "ci-class", "data-class": k }, h("span", {}, name), h("span", { class: "ci-bar", "aria-hidden": "true" }), h("span", { class: "ci-share" }))),
    );
    const many = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
    ui.source.textContent =
      `${net.name || "a net"}: ${many(net.parameters)} parameters, ${many(net.multiplications)} multiplications for a picture of ${net.input.slice(1).join(" × ")}. ` +
      "python -m convbook.export writes a net of yours as a file for this page. In the maps black is 0, white the largest value, orange below 0.";
    ui.own.hidden = same(model.get("net").layers, own.layers);
  }

  const own = model.get("net");
  let shown = null;

  function draw() {
    if (isQuiet) return;
    try {
      if (shown !== model.get("net")) {
        net = read(model.get("net"));
        shown = model.get("net");
        probability = null;
        build();
      }
      const image = decode(model.get("image"));
      pixels = fitted(image, net.input);
      size = net.input.slice(1);
    } catch (error) {
      ui.alert.textContent = error.message;
      return;
    }
    ui.preset.value = Object.keys(presets).find((name) => same(presets[name], model.get("image"))) ?? "";
    compute();
  }

  const brush = drawing(ui.pad, say, () => ({ pixels, size, isEraser: ui.pen.value === "eraser" }), {
    drawn: () => {
      ui.preset.value = "";
      soon();
    },
    done: () => commit({ image: encode(pixels, size) }),
  });

  function choose(values) {
    probability = null;
    commit(values);
    paintClasses();
  }

  function listenRow(row) {
    const shape = cube(row.layer.shape);
    row.canvas.addEventListener("click", (event) => {
      const { left, top, width, height } = row.canvas.getBoundingClientRect();
      const place = row.drawn.find((event.clientY - top) / height, (event.clientX - left) / width);
      if (place) choose({ layer: row.index, cursor: place });
    });
    row.canvas.addEventListener("keydown", (event) => {
      const step = MOVES[event.key];
      if ((!step && event.key !== "Enter" && event.key !== " ") || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const [, i, j] = model.get("cursor");
      const c = index() === row.index ? cursor()[0] : 0;
      const next = step && index() === row.index ? clamp(c + step[0] * row.columns + step[1], shape[0]) : c;
      choose({ layer: row.index, cursor: [next, clamp(i, shape[1]), clamp(j, shape[2])] });
      if (!step) ui.map.canvas.focus();
    });
  }

  async function load(file) {
    ui.alert.textContent = "";
    ui.file.removeAttribute("aria-invalid");
    try {
      if (file.size > MOST) throw new Error(`${file.name} is too large for this page: at most ${MOST / 1e6} MB`);
      const text = await file.text();
      const found = read(text);
      commit({ net: JSON.parse(text), layer: found.layers.findIndex(({ weight }) => weight) + 1, cursor: [0, 0, 0], channel: 0 });
    } catch (error) {
      ui.file.setAttribute("aria-invalid", "true");
      ui.alert.textContent = `${file.name}: ${error.message}. The net stays ${net.name || "as it was"}.`;
    }
  }

  function listen() {
    ui.preset.addEventListener("change", () => ui.preset.value && commit({ image: presets[ui.preset.value] }));
    ui.clear.addEventListener("click", () => commit({ image: encode(new Float64Array(size[0] * size[1]), size) }));
    ui.centre.addEventListener("click", () => commit({ image: encode(centred(pixels, size), size) }));
    ui.each.addEventListener("change", compute);
    ui.file.addEventListener("change", () => ui.file.files[0] && load(ui.file.files[0]));
    ui.own.addEventListener("click", () => {
      ui.file.value = "";
      ui.file.removeAttribute("aria-invalid");
      ui.alert.textContent = "";
      commit({ net: own });
    });
    ui.classes.addEventListener("click", (event) => {
      const button = event.target.closest("[data-class]");
      if (!button) return;
      const k = Number(button.dataset.class);
      probability = probability === k ? null : k;
      commit({ layer: net.layers.length, cursor: [k, 0, 0] });
    });
    steer(ui.map, {
      place: () => cursor().slice(1),
      move: ([i, j]) => {
        const [, H, W] = cube(layerAt(index()).shape);
        choose({ cursor: [cursor()[0], clamp(i, H), clamp(j, W)] });
      },
    });
    const part = (k) => commit({ channel: k });
    ui.channels.addEventListener("click", (event) => {
      const button = event.target.closest("[data-part]");
      if (button) part(Number(button.dataset.part));
    });
    ui.channels.addEventListener("keydown", (event) => {
      const step = MOVES[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const next = clamp(Number(event.target.dataset.part) + step[0] * 8 + step[1], ui.channels.childElementCount - 1);
      part(next);
      ui.channels.children[next + 1].focus();
    });
  }

  el.replaceChildren(ui.root);
  listen();
  for (const name of STATE) model.on(`change:${name}`, draw);
  draw();
  let columns = null;
  const watch = new ResizeObserver(([{ contentRect }]) => {
    const now = Math.floor(Math.log2(contentRect.width / LEAST));
    if (columns !== null && columns !== now && net) {
      build();
      compute();
    }
    columns = now;
  });
  watch.observe(ui.rows);
  return () => {
    watch.disconnect();
    if (isAsked) cancelAnimationFrame(isAsked);
    for (const name of STATE) model.off(`change:${name}`, draw);
  };
}

export default { render };
