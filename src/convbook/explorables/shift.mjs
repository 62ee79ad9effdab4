// The shift explorable, an anywidget module: does it matter whether a shift comes before or after a layer?
import { field, h, options, same } from "./dom.mjs";
import { picture, say, steer } from "./canvas.mjs";
import { correlate2d, decode, image, linear, norm, shift, subtract } from "./filtering.mjs";

const TRAITS = ["image", "by", "border", "kernel", "seed"];
const BORDERS = ["circular", "zeros"];
const AXES = ["down", "right"];
const LAYERS = { linear: "linear layer", convolution: "convolution" };
const MAPS = ["layer, then shift", "shift, then layer", "difference"];
const ARROWS = [["←", 0, -1, "left"], ["→", 0, 1, "right"], ["↑", -1, 0, "up"], ["↓", 1, 0, "down"]];

export function compare({ image: encoded, by, border, seed }, weights) {
  const photo = decode(encoded);
  const mean = photo.pixels.reduce((sum, pixel) => sum + pixel, 0) / photo.pixels.length;
  const x = image(photo.height, photo.width, (i, j) => photo.pixels[i * photo.width + j] - mean);
  const layers = { linear: (x) => linear(x, seed), convolution: (x) => correlate2d(x, weights, border) };
  const moved = shift(x, by, border);
  const results = Object.entries(layers).map(([name, layer]) => {
    const [after, before] = [shift(layer(x), by, border), layer(moved)];
    const difference = subtract(before, after);
    return [name, { maps: [after, before, difference], error: norm(difference) / (norm(after) || 1) }];
  });
  return { photo, moved: shift(photo, by, border), layers: Object.fromEntries(results) };
}

// A difference in words: nothing but rounding is 0.
const percent = (error) => (error < 1e-9 ? "0 %" : error < 0.01 ? "under 1 %" : `${Math.round(100 * error)} %`);

// Both orders see the same pixels but where a window meets the frame, or the edge of what has moved.
function where({ maps: [, , difference] }, by) {
  const { height, width, pixels } = difference;
  const isEdge = (i, size, step) => i === 0 || i === size - 1 || i - step === -1 || i - step === size;
  const largest = (wanted) => pixels.reduce((most, pixel, k) => (wanted(k) ? Math.max(most, Math.abs(pixel)) : most), 0);
  if (largest(() => true) < 1e-9) return "The convolution gives the same map, moved along.";
  const isInside = (k) => !isEdge(Math.floor(k / width), height, by[0]) && !isEdge(k % width, width, by[1]);
  return largest(isInside) < 1e-9
    ? "The convolution differs along the frame and the moved edge, where it meets zeros; everywhere else the maps agree."
    : "The convolution differs inside, too.";
}

function verdict({ linear, convolution }, by) {
  if (by.every((step) => step === 0)) return "Without a shift there is nothing to compare: move the image.";
  if (norm(linear.maps[0]) === 0) return "An image of one grey level gives zeros, whatever the layer.";
  const unlike = linear.error > 1 ? "have little to do with each other" : `differ by ${percent(linear.error)}`;
  return `The linear layer's maps ${unlike}. ${where(convolution, by)}`;
}

const captioned = (picture, words) => h("div", {}, picture, h("p", { class: "cb-note" }, words));

function skeleton(kernels, farthest) {
  const number = (name) => h("input", { type: "number", name, step: 1, min: -farthest, max: farthest });
  const ui = {
    numbers: Object.fromEntries(AXES.map((name) => [name, number(name)])),
    arrows: ARROWS.map(([sign, , , name]) => h("button", { type: "button", "aria-label": `shift ${name}` }, sign)),
    border: h("select", { name: "border" }, ...options(BORDERS)),
    kernel: h("select", { name: "kernel" }, ...options(Object.keys(kernels))),
    reseed: h("button", { type: "button" }, "other weights"),
    original: picture("the photograph"),
    photo: picture("the shifted photograph"),
    maps: {},
    errors: {},
    alert: h("p", { role: "alert" }),
    words: h("p", { class: "cb-sum", "aria-live": "polite" }),
  };
  const stages = Object.entries(LAYERS).map(([name, title]) => {
    ui.maps[name] = MAPS.map((map) => picture(`${title}: ${map}`));
    ui.errors[name] = h("strong");
    const figures = ui.maps[name].map(({ root }, k) => captioned(root, MAPS[k]));
    const look = name === "linear" ? "linear" : "output";
    return h(
      "div",
      { role: "group", class: `cb-stage cb-${look}`, "aria-label": title },
      h("p", { class: "cb-title" }, `${title}: maps differ by `, ui.errors[name]),
      h("div", { class: "cb-maps" }, ...figures),
    );
  });
  ui.root = h(
    "div",
    // JupyterLab would take the arrow keys for itself.
    { class: "convbook-widget", "data-lm-suppress-shortcuts": "true" },
    h(
      "div",
      { class: "cb-row cb-head" },
      ...AXES.map((name) => field(`shift ${name}`, ui.numbers[name])),
      h("span", { class: "cb-arrows" }, ...ui.arrows),
    ),
    h("div", { class: "cb-row cb-head" }, field("border", ui.border), field("convolution with", ui.kernel), ui.reseed),
    ui.alert,
    h(
      "div",
      { class: "cb-shift" },
      h(
        "div",
        { role: "group", class: "cb-stage cb-input", "aria-label": "photograph" },
        h("p", { class: "cb-title" }, "image"),
        h(
          "div",
          { class: "cb-images" },
          captioned(ui.original.root, "as it is"),
          captioned(ui.photo.root, "shifted: drag it, or use the arrow keys"),
        ),
      ),
      h("div", { class: "cb-layers" }, ...stages),
    ),
    h("div", { class: "cb-words" }, ui.words),
  );
  return ui;
}

function write(ui, view, { by }) {
  ui.original.draw(view.photo);
  ui.photo.draw(view.moved);
  const { height, width } = view.photo;
  const limited = by.map((value) => Math.max(0, value));
  say(ui.photo.canvas, "shift of the photograph", limited, [height, width], `${by[0]} down, ${by[1]} to the right`);
  for (const [name, { maps, error }] of Object.entries(view.layers)) {
    const most = Math.max(...maps.slice(0, 2).flatMap(({ pixels }) => [...pixels].map(Math.abs)));
    maps.forEach((map, k) => ui.maps[name][k].draw(map, -most, most));
    ui.errors[name].textContent = percent(error);
  }
  ui.words.textContent = verdict(view.layers, by);
}

// ---- the widget

function render({ model, el }) {
  const [kernels, farthest] = [model.get("kernels"), model.get("farthest")];
  const ui = skeleton(kernels, farthest);
  const read = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  let view = null;
  let held = [0, 0]; // pixel minus shift, where a drag took hold
  let isQuiet = false;

  function draw() {
    if (isQuiet) return;
    const now = read();
    ui.alert.textContent = "";
    view = compare(now, kernels[now.kernel]);
    write(ui, view, now);
    AXES.forEach((name, axis) => {
      ui.numbers[name].value = now.by[axis];
      ui.numbers[name].removeAttribute("aria-invalid");
    });
    ui.border.value = now.border;
    ui.kernel.value = now.kernel;
  }

  function commit(values) {
    isQuiet = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    isQuiet = false;
    draw();
    model.save_changes();
  }

  function moveTo(by) {
    const next = by.map((value) => Math.max(-farthest, Math.min(farthest, value)));
    if (!same(next, model.get("by"))) commit({ by: next });
  }

  function settle(axis) {
    const input = ui.numbers[AXES[axis]];
    const value = input.value === "" ? NaN : Number(input.value);
    if (Number.isInteger(value) && Math.abs(value) <= farthest)
      return moveTo(model.get("by").map((old, k) => (k === axis ? value : old)));
    input.setAttribute("aria-invalid", "true");
    ui.alert.textContent =
      `shift ${AXES[axis]} must be a whole number from −${farthest} to ${farthest}, got ${input.value || "nothing"}: ` +
      `it stays ${model.get("by")[axis]}.`;
  }

  steer(ui.photo, {
    place: () => model.get("by"),
    move: (at) => moveTo(at.map((value, axis) => value - held[axis])),
    grab: (at) => (held = at.map((value, axis) => value - model.get("by")[axis])),
  });
  ui.photo.canvas.addEventListener("keydown", () => (held = [0, 0]), { capture: true });
  ARROWS.forEach(([, down, right], k) =>
    ui.arrows[k].addEventListener("click", () => moveTo([model.get("by")[0] + down, model.get("by")[1] + right])),
  );
  AXES.forEach((name, axis) => ui.numbers[name].addEventListener("change", () => settle(axis)));
  ui.border.addEventListener("change", () => commit({ border: ui.border.value }));
  ui.kernel.addEventListener("change", () => commit({ kernel: ui.kernel.value }));
  ui.reseed.addEventListener("click", () => commit({ seed: model.get("seed") + 1 }));
  ui.root.addEventListener("keydown", (event) => event.key === "Escape" && draw());

  for (const name of TRAITS) model.on(`change:${name}`, draw);
  el.replaceChildren(ui.root);
  draw();
  return () => {
    for (const name of TRAITS) model.off(`change:${name}`, draw);
  };
}

export default { render };
