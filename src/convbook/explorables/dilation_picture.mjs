// The drawings of the dilation explorable: the cone of one output, and its field in an image.
import { range, rove } from "./dom.mjs";
import { s } from "./vector.mjs";

const [ROW, TOP, BARS] = [58, 30, 44]; // heights: a layer, the room above the outputs, the bars below the inputs

const x = (value) => value.toFixed(1);

// ---- the cone

export function drawing(view, width, reaches) {
  const { dilations, widths, shifts, outputs, kernel_size } = view;
  const depth = dilations.length;
  const pitch = width / widths[0];
  const radius = Math.max(1.6, Math.min(7, 0.36 * pitch));
  // A value stands above the middle of what it reads.
  const start = shifts.reduce((starts, shift) => [...starts, starts.at(-1) + shift], [0]);
  const at = (level, i) => (start[level] + i + 0.5) * pitch;
  const y = (level) => TOP + (depth - level) * ROW;
  const names = range(depth + 1, (level) => (level ? `layer ${level}, dilation ${dilations[level - 1]}` : "input"));
  const nodes = widths.map((size, level) =>
    range(size, (i) => {
      const place = { cx: x(at(level, i)), cy: y(level), r: x(radius) };
      return s("circle", { class: "cd-node", "data-level": level, "data-at": i, ...place });
    }),
  );
  const options = range(outputs, (i) =>
    s(
      "g",
      { role: "option", class: "cd-output", "data-out": i, "aria-label": reaches(i) },
      s("circle", { class: "cd-halo", cx: x(at(depth, i)), cy: y(depth), r: x(radius + 4) }),
      nodes[depth][i],
    ),
  );
  const edges = s("path", { class: "cd-edge" });
  const [bars, marks] = [s("path", { class: "cd-bar" }), s("path", { class: "cd-cross" })];
  const field = s("rect", { class: "cd-field", rx: 6 });
  const numbers = s("g", { class: "cd-numbers" });
  const picture = s(
    "svg",
    { class: "cd-cone", width, height: y(0) + radius + 8 + BARS },
    field,
    edges,
    ...nodes.slice(0, depth).flat(),
    s("g", { role: "listbox", "aria-label": "outputs", "aria-orientation": "horizontal" }, ...options),
    marks,
    bars,
    numbers,
    ...names.map((name, level) => s("text", { class: "cd-name", x: 0, y: y(level) - radius - 6 }, name)),
  );
  rove(picture, [options]);

  // Light what leads to output `i`.
  function show(i) {
    const { cone, paths } = view;
    nodes.forEach((row, level) =>
      row.forEach((node, k) => {
        const lit = cone[level][k - i] ?? null;
        node.classList.toggle("cd-on", lit > 0);
        node.classList.toggle("cd-hole", level === 0 && lit === 0);
      }),
    );
    let d = "";
    for (let level = depth; level > 0; level--)
      cone[level].forEach((lit, k) => {
        if (!lit) return;
        const from = `M${x(at(level, i + k))} ${x(y(level) + radius)}`;
        for (let a = 0; a < kernel_size; a++)
          d += `${from}L${x(at(level - 1, i + k + a * dilations[level - 1]))} ${x(y(level - 1) - radius)}`;
      });
    edges.setAttribute("d", d);
    const size = {
      x: x(at(0, i) - pitch / 2),
      y: y(0) - radius - 3,
      width: x(pitch * view.field),
      height: 2 * radius + 6,
    };
    for (const [name, value] of Object.entries(size)) field.setAttribute(name, value);
    const most = Math.max(...paths);
    const base = y(0) + radius + 8;
    const long = (value) => (value / most) * (BARS - 16);
    const thick = x(0.6 * pitch);
    const bar = (value, k) => `M${x(at(0, i + k) - 0.3 * pitch)} ${base}h${thick}v${x(long(value))}h-${thick}z`;
    bars.setAttribute("d", paths.map((value, k) => (value ? bar(value, k) : "")).join(""));
    const r = x(2 * radius);
    const cross = (k) => `M${x(at(0, i + k) - radius)} ${x(y(0) - radius)}l${r} ${r}m0 -${r}l-${r} ${r}`;
    marks.setAttribute("d", paths.map((value, k) => (value ? "" : cross(k))).join(""));
    const fits = pitch >= 7 * String(most).length + 2;
    const text = (value, k) => s("text", { x: x(at(0, i + k)), y: x(base + long(value) + 12) }, String(value));
    numbers.replaceChildren(...(fits ? paths.map(text) : []));
    options.forEach((option, k) => option.setAttribute("aria-selected", String(k === i)));
  }
  return { picture, options, show, points: range(outputs, (i) => at(depth, i)) };
}

// ---- the same stack over an image

export function square(view, width) {
  const { paths, field: side } = view;
  const cell = Math.max(2, Math.min(14, Math.floor(width / side)));
  const most = Math.max(...paths) ** 2;
  const shades = new Map();
  paths.forEach((one, i) =>
    paths.forEach((other, j) => {
      const value = one * other;
      shades.set(value, `${shades.get(value) ?? ""}M${j * cell} ${i * cell}h${cell}v${cell}h-${cell}z`);
    }),
  );
  const opacity = (value) => (0.2 + 0.8 * (value / most)).toFixed(3);
  const parts = [...shades].map(([value, d]) =>
    s("path", value ? { class: "cd-pixel", d, "fill-opacity": opacity(value) } : { class: "cd-gap", d }),
  );
  const read = (side - view.holes) ** 2;
  const [part, whole] = [read, side ** 2].map((value) => value.toLocaleString("en-US"));
  const label = `the field in two dimensions: ${part} of ${whole} pixels are read`;
  const size = { width: side * cell, height: side * cell };
  return s("svg", { class: "cd-square", ...size, role: "img", "aria-label": label }, ...parts);
}
