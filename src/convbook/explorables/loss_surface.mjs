// The loss surface explorable, an anywidget module: recorded losses of two nets, to be turned, and read off anywhere.
import { say, steer } from "./canvas.mjs";
import { bind } from "./controls.mjs";
import { field, h, options } from "./dom.mjs";
import { axis, coordinate, extremes, levels, minima, shares } from "./loss_surface_kernels.mjs";
import { map, surface } from "./loss_surface_picture.mjs";
import { follow } from "./vector.mjs";

const NAMES = { residual: "with skips", plain: "without skips" };
const VIEW = ["show", "log", "shared", "azimuth", "elevation", "cursor"];
const TURNS = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] };
const TILT = [5, 85];

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));
const around = (angle) => ((((angle + 180) % 360) + 360) % 360) - 180;

function text(value) {
  const size = Math.abs(value);
  const plain = size >= 1e6 ? value.toExponential(2) : size >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(4)));
  return plain.replace("-", "−");
}

function panel(name) {
  const [above, aside] = [surface(name), map(name)];
  const [low, high] = [h("span"), h("span")];
  const scale = h("div", { class: "ls-scale" }, low, h("span", { class: "ls-ramp", "aria-hidden": "true" }), high);
  const note = h("p", { class: "cb-note ls-levels" });
  const title = h("p", { class: "cb-title" }, NAMES[name]);
  const element = h("section", { class: "ls-net", "aria-label": NAMES[name] }, title, h("div", { class: "ls-pair" }, above.root, h("div", {}, aside.root, scale)), note);
  return { name, element, surface: above, map: aside, low, high, note };
}

function facts(grids, extent) {
  const names = Object.keys(grids);
  const point = (grid, [i, j]) => `${text(grid[i][j])} at (${[i, j].map((k) => text(Number(coordinate(k, grid.length, extent).toFixed(3)))).join(", ")})`;
  const lines = {
    "in the middle": (grid) => text(grid[(grid.length - 1) / 2]?.[(grid.length - 1) / 2] ?? NaN),
    smallest: (grid) => point(grid, extremes(grid).low),
    largest: (grid) => point(grid, extremes(grid).high),
    "dents (below all eight neighbours)": (grid) => String(minima(grid).length),
  };
  if (grids[names[0]].length % 2 === 0) delete lines["in the middle"];
  const rows = Object.entries(lines).map(([what, tell]) => h("tr", {}, h("th", { scope: "row" }, what), ...names.map((name) => h("td", {}, tell(grids[name])))));
  const head = h("tr", {}, ...["loss", ...names.map((name) => NAMES[name])].map((name) => h("th", { scope: "col" }, name)));
  return h("table", { class: "ls-facts" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

function render({ model, el }) {
  const presets = model.get("presets");
  const read = () => Object.fromEntries(VIEW.map((name) => [name, model.get(name)]));
  const grids = () => ({ residual: model.get("residual"), plain: model.get("plain") });
  let hovered = null;

  const preset = h("select", { name: "preset" }, h("option", { value: "" }, "your own"), ...options(Object.keys(presets)));
  const show = h("select", { name: "show" }, h("option", { value: "both" }, "both"), ...Object.entries(NAMES).map(([name, words]) => h("option", { value: name }, words)));
  const [log, shared] = ["log", "shared"].map((name) => h("input", { type: "checkbox", name }));
  const slider = (name, min, max) => h("input", { type: "range", name, min, max, step: 1 });
  const [azimuth, elevation] = [slider("azimuth", -180, 180), slider("elevation", ...TILT)];
  const panels = Object.keys(NAMES).map(panel);
  const place = h("div", { class: "ls-nets" });
  const table = h("div", { class: "cb-scroll" });
  const words = h("p", { class: "ls-words", "aria-live": "polite" });
  const check = (input, label) => h("label", { class: "cb-check" }, input, label);
  const root = h(
    "div",
    { class: "convbook-widget ls", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("view", preset), field("net", show), check(log, "logarithmic"), check(shared, "one scale for both")),
    h("div", { class: "ls-sliders" }, field("turn", azimuth), field("tilt", elevation)),
    place,
    table,
    h("div", { class: "cb-words" }, words),
  );
  place.append(...panels.map(({ element }) => element));

  const side = () => model.get("residual").length;
  const cursor = () => (hovered ?? model.get("cursor")).map((k) => clamp(k, 0, side() - 1));

  function told([i, j]) {
    const n = side();
    const [a, b] = [i, j].map((k) => text(Number(coordinate(k, n, model.get("extent")).toFixed(3))));
    const losses = Object.entries(grids()).map(([name, grid]) => `${text(grid[i][j])} ${NAMES[name]}`);
    return `at a = ${a}, b = ${b} the loss is ${losses.join(" and ")}`;
  }

  function draw() {
    const view = read();
    const all = grids();
    const n = side();
    const at = cursor();
    const isShown = (name) => view.show === "both" || view.show === name;
    place.classList.toggle("ls-both", view.show === "both");
    for (const each of panels) {
      each.element.hidden = !isShown(each.name);
      if (each.element.hidden) continue;
      const grid = all[each.name];
      const own = [Math.min(...grid.flat()), Math.max(...grid.flat())];
      const ends = axis(view.shared ? Object.values(all) : [grid], view.log);
      const heights = shares(grid, ends, view.log);
      const lines = levels(...(view.shared ? axis(Object.values(all), false) : own), view.log);
      each.surface.draw(heights, view, at, each.surface.root.clientWidth || 280);
      const aside = [grid, view.log, view.shared, ...at, each.map.root.clientWidth || 280];
      if (aside.some((value, k) => value !== each.drawn?.[k])) each.map.draw(grid, heights, lines, at, aside.at(-1)); // not where it only turns
      each.drawn = aside;
      const [low, high] = ends.map((end) => (view.log ? 10 ** end : end));
      [each.low.textContent, each.high.textContent] = [text(low), text(high)];
      const inside = lines.filter((level) => level > own[0] && level < own[1]);
      each.note.textContent = inside.length ? `contours at ${inside.map(text).join(", ")}` : "no contour of this scale runs here";
      say(each.map.canvas, `probe of the net ${NAMES[each.name]}: a across, b upwards`, [n - 1 - at[1], at[0]], [n, n], told(at));
      const turned = { role: "slider", "aria-label": `turn of the surface ${NAMES[each.name]}`, "aria-valuemin": -180, "aria-valuemax": 180, "aria-valuenow": view.azimuth, "aria-valuetext": `turned by ${text(view.azimuth)}°, tilted by ${view.elevation}°` };
      for (const [name, value] of Object.entries(turned)) each.surface.canvas.setAttribute(name, value);
    }
    words.textContent = `At ${told(at).slice(3)}.`;
    show.value = view.show;
    [log.checked, shared.checked, azimuth.value, elevation.value] = [view.log, view.shared, view.azimuth, view.elevation];
    preset.value = Object.keys(presets).find((name) => Object.entries(presets[name]).every(([key, value]) => view[key] === value)) ?? "";
  }

  const tabulate = () => table.replaceChildren(facts(grids(), model.get("extent")));
  const { commit, release } = bind(model, [...VIEW, "residual", "plain", "extent"], () => {
    tabulate();
    draw();
  });

  function turn(by) {
    const [more, up] = by;
    commit({ azimuth: Math.round(around(model.get("azimuth") + more)), elevation: Math.round(clamp(model.get("elevation") + up, ...TILT)) });
  }

  function listen(each) {
    const { canvas } = each.surface;
    let from = null;
    canvas.tabIndex = 0;
    canvas.addEventListener("keydown", (event) => {
      const by = TURNS[event.key];
      if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      turn(by);
    });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      from = [event.clientX, event.clientY];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const by = [(event.clientX - from[0]) * 0.6, (event.clientY - from[1]) * 0.4];
      if (Math.max(...by.map(Math.abs)) < 1) return;
      from = [event.clientX, event.clientY];
      turn(by);
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (from = null));
    // The picture's rows run downwards and b upwards.
    const point = ([row, column]) => [column, side() - 1 - row].map((k) => clamp(k, 0, side() - 1));
    steer(each.map, {
      place: () => [side() - 1 - cursor()[1], cursor()[0]],
      move: (at) => {
        hovered = null;
        commit({ cursor: point(at) });
      },
      hover: (at) => {
        hovered = at && point(at);
        draw();
      },
    });
  }

  panels.forEach(listen);
  show.addEventListener("change", () => commit({ show: show.value }));
  log.addEventListener("change", () => commit({ log: log.checked }));
  shared.addEventListener("change", () => commit({ shared: shared.checked }));
  azimuth.addEventListener("input", () => commit({ azimuth: Number(azimuth.value) }));
  elevation.addEventListener("input", () => commit({ elevation: Number(elevation.value) }));
  preset.addEventListener("change", () => preset.value && commit({ ...presets[preset.value] }));
  el.replaceChildren(root);
  tabulate();
  draw();
  const stop = follow(place, draw);
  return () => {
    stop();
    release();
  };
}

export default { render };
