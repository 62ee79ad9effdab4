// The explorable of the cover, an anywidget module: nine weights over a photograph, and the sum behind one pixel.
import { entry, factor, h, parse, range, rove, same, short, write } from "./dom.mjs";
import { picture, say, steer } from "./canvas.mjs";
import { correlate2d, decode, terms } from "./filtering.mjs";

function render({ model, el }) {
  const presets = model.get("presets");
  const x = decode(model.get("image"));
  const size = [x.height, x.width];
  const [photo, response] = [picture("photograph"), picture("response")];
  const label = (a, b) => `weight in row ${a}, column ${b}`;
  const cells = range(3, (a) => range(3, (b) => h("div", { class: "cb-cell", role: "gridcell" }, entry([a, b], label(a, b)))));
  const rows = cells.map((row) => h("div", { role: "row" }, ...row));
  const grid = h("div", { class: "cv-grid", role: "grid", "aria-label": "nine weights" }, ...rows);
  rove(grid, cells.map((row) => row.map((cell) => cell.firstChild)));
  const buttons = Object.keys(presets).map((name) => h("button", { type: "button" }, name));
  const sum = h("p", { class: "cv-sum", "aria-live": "polite" });
  const root = h(
    "div",
    { class: "convbook-widget cv", "data-lm-suppress-shortcuts": "true" },
    h(
      "div",
      { class: "cv-row" },
      h("div", { class: "cv-side cb-input" }, photo.root),
      h("div", { class: "cv-middle cb-kernel" }, h("span", { class: "cv-sign", "aria-hidden": "true" }, "⋆"), grid, h("span", { class: "cv-sign", "aria-hidden": "true" }, "=")),
      h("div", { class: "cv-side cb-output" }, response.root),
    ),
    h("div", { class: "cv-presets", role: "group", "aria-label": "well-known weights" }, ...buttons),
    sum,
  );
  let out = null;

  const weights = () => model.get("kernel").map((row) => row.map((weight) => weight / model.get("divisor")));
  const clamp = (place) => place.map((value, axis) => Math.max(0, Math.min(value, size[axis] - 1)));

  function point([i, j]) {
    const parts = terms(x, model.get("kernel"), "replicate", [i, j]).filter((term) => term.w !== 0);
    const span = (name, text) => h("span", { class: name }, text);
    const products = parts.flatMap((term, k) => [
      ...(k ? [" + "] : []),
      h("span", { class: "cb-term" }, span("cb-k", factor(term.w)), "·", span("cb-x", short(term.x))),
    ]);
    const divisor = model.get("divisor");
    const value = out.pixels[i * x.width + j];
    const total = divisor === 1 ? products : ["(", ...products, `) / ${short(divisor)}`];
    sum.replaceChildren(...(products.length ? total : ["0"]), " = ", h("strong", {}, short(Math.round(100 * value) / 100)));
    photo.outline("window", [i - 1, j - 1, 3, 3]);
    response.outline("pixel", [i, j, 1, 1]);
    const words = `row ${i}, column ${j}: pixel ${short(x.pixels[i * x.width + j])}, response ${short(Math.round(value))}`;
    say(photo.canvas, "photograph, pixel by pixel", [i, j], size, words);
    say(response.canvas, "response, pixel by pixel", [i, j], size, words);
  }

  function draw() {
    out = correlate2d(x, weights(), "replicate");
    const high = out.pixels.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const isSigned = out.pixels.some((value) => value < -0.25 * high);
    photo.draw(x);
    response.draw(out, isSigned ? -high / 2 : 0, isSigned ? high / 2 : 255);
    cells.forEach((row, a) => row.forEach((cell, b) => write(cell, model.get("kernel")[a][b])));
    const { kernel, divisor } = { kernel: model.get("kernel"), divisor: model.get("divisor") };
    for (const button of buttons) {
      const isThis = same(presets[button.textContent], { kernel, divisor });
      button.setAttribute("aria-pressed", isThis);
    }
    point(clamp(model.get("cursor")));
  }

  const set = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
    draw();
  };
  const move = (place) => {
    model.set("cursor", clamp(place));
    model.save_changes();
    point(model.get("cursor"));
  };
  const hover = (place) => point(clamp(place ?? model.get("cursor")));
  for (const view of [photo, response]) steer(view, { place: () => model.get("cursor"), move, hover });
  for (const button of buttons) button.addEventListener("click", () => set(structuredClone(presets[button.textContent])));
  grid.addEventListener("change", ({ target }) => {
    const value = parse(target.value);
    if (Number.isNaN(value)) return target.setAttribute("aria-invalid", "true");
    const [a, b] = JSON.parse(target.dataset.at);
    const kernel = structuredClone(model.get("kernel"));
    kernel[a][b] = value;
    set({ kernel });
  });

  const names = ["kernel", "divisor", "cursor"];
  for (const name of names) model.on(`change:${name}`, draw);
  el.replaceChildren(root);
  draw();
  return () => {
    for (const name of names) model.off(`change:${name}`, draw);
  };
}

export default { render };
