// The filters explorable, an anywidget module: a kernel on a live image, and the sum behind each pixel.
import { entry, factor, field, h, options, parse, plane, range, same, short, write } from "./dom.mjs";
import { picture, say, steer } from "./canvas.mjs";
import { MODES, correlate2d, decode, pad, terms, turn } from "./filtering.mjs";

const TRAITS = ["image", "kernel", "divisor", "mode", "turned"];
const SIZES = [3, 5];
const RING = 2; // pixels of border that are drawn around the image

const clamp = ([i, j], { height, width }) => [Math.max(0, Math.min(i, height - 1)), Math.max(0, Math.min(j, width - 1))];
const total = (kernel) => kernel.flat().reduce((sum, weight) => sum + weight, 0);

// The kernel in another size: what is outside is kept in `kept`, so that it comes back.
function resize(kernel, size, kept) {
  const from = (kernel.length - size) / 2;
  const outer = (kept.length - size) / 2;
  return range(size, (a) => range(size, (b) => kernel[a + from]?.[b + from] ?? kept[a + outer]?.[b + outer] ?? 0));
}

// What is black and what is white: zero in the middle where the response goes both ways.
function contrast(pixels) {
  const [low, high] = [Math.min(...pixels), Math.max(...pixels)];
  const most = Math.max(-low, high);
  const isSigned = low < -0.25 * most;
  const words = isSigned
    ? `grey is 0, white ${short(Math.round(most))}, black ${short(-Math.round(most))}`
    : low < 0 || high > 255.5
      ? "black is 0 and below, white 255 and above"
      : "black is 0, white 255";
  return { low: isSigned ? -most : 0, high: isSigned ? most : 255, words, range: `from ${short(low)} to ${short(high)}` };
}

function compute({ image, kernel, divisor, mode, turned }) {
  const x = decode(image);
  const weights = kernel.map((row) => row.map((weight) => weight / divisor));
  const out = correlate2d(x, turned ? turn(weights) : weights, mode);
  return { x, padded: pad(x, RING, mode), kernel, divisor, mode, turned, out, shades: contrast(out.pixels) };
}

// ---- the skeleton

function skeleton(presets, images) {
  const stage = (name, title, ...content) =>
    h("div", { role: "group", class: `cb-stage cb-${name}`, "aria-label": name }, h("p", { class: "cb-title" }, ...title), ...content);
  const ui = {
    preset: h("select", { name: "kernel" }, h("option", { value: "" }, "your own numbers"), ...options(Object.keys(presets))),
    image: h("select", { name: "image" }, ...options(Object.keys(images)), h("option", { value: "", hidden: "" }, "your own")),
    size: h("select", { name: "size" }, ...SIZES.map((size) => h("option", { value: size }, `${size} × ${size}`))),
    mode: h("select", { name: "mode" }, ...options(MODES)),
    turned: h("input", { type: "checkbox", name: "turned" }),
    photo: picture("image"),
    response: picture("response"),
    grid: h("div"),
    divisor: entry(["divisor"], "divisor"),
    sign: h("span", { class: "cb-star", "aria-hidden": "true" }, "⋆"),
    weights: h("p", { class: "cb-note" }),
    shades: h("p", { class: "cb-note" }),
    spread: h("p", { class: "cb-note" }),
    alert: h("p", { role: "alert" }),
    reads: h("p", { class: "cb-note" }),
    sum: h("p", { class: "cb-sum", "aria-live": "polite" }),
  };
  const divisor = h("label", { class: "cb-divisor" }, "all divided by", h("div", { class: "cb-cell" }, ui.divisor));
  ui.root = h(
    "div",
    // JupyterLab would take the arrow keys for itself.
    { class: "convbook-widget", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("kernel", ui.preset), field("size", ui.size), field("image", ui.image)),
    h(
      "div",
      { class: "cb-row cb-head" },
      field("beyond the border", ui.mode),
      h("label", { class: "cb-check" }, ui.turned, "turn the kernel: convolution ∗"),
    ),
    ui.alert,
    h(
      "div",
      {},
      h(
        "div",
        { class: "cb-filters" },
        stage("input", ["image"], ui.photo.root, h("p", { class: "cb-note" }, "the ring outside the dashes is invented")),
        stage("kernel", [ui.sign, " kernel"], ui.grid, divisor, ui.weights),
        stage("output", ["= response"], ui.response.root, ui.shades, ui.spread),
      ),
      h("div", { class: "cb-words" }, ui.reads, ui.sum),
    ),
  );
  return ui;
}

function kernelGrid(size) {
  const label = (a, b) => `kernel row ${a}, column ${b}`;
  const cells = range(size, (a) =>
    range(size, (b) =>
      h("div", { class: "cb-cell", role: "gridcell" }, entry([a, b], label(a, b)), h("small", { "aria-hidden": "true" })),
    ),
  );
  return { cells, element: plane("", "kernel", cells, cells.map((row) => row.map((cell) => cell.firstChild))).lastChild };
}

// ---- drawing

function sum({ out, divisor }, [i, j], parts) {
  const span = (name, text) => h("span", { class: name }, text);
  const product = (term) =>
    h("span", { class: "cb-term" }, span("cb-k", factor(term.w)), "·", span(term.inside ? "cb-x" : "cb-x cb-pad", factor(term.x)));
  const shown = parts.filter((term) => term.w !== 0);
  const products = shown.flatMap((term, k) => (k ? [" + ", product(term)] : [product(term)]));
  const isDivided = divisor !== 1;
  return [
    span("cb-where", `out[${i}, ${j}]`),
    " = ",
    ...(isDivided ? ["("] : []),
    ...(products.length ? products : ["0"]),
    ...(isDivided ? [") / ", factor(divisor)] : []),
    " = ",
    h("strong", {}, short(out.pixels[i * out.width + j])),
  ];
}

function point(ui, cells, view, [i, j]) {
  const k = view.kernel.length;
  const laid = view.turned ? turn(view.kernel) : view.kernel;
  const parts = terms(view.x, laid, view.mode, [i, j]);
  for (const term of parts) {
    const [a, b] = view.turned ? [k - 1 - term.a, k - 1 - term.b] : [term.a, term.b];
    const note = cells[a][b].lastChild;
    note.textContent = short(Math.round(10 * term.x) / 10);
    note.classList.toggle("cb-pad", !term.inside);
  }
  const reach = (k - 1) / 2;
  ui.photo.outline("image", [RING, RING, view.x.height, view.x.width]);
  ui.photo.outline("window", [RING + i - reach, RING + j - reach, k, k]);
  ui.response.outline("pixel", [i, j, 1, 1]);
  const invented = parts.filter((term) => !term.inside).length;
  ui.reads.textContent =
    `row ${i}, column ${j}: the kernel${view.turned ? ", turned," : ""} lies on ${k * k} pixels` +
    (invented ? `, ${invented} of them beyond the border` : "") +
    (parts.some((term) => term.w === 0) ? "; products with weight 0 are left out" : "");
  ui.sum.replaceChildren(...sum(view, [i, j], parts));
  const pixel = view.x.pixels[i * view.x.width + j];
  const value = view.out.pixels[i * view.out.width + j];
  const size = [view.x.height, view.x.width];
  say(ui.photo.canvas, "image, pixel by pixel", [i, j], size, `row ${i}, column ${j}: pixel ${short(pixel)}, response ${short(value)}`);
  say(ui.response.canvas, "response, pixel by pixel", [i, j], size, `row ${i}, column ${j}: response ${short(value)}`);
}

function paint(ui, view) {
  ui.photo.draw(view.padded);
  ui.response.draw(view.out, view.shades.low, view.shades.high);
  ui.shades.textContent = view.shades.words;
  ui.spread.textContent = `values ${view.shades.range}`;
  ui.weights.textContent = `weights add up to ${short(total(view.kernel) / view.divisor)}`;
  ui.sign.textContent = view.turned ? "∗" : "⋆";
}

// ---- the widget

function render({ model, el }) {
  const [presets, images] = [model.get("presets"), model.get("images")];
  const ui = skeleton(presets, images);
  const read = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  let view = null;
  let grid = null;
  let kept = model.get("kernel");
  let isQuiet = false;

  const cursor = () => clamp(model.get("cursor"), view.x);
  // Hovering must not overwrite a number that is half typed.
  const isTyping = () => [...ui.root.querySelectorAll("[data-at]:focus")].some((input) => input.value !== input.dataset.shown);

  function draw() {
    if (isQuiet) return;
    ui.alert.textContent = "";
    view = compute(read());
    if (kept.length <= view.kernel.length) kept = view.kernel;
    else kept = kept.map((row, a) => row.map((weight, b) => view.kernel[a - 1]?.[b - 1] ?? weight));
    if (grid?.cells.length !== view.kernel.length) {
      grid = kernelGrid(view.kernel.length);
      ui.grid.replaceChildren(grid.element);
    }
    grid.cells.forEach((row, a) => row.forEach((cell, b) => write(cell, view.kernel[a][b])));
    grid.element.firstChild.style.setProperty("--cell", "44px");
    write(ui.divisor.parentNode, view.divisor);
    paint(ui, view);
    point(ui, grid.cells, view, cursor());
    ui.size.value = view.kernel.length;
    ui.mode.value = view.mode;
    ui.turned.checked = view.turned;
    const named = (all, ...keys) => Object.keys(all).find((name) => keys.every((key) => same(all[name][key], read()[key])));
    ui.preset.value = named(presets, "kernel", "divisor") ?? "";
    ui.image.value = Object.keys(images).find((name) => same(images[name], read().image)) ?? "";
  }

  function commit(values) {
    isQuiet = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    isQuiet = false;
    draw();
    model.save_changes();
  }

  function edit(input) {
    const value = parse(input.value);
    const name = input.getAttribute("aria-label");
    const isDivisor = input === ui.divisor;
    if (Number.isNaN(value) || (isDivisor && value === 0)) {
      input.setAttribute("aria-invalid", "true");
      const wrong = value === 0 ? "0 divides nothing" : `“${input.value}” is not a number`;
      ui.alert.textContent = `${wrong}: ${name} stays ${input.dataset.shown}.`;
      return;
    }
    if (isDivisor) return commit({ divisor: value });
    const [a, b] = JSON.parse(input.dataset.at);
    const kernel = structuredClone(view.kernel);
    kernel[a][b] = value;
    commit({ kernel });
  }

  function moveTo(place) {
    const next = clamp(place, view.x);
    if (!same(next, model.get("cursor"))) commit({ cursor: next });
  }

  function hover(place) {
    if (!isTyping()) point(ui, grid.cells, view, place ? clamp(place, view.x) : cursor());
  }

  ui.preset.addEventListener("change", () => {
    if (ui.preset.value) commit(structuredClone(presets[ui.preset.value]));
    kept = view.kernel;
  });
  ui.image.addEventListener("change", () => {
    const image = images[ui.image.value];
    commit({ image, cursor: [Math.floor(image.height / 3), Math.floor(image.width / 3)] });
  });
  ui.size.addEventListener("change", () => commit({ kernel: resize(view.kernel, Number(ui.size.value), kept) }));
  ui.mode.addEventListener("change", () => commit({ mode: ui.mode.value }));
  ui.turned.addEventListener("change", () => commit({ turned: ui.turned.checked }));
  ui.root.addEventListener("change", (event) => event.target.dataset.at && edit(event.target));
  ui.root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.dataset.shown) draw();
  });
  const onImage = (place) => place && place.map((value) => value - RING);
  steer(ui.photo, { place: () => cursor().map((value) => value + RING), move: (at) => moveTo(onImage(at)), hover: (at) => hover(onImage(at)) });
  steer(ui.response, { place: cursor, move: moveTo, hover });

  for (const name of [...TRAITS, "cursor"]) model.on(`change:${name}`, draw);
  el.replaceChildren(ui.root);
  draw();
  return () => {
    for (const name of [...TRAITS, "cursor"]) model.off(`change:${name}`, draw);
  };
}

export default { render };
