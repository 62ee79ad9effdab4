// The template explorable, an anywidget module: cut a piece out of a photograph, and find it again.
import { field, h, options, same } from "./dom.mjs";
import { picture, say, steer } from "./canvas.mjs";
import { crop, decode, image, normalised_cross_correlation, peak, raw_correlation } from "./filtering.mjs";

const CHANGES = ["none", "darker", "noise", "mirrored"];
const NAMES = ["normalised", "raw"];
const BOX = ["top", "left", "height", "width"];

// The photograph that is searched; the same as in template.py.
export function altered(x, change, square) {
  const pixel = (i, j) => x.pixels[i * x.width + j];
  const changes = {
    none: pixel,
    darker: (i, j) => 0.4 * pixel(i, j) + 20,
    noise: (i, j) => pixel(i, j) + ((12347 * i + 7919 * j + 3571 * i * j) % 97) - 48,
    mirrored: (i, j) => pixel(i, x.width - 1 - j),
  };
  const [top, left, height, width] = square ?? [0, 0, 0, 0];
  const inSquare = (i, j) => i >= top && i < top + height && j >= left && j < left + width;
  return image(x.height, x.width, (i, j) => (inSquare(i, j) ? 255 : changes[change](i, j)));
}

export function search({ image: encoded, box, change, square, place }) {
  const photo = decode(encoded);
  const scene = altered(photo, change, square ? place : null);
  const template = crop(photo, box);
  const maps = { normalised: normalised_cross_correlation(scene, template), raw: raw_correlation(scene, template) };
  return { photo, scene, template, maps, found: Object.fromEntries(NAMES.map((name) => [name, peak(maps[name])])) };
}

// Where the template's top left corner ought to be found.
const target = ([top, left, , width], change, { width: W }) => [top, change === "mirrored" ? W - left - width : left];

function skeleton(sides) {
  const stage = (name, title, ...content) =>
    h("div", { role: "group", class: `cb-stage cb-${name}`, "aria-label": title }, h("p", { class: "cb-title" }, title), ...content);
  const number = (name) => h("input", { type: "number", name, step: 1, min: BOX.indexOf(name) < 2 ? 0 : sides[0] });
  const ui = {
    change: h("select", { name: "change" }, ...options(CHANGES)),
    square: h("input", { type: "checkbox", name: "square" }),
    numbers: Object.fromEntries(BOX.map((name) => [name, number(name)])),
    alert: h("p", { role: "alert" }),
    photo: picture("photograph with the template's outline"),
    scene: picture("the photograph that is searched, with the best matches outlined"),
    maps: Object.fromEntries(NAMES.map((name) => [name, picture(`${name} scores`)])),
    scores: Object.fromEntries(NAMES.map((name) => [name, h("p", { class: "cb-score" })])),
    verdict: h("p", { class: "cb-sum", "aria-live": "polite" }),
  };
  ui.photo.root.classList.add("cb-draggable");
  const map = (name, look) => stage(look, name, ui.maps[name].root, ui.scores[name]);
  ui.root = h(
    "div",
    // JupyterLab would take the arrow keys for itself.
    { class: "convbook-widget", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-four", role: "group", "aria-label": "template" }, ...BOX.map((name) => field(name, ui.numbers[name]))),
    h(
      "div",
      { class: "cb-row cb-head" },
      field("change before the search", ui.change),
      h("label", { class: "cb-check" }, ui.square, "a white square"),
    ),
    ui.alert,
    h(
      "div",
      { class: "cb-match" },
      stage("kernel", "template", ui.photo.root, h("p", { class: "cb-note" }, "drag the frame, or use the arrow keys")),
      stage("input", "searched", ui.scene.root, h("p", { class: "cb-note" }, "best matches outlined")),
      map("normalised", "output"),
      map("raw", "raw"),
    ),
    h("div", { class: "cb-words" }, ui.verdict),
  );
  return ui;
}

function write(ui, view, { box, change }) {
  const [top, left, height, width] = box;
  const wanted = target(box, change, view.photo);
  ui.photo.draw(view.photo);
  ui.photo.outline("box", box);
  ui.scene.draw(view.scene);
  const hits = {};
  for (const name of NAMES) {
    const map = view.maps[name];
    const [i, j] = view.found[name];
    const score = map.pixels[i * map.width + j];
    const isFlat = map.pixels.every((value) => value === map.pixels[0]);
    hits[name] = !isFlat && Math.abs(i - wanted[0]) <= 1 && Math.abs(j - wanted[1]) <= 1;
    ui.maps[name].draw(map, Math.min(...map.pixels), Math.max(...map.pixels));
    ui.maps[name].outline(name, [i - 1, j - 1, 3, 3]);
    ui.scene.outline(name, [i, j, height, width]);
    const text = name === "raw" ? Math.round(score).toLocaleString("en") : score.toFixed(3);
    ui.scores[name].replaceChildren(`best at row ${i}, column ${j}: `, h("strong", {}, text.replace("-", "−")));
    ui.maps[name].canvas.setAttribute("aria-label", `${name} scores, largest at row ${i}, column ${j}`);
  }
  const sentence = (name) => `${name === "raw" ? "Raw" : "Normalised"} correlation ${hits[name] ? "finds" : "misses"} it.`;
  const flat = view.template.pixels.every((pixel) => pixel === view.template.pixels[0]);
  ui.verdict.textContent =
    `The template was cut out at row ${top}, column ${left}` +
    (change === "mirrored" ? `, and lies mirrored at column ${wanted[1]}. ` : ". ") +
    (flat ? "It has one grey level, and so no pattern to find: every normalised score is 0. " : "") +
    NAMES.map(sentence).join(" ");
  const words = `row ${top}, column ${left}, ${height} by ${width} pixels`;
  say(ui.photo.canvas, "template's place", [top, left], [view.photo.height, view.photo.width], words);
}

// ---- the widget

const TRAITS = ["image", "box", "change", "square"];

function render({ model, el }) {
  const [place, sides] = [model.get("place"), model.get("sides")];
  const ui = skeleton(sides);
  const read = () => ({ ...Object.fromEntries(TRAITS.map((name) => [name, model.get(name)])), place });
  let view = null;
  let offset = [0, 0]; // from the template's corner to where the drag took hold of it
  let isQuiet = false;

  function draw() {
    if (isQuiet) return;
    const now = read();
    ui.alert.textContent = "";
    view = search(now);
    write(ui, view, now);
    BOX.forEach((name, k) => {
      ui.numbers[name].value = now.box[k];
      ui.numbers[name].removeAttribute("aria-invalid");
    });
    ui.change.value = now.change;
    ui.square.checked = now.square;
  }

  function commit(values) {
    isQuiet = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    isQuiet = false;
    draw();
    model.save_changes();
  }

  function moveTo([top, left]) {
    const [, , height, width] = model.get("box");
    const fit = (value, size, most) => Math.max(0, Math.min(value, most - size));
    const box = [fit(top, height, view.photo.height), fit(left, width, view.photo.width), height, width];
    if (!same(box, model.get("box"))) commit({ box });
  }

  function settle(name) {
    const input = ui.numbers[name];
    const value = input.value === "" ? NaN : Number(input.value);
    const k = BOX.indexOf(name);
    const box = model.get("box").map((old, m) => (m === k ? value : old));
    const size = k % 2 ? view.photo.width : view.photo.height;
    const [low, high] = k < 2 ? [0, size - box[k + 2]] : [sides[0], Math.min(sides[1], size - box[k - 2])];
    if (Number.isInteger(value) && value >= low && value <= high) return commit({ box });
    input.setAttribute("aria-invalid", "true");
    ui.alert.textContent = `${name} must be a whole number from ${low} to ${high} here, got ${input.value || "nothing"}: it stays ${model.get("box")[k]}.`;
  }

  steer(ui.photo, {
    place: () => model.get("box").slice(0, 2),
    move: (at) => moveTo(at.map((value, axis) => value - offset[axis])),
    grab: ([i, j]) => {
      const [top, left, height, width] = model.get("box");
      const isInside = i >= top && i < top + height && j >= left && j < left + width;
      offset = isInside ? [i - top, j - left] : [Math.floor(height / 2), Math.floor(width / 2)];
      moveTo([i - offset[0], j - offset[1]]);
    },
  });
  ui.photo.canvas.addEventListener("keydown", () => (offset = [0, 0]), { capture: true });
  for (const name of BOX) ui.numbers[name].addEventListener("change", () => settle(name));
  ui.change.addEventListener("change", () => commit({ change: ui.change.value }));
  ui.square.addEventListener("change", () => commit({ square: ui.square.checked }));
  ui.root.addEventListener("keydown", (event) => event.key === "Escape" && draw());

  for (const name of TRAITS) model.on(`change:${name}`, draw);
  el.replaceChildren(ui.root);
  draw();
  return () => {
    for (const name of TRAITS) model.off(`change:${name}`, draw);
  };
}

export default { render };
