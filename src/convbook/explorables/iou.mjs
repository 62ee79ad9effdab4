// The IoU explorable, an anywidget module: two boxes to be dragged, and what their overlap is called.
import { corners, fault, plane } from "./boxes.mjs";
import { bind } from "./controls.mjs";
import { field, h, options, same, short } from "./dom.mjs";
import { compare, giou, hull, iou } from "./detection_kernels.mjs";
import { follow, s } from "./vector.mjs";

const ROWS = [
  ["intersection", "shared"],
  ["union", "union"],
  ["hull, the smallest box around both", "hull"],
  ["IoU", "iou"],
  ["GIoU", "giou"],
  ["squared distance of x1, y1, x2, y2", "corners"],
  ["squared distance of x, y, w, h", "sizes"],
];

const value = (facts, key) => short(key === "shared" ? facts.shared.area : facts[key]);

// ---- words

function situation(a, b, facts) {
  const flat = ["a", "b"].filter((_, k) => !(facts.areas[k] > 0));
  if (flat.length) return `Box ${flat.join(" and box ")} has no area and overlaps nothing. IoU is 0, by agreement.`;
  if (same(a, b)) return "The boxes are equal: both measures are 1.";
  const isInside = ([p, q]) => p[0] >= q[0] && p[1] >= q[1] && p[2] <= q[2] && p[3] <= q[3];
  const inner = [
    [a, b],
    [b, a],
  ].findIndex(isInside);
  if (inner >= 0)
    return `Box ${"ab"[inner]} lies inside the other: wherever it moves in there, both measures stay as they are.`;
  if (facts.shared.area > 0) return "";
  const axis = (k) => Math.max(a[k], b[k]) - Math.min(a[k + 2], b[k + 2]);
  const isTouching = Math.max(axis(0), axis(1)) === 0;
  return `${isTouching ? "They touch and" : "They"} share no area: IoU is 0 here, and however much farther apart. GIoU still falls.`;
}

function told(a, b, facts) {
  const { shared, areas, union, iou, giou, hull: around } = facts;
  const both = `intersection ${short(shared.width)} × ${short(shared.height)} = ${short(shared.area)}, union ${areas.map(short).join(" + ")} − ${short(shared.area)} = ${short(union)}`;
  const ratio = union > 0 ? `IoU = ${short(shared.area)} / ${short(union)} = ${short(iou)}` : "IoU = 0";
  const rest =
    around > 0
      ? `GIoU = ${short(iou)} − (${short(around)} − ${short(union)}) / ${short(around)} = ${short(giou)}`
      : "GIoU = 0";
  return [both, ratio, rest];
}

// ---- both measures while b is moved from side to side

function curves() {
  const [TOP, HIGH, LEFT] = [8, 96, 26];
  const lines = { iou: s("path", { class: "bx-line bx-iou" }), giou: s("path", { class: "bx-line bx-giou" }) };
  const dots = {
    iou: s("circle", { class: "bx-dot bx-iou", r: 4.5 }),
    giou: s("circle", { class: "bx-dot bx-giou", r: 4.5 }),
  };
  const [grid, labels] = [s("path", { class: "bx-grid" }), s("g", { class: "bx-axis" })];
  const root = s("svg", { class: "bx-curves", role: "img" }, grid, lines.giou, lines.iou, dots.giou, dots.iou, labels);
  const y = (value) => TOP + ((1 - value) / 2) * HIGH;

  function draw(a, b, [width], wide) {
    const [from, steps] = [b[0] - b[2], 160]; // wholly outside on the left, wholly outside on the right
    const x = (left) => LEFT + ((left - from) / (width - from)) * (wide - LEFT - 8);
    const moves = Array.from({ length: steps + 1 }, (_, k) => from + ((width - from) * k) / steps).map((left) => [
      left,
      b.map((v, k) => (k % 2 ? v : v + left - b[0])),
    ]);
    for (const [name, measure] of Object.entries({ iou, giou })) {
      lines[name].setAttribute(
        "d",
        moves
          .map(([left, box], k) => `${k ? "L" : "M"}${x(left).toFixed(1)} ${y(measure(a, box)).toFixed(1)}`)
          .join(""),
      );
      dots[name].setAttribute("cx", x(b[0]).toFixed(1));
      dots[name].setAttribute("cy", y(measure(a, b)).toFixed(1));
    }
    grid.setAttribute("d", [1, 0, -1].map((v) => `M${LEFT} ${y(v)}H${wide - 4}`).join(""));
    labels.replaceChildren(
      ...[1, 0, -1].map((v) => s("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, short(v))),
    );
    for (const [name, size] of Object.entries({ width: wide, height: TOP + HIGH + 10 })) root.setAttribute(name, size);
    root.setAttribute(
      "aria-label",
      `IoU and GIoU for every place of box b from left to right; now ${short(iou(a, b))} and ${short(giou(a, b))}`,
    );
  }
  return { root, draw };
}

// ---- the widget

function render({ model, el }) {
  const [presets, size] = [model.get("presets"), model.get("size")];
  const preset = h(
    "select",
    { name: "preset" },
    h("option", { value: "" }, "your own"),
    ...options(Object.keys(presets)),
  );
  const alert = h("p", { role: "alert" });
  const names = ["a", "b"];
  const get = (name) => model.get(name);
  const words = (box) => `from ${short(box[0])}, ${short(box[1])} to ${short(box[2])}, ${short(box[3])}`;
  const drawing = plane({
    label: "two boxes",
    size,
    boxes: names.map((name) => ({
      name,
      title: `box ${name}`,
      get: () => get(name),
      set: (box) => commit({ [name]: box }),
      words,
    })),
  });
  const entries = names.map((name) =>
    corners({
      name,
      title: `box ${name}`,
      get: () => get(name),
      set: (box) => commit({ [name]: box }),
      check: (box) => fault(box, `box ${name}`, size),
      alert,
    }),
  );
  const chart = curves();
  const cells = Object.fromEntries(ROWS.map(([, key]) => [key, h("td", { "data-fact": key })]));
  const table = h(
    "table",
    { class: "bx-facts" },
    h(
      "tbody",
      {},
      ...ROWS.map(([name, key]) => h("tr", { "data-row": key }, h("th", { scope: "row" }, name), cells[key])),
    ),
  );
  const [formula, said] = [h("p", { class: "bx-formula" }), h("p", { class: "bx-said" })];
  const place = h("div", { class: "bx-place" }, drawing.root);
  const below = h("div", { class: "bx-place" }, chart.root);
  const key = (name, text) => h("span", { class: `bx-key bx-${name}` }, text);
  const root = h(
    "div",
    { class: "convbook-widget bx bx-two", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset)),
    ...entries.map(({ row }) => row),
    alert,
    h(
      "div",
      { class: "bx-columns" },
      h(
        "div",
        { class: "bx-left" },
        place,
        h(
          "p",
          { class: "cb-note" },
          "drag a box or a corner; with the keyboard, tab to it and press arrows, with shift eight at a time",
        ),
      ),
      h(
        "div",
        { class: "bx-right" },
        table,
        h(
          "p",
          { class: "cb-note" },
          key("iou", "IoU"),
          " and ",
          key("giou", "GIoU"),
          " if b stood farther to the left or right:",
        ),
        below,
      ),
    ),
    h("div", { class: "cb-words", "aria-live": "polite" }, formula, said),
  );

  function draw() {
    const [a, b] = names.map(get);
    const facts = compare(a, b);
    drawing.draw(place.clientWidth || 480);
    const px = (box) => box.map((v) => (v * drawing.unit).toFixed(2));
    const rect = (box, name) => {
      const [x1, y1, x2, y2] = px(box);
      return s("rect", { class: name, x: x1, y: y1, width: Math.max(x2 - x1, 0), height: Math.max(y2 - y1, 0) });
    };
    const inner = [0, 1, 2, 3].map((k) => (k < 2 ? Math.max : Math.min)(a[k], b[k]));
    const parts = [
      rect(a, "bx-fill bx-a"),
      rect(b, "bx-fill bx-b"),
      ...(facts.shared.area > 0 ? [rect(inner, "bx-shared")] : []),
      rect(hull(a, b), "bx-hull"),
    ];
    drawing.under.replaceChildren(...parts);
    chart.draw(a, b, size, Math.min(below.clientWidth || 360, 420));
    for (const [, name] of ROWS) cells[name].textContent = value(facts, name);
    formula.replaceChildren(...told(a, b, facts).flatMap((part, k) => (k ? [h("br"), part] : [part])));
    said.textContent = situation(a, b, facts);
    entries.forEach(({ forget }) => forget());
    alert.textContent = "";
    preset.value = Object.keys(presets).find((name) => names.every((box) => same(presets[name][box], get(box)))) ?? "";
  }

  const { commit, release } = bind(model, names, draw);
  preset.addEventListener("change", () => preset.value && commit(structuredClone(presets[preset.value])));
  el.replaceChildren(root);
  draw();
  const stops = [follow(place, draw), follow(below, draw)];
  return () => {
    stops.forEach((stop) => stop());
    release();
  };
}

export default { render };
