// A drawing with boxes that a mouse, a finger or the keyboard moves and resizes, and entries for their corners.
import { onEntry } from "./controls.mjs";
import { h, parse, short } from "./dom.mjs";
import { s } from "./vector.mjs";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CORNERS = { "top left": [0, 1], "top right": [2, 1], "bottom left": [0, 3], "bottom right": [2, 3] };
const REACH = 16; // pixels of the screen around a corner in which it is taken hold of

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));
const round = (value, step) => Number((Math.round(value / step) * step).toFixed(6));

// The box shifted as far as the plane [width, height] lets it.
export function moved(box, by, size) {
  const shift = by.map((d, axis) => clamp(d, -box[axis], size[axis] - box[axis + 2]));
  return box.map((value, k) => Number((value + shift[k % 2]).toFixed(6)));
}

// One corner, given by its two places in the box, put at a point; no side gets shorter than `least`.
export function resized(box, corner, point, size, least = 0) {
  const next = [...box];
  for (const k of corner) {
    const other = box[(k + 2) % 4];
    next[k] = k < 2 ? clamp(point[k % 2], 0, other - least) : clamp(point[k % 2], other + least, size[k % 2]);
  }
  return next;
}

// The box moved, and cut where it must be, to lie in a plane.
export function within(box, size) {
  const sides = [0, 1].map((axis) => Math.min(box[axis + 2] - box[axis], size[axis]));
  const from = [0, 1].map((axis) => clamp(box[axis], 0, size[axis] - sides[axis]));
  return [...from, from[0] + sides[0], from[1] + sides[1]];
}

// `under` and `over` are groups for what else is drawn, in pixels: a place times `unit`. `boxes` are given as
// { name, title, get, set, words }; `set(box)` is called with what a hand makes of it. Not `sizable`, they only move.
export function plane({ label, size, boxes, step = 1, far = 8, least = 0, widest = 480, sizable = true }) {
  const [under, over] = [s("g"), s("g", { class: "bx-over" })];
  const root = s("svg", { class: "bx-plane", role: "group", "aria-label": label });
  const made = boxes.map((box) => {
    const part = (name, element) => {
      for (const [key, value] of Object.entries({ tabindex: 0, role: "slider", "aria-label": name }))
        element.setAttribute(key, value);
      return element;
    };
    const body = part(`${box.title}: move`, s("rect", { class: "bx-body", rx: 1 }));
    const handles = Object.entries(sizable ? CORNERS : {}).map(([name, corner]) => {
      const circle = s("circle", { class: "bx-handle", r: 5, "data-corner": name });
      // Two corners reach every box; the other two are there for the pointer.
      if (corner[0] === corner[1] - 1) part(`${box.title}: ${name} corner`, circle);
      return { circle, corner, name };
    });
    const title = s("text", { class: "bx-name", "aria-hidden": "true" }, box.short ?? box.name);
    const tint = { class: "bx-box", "data-box": box.name };
    return {
      ...box,
      body,
      handles,
      title,
      group: s("g", tint, body, ...handles.map(({ circle }) => circle)),
      label: s("g", tint, title),
    };
  });
  root.append(under, ...made.map(({ group }) => group), ...made.map((each) => each.label), over);
  let [held, hasMoved] = [null, false];
  // Whether the last press moved a box: a click that did not may mean something else.
  const wasDrag = () => hasMoved;
  const view = { root, under, over, size, unit: 1, draw, at, grow, wasDrag };

  function grow(next) {
    view.size = next;
  }

  function draw(width) {
    const [W, H] = view.size;
    view.unit = Math.min(width, widest) / W;
    for (const [name, value] of Object.entries({ width: W * view.unit, height: H * view.unit }))
      root.setAttribute(name, value.toFixed(1));
    for (const box of made) place(box);
  }

  function place({ get, words, body, handles, title }) {
    const box = get();
    const [x1, y1, x2, y2] = box.map((value) => value * view.unit);
    const shape = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    for (const [name, value] of Object.entries(shape)) body.setAttribute(name, value.toFixed(2));
    title.setAttribute("x", (x1 + 7).toFixed(1));
    title.setAttribute("y", (y1 + 16).toFixed(1));
    for (const { circle, corner } of handles) {
      circle.setAttribute("cx", (box[corner[0]] * view.unit).toFixed(2));
      circle.setAttribute("cy", (box[corner[1]] * view.unit).toFixed(2));
    }
    const stops = handles
      .filter(({ circle }) => circle.hasAttribute("tabindex"))
      .map(({ circle, corner }) => [circle, box[corner[0]]]);
    for (const [element, value] of [[body, box[0]], ...stops]) {
      const said = {
        "aria-valuemin": 0,
        "aria-valuemax": view.size[0],
        "aria-valuenow": value,
        "aria-valuetext": words(box),
      };
      for (const [name, text] of Object.entries(said)) element.setAttribute(name, text);
    }
  }

  function at(event) {
    const { left, top } = root.getBoundingClientRect();
    return [(event.clientX - left) / view.unit, (event.clientY - top) / view.unit];
  }

  // The nearest corner in reach, else the smallest box around the point: one that lies inside another can be had.
  function grasp([x, y]) {
    const corners = made.flatMap((box) =>
      box.handles.map((handle) => {
        const [cx, cy] = handle.corner.map((k) => box.get()[k]);
        return { box, handle, away: Math.hypot(cx - x, cy - y) * view.unit };
      }),
    );
    const near = corners.filter(({ away }) => away <= REACH).sort((one, other) => one.away - other.away)[0];
    if (near) return near;
    const around = made.filter(({ get }) => {
      const [x1, y1, x2, y2] = get();
      return x >= x1 && x <= x2 && y >= y1 && y <= y2;
    });
    const extent = ({ get }) => (get()[2] - get()[0]) * (get()[3] - get()[1]);
    return around.length ? { box: around.sort((one, other) => extent(one) - extent(other))[0] } : null;
  }

  root.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    hasMoved = false;
    const point = at(event);
    const found = grasp(point);
    if (!found) return;
    event.preventDefault();
    root.setPointerCapture(event.pointerId);
    held = { ...found, from: point, start: found.box.get() };
    const part = found.handle?.circle.hasAttribute("tabindex") ? found.handle.circle : found.box.body;
    part.focus({ preventScroll: true });
  });
  // A finger beside the boxes scrolls the page; on one of them it must not. Parts of a drawing have no touch-action.
  const stay = (event) => event.cancelable && grasp(at(event.changedTouches[0])) && event.preventDefault();
  root.addEventListener("touchstart", stay, { passive: false });
  root.addEventListener("pointermove", (event) => {
    if (!held) return;
    const { box, handle, from, start } = held;
    const by = at(event).map((value, axis) => value - from[axis]);
    const point = handle && handle.corner.map((k, axis) => round(start[k] + by[axis], step));
    const next = handle
      ? resized(start, handle.corner, point, view.size, least)
      : moved(
          start,
          by.map((d) => round(d, step)),
          view.size,
        );
    if (!next.some((value, k) => value !== box.get()[k])) return;
    hasMoved = true;
    box.set(next);
  });
  for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, () => (held = null));

  root.addEventListener("keydown", (event) => {
    const arrow = STEPS[event.key];
    const box = made.find(({ group }) => group.contains(event.target));
    if (!arrow || !box || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const by = arrow.map((d) => d * step * (event.shiftKey ? far : 1));
    const handle = box.handles.find(({ circle }) => circle === event.target);
    const now = box.get();
    if (!handle) return box.set(moved(now, by, view.size));
    const point = handle.corner.map((k, axis) => Number((now[k] + by[axis]).toFixed(6)));
    box.set(resized(now, handle.corner, point, view.size, least));
  });
  return view;
}

// What is wrong with a box, or nothing.
export function fault(box, name, [width, height], least = 0) {
  const shown = box.map(short).join(", ");
  if (box[2] - box[0] < least || box[3] - box[1] < least) {
    const room = least ? ` and sides of at least ${short(least)}` : "";
    return `${name} must be x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2${room}, got ${shown}`;
  }
  if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height)
    return `${name} must lie within ${short(width)} × ${short(height)}, got ${shown}`;
  return "";
}

// Four entries for the corners of one box. Corners may pass through what is no box: it is kept until it is one.
export function corners({ name, title, get, set, check, alert }) {
  let wanted = null;
  const inputs = ["x1", "y1", "x2", "y2"].map((side) =>
    h("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      name: `${name} ${side}`,
      "aria-label": `${title} ${side}`,
    }),
  );
  const row = h(
    "div",
    { class: "bx-corners", role: "group", "aria-label": title, "data-box": name },
    h("span", { class: "bx-title" }, title),
  );
  row.append(
    ...inputs.map((input, k) => h("label", { class: "bx-side" }, h("span", {}, ["x1", "y1", "x2", "y2"][k]), input)),
  );

  function write() {
    inputs.forEach((input, k) => {
      const isOdd = wanted !== null && wanted[k] !== get()[k];
      if (isOdd) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      if (!isOdd) input.value = short(get()[k]);
    });
  }
  inputs.forEach((input, k) =>
    onEntry(input, () => {
      const value = parse(input.value);
      const next = Object.assign([...(wanted ?? get())], { [k]: value });
      const message = Number.isNaN(value)
        ? `“${input.value}” is not a number: ${title} ${["x1", "y1", "x2", "y2"][k]} stays ${short(get()[k])}`
        : check(next);
      alert.textContent = message;
      wanted = message ? next : null;
      if (message) write();
      else set(next);
    }),
  );
  const forget = () => {
    wanted = null;
    write();
  };
  return { row, forget };
}
