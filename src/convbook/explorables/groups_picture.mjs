// The drawings of the groups explorable: wires between the channels, and the matrices of the layers.
import { h, range, rove } from "./dom.mjs";
import { count, s, sorted } from "./vector.mjs";

const [BOX, LEVEL, SHUFFLE] = [24, 92, 64]; // heights: a row of channels, a layer's wires, the shuffle's

const kind = (level) => (level ? "cg-out" : "cg-in");
const x = (value) => value.toFixed(1);

// ---- the wires

export function wires(view, width, reads) {
  const { levels: rows, groups } = view;
  const gap = Math.min(10, width / (4 * groups));
  let y = 18 + BOX / 2;
  const drawn = rows.map((row, level) => {
    y += level && (row.isShuffle ? SHUFFLE : LEVEL);
    const pitch = (width - gap * (groups - 1)) / row.count;
    const each = row.count / groups;
    const x = range(row.count, (k) => Math.floor(k / each) * gap + (k + 0.5) * pitch);
    return { ...row, x, y, pitch, each };
  });
  const line = (row, above, k, c) => `M${x(above.x[c])} ${above.y + BOX / 2}L${x(row.x[k])} ${row.y - BOX / 2}`;
  const layers = drawn.slice(1);
  const pairs = layers.map((row, above) => row.x.map((_, k) => row.from(k).map((c) => line(row, drawn[above], k, c))));
  const lit = layers.map(() => s("path", { class: "cg-wire cg-lit" }));
  const outputs = [];
  const parts = drawn.map((row, level) => {
    const isLast = level === drawn.length - 1;
    const boxes = range(groups, (m) =>
      s("rect", {
        class: `cg-box ${kind(level)}`,
        x: x(row.x[m * row.each] - row.pitch / 2),
        y: row.y - BOX / 2,
        width: x(row.pitch * row.each),
        height: BOX,
        rx: 6,
      }),
    );
    const dots = row.x.map((at, k) => {
      const dot = s(
        "g",
        { class: `cg-dot ${kind(level)}`, "data-level": level, "data-channel": k },
        s("circle", { cx: x(at), cy: row.y, r: x(Math.min(9, 0.4 * row.pitch)) }),
        ...(row.pitch >= 17
          ? [s("text", { x: x(at), y: row.y + 3.5 }, String(row.isShuffle ? row.from(k)[0] : k))]
          : []),
      );
      if (isLast) outputs.push(dot);
      return dot;
    });
    // Only the last row can be pointed at by the keyboard.
    const listbox = { role: "listbox", "aria-label": "output channels", "aria-orientation": "horizontal" };
    const below = isLast ? BOX / 2 + 15 : -BOX / 2 - 6;
    const name = s("text", { class: "cg-name", x: 0, y: row.y + below }, row.name);
    return [...boxes, name, s("g", isLast ? listbox : {}, ...dots)];
  });
  const faint = s("path", { class: "cg-wire", d: pairs.flat(2).join("") });
  const height = drawn.at(-1).y + BOX / 2 + 20;
  const drawing = s("svg", { class: "cg-wires", width, height }, faint, ...lit, ...parts.flat());
  outputs.forEach((dot, f) => {
    dot.setAttribute("role", "option");
    dot.setAttribute("aria-label", reads(f));
    dot.dataset.out = f;
  });
  rove(drawing, [outputs]);
  return { drawing, outputs, lit, pairs, x: drawn.at(-1).x };
}

// ---- the matrices

function matrix(values, width, label) {
  const [rows, cols] = [values.length, values[0].length];
  const cell = Math.max(2, Math.min(14, Math.floor((width - 2) / cols)));
  const most = Math.max(...values.flat());
  const side = cell - 1;
  const box = (f, c) => `M${c * cell + 1} ${f * cell + 1}h${side}v${side}h-${side}z`;
  const shades = new Map(); // a path for each value
  values.forEach((row, f) =>
    row.forEach((value, c) => value && shades.set(value, `${shades.get(value) ?? ""}${box(f, c)}`)),
  );
  const opacity = (value) => (0.35 + 0.65 * (value / most)).toFixed(2);
  const fills = [...shades].map(([value, d]) => s("path", { class: "cg-cell", d, "fill-opacity": opacity(value) }));
  const mark = s("path", { class: "cg-row" });
  const [wide, high] = [cols * cell + 1, rows * cell + 1];
  const frame = s("rect", { class: "cg-frame", x: 0.5, y: 0.5, width: wide, height: high });
  const size = { width: wide + 1, height: high + 1 };
  const drawing = s("svg", { class: "cg-matrix", ...size, role: "img", "aria-label": label }, frame, ...fills, mark);
  const outline = (f) => `M0.5 ${f * cell + 0.5}h${wide}v${cell}h-${wide}z`;
  const show = (marked) => mark.setAttribute("d", marked.map(outline).join(""));
  return { drawing, show };
}

function describe(name, values) {
  const all = values.flat();
  const shape = `${values.length} rows, one an output; ${values[0].length} columns, one an input`;
  return `${name}: ${shape}; ${all.filter(Boolean).length} of ${all.length} squares filled`;
}

function stage(kind, title, note, drawn) {
  const head = h("p", { class: "cb-title" }, title, h("span", { class: "cb-shape" }, note));
  return h("div", { class: `cb-stage cb-${kind}` }, head, drawn.drawing);
}

export function matrices(view, width) {
  const { first, second, paths, c_in, c_out } = view;
  if (!second) {
    const weights = matrix(first, Math.min(width, 560), describe("weights", first));
    const note = `${c_out} filters × ${c_in} channels; a square is a kernel, the rest is zero and not stored`;
    return { parts: [stage("kernel", "weights", note, weights)], show: (sets) => weights.show(sorted(sets.at(-1))) };
  }
  const each = width >= 620 ? (width - 56) / 3 : (width - 28) / 2;
  const upper = matrix(second, each, describe("second layer", second));
  const lower = matrix(first, each, describe("first layer", first));
  const all = matrix(paths, each, describe("both layers together", paths));
  const most = Math.max(...paths.flat());
  return {
    parts: [
      stage("kernel", "second layer", view.shuffle ? "columns as before the shuffle" : "columns: first layer", upper),
      stage("kernel", "× first layer", "columns: input", lower),
      stage("output", "= both together", `at most ${count(most, "path")} a square`, all),
    ],
    show: (sets) => {
      upper.show(sorted(sets.at(-1)));
      lower.show(sorted(sets[1]));
      all.show(sorted(sets.at(-1)));
    },
  };
}
