// The drawings of the ResNet builder: its blocks, as high as their maps, and how the costs are shared.
import { h, range } from "./dom.mjs";
import { s } from "./vector.mjs";

const [HEIGHT, TOP, BAR] = [112, 16, 24];
const at = (value) => value.toFixed(1);

// One box a block, from the image's side to the head's; an arc over each block is its skip.
export function blocksOf(table, size, width) {
  const boxes = table.flatMap((row, k) =>
    range(Math.max(1, row.blocks), (n) => ({ row: k, side: row.side, isBlock: row.blocks > 0, isFirst: n === 0, parts: row.parts })),
  );
  const gap = 6; // between the rows
  const pitch = (width - gap * (table.length - 1)) / boxes.length;
  const thick = Math.max(0.6, Math.min(0.72 * pitch, 34));
  const scale = HEIGHT / Math.max(1, table[0].side);
  const base = TOP + HEIGHT;
  const groups = table.map((_, k) => s("g", { class: "rb-group", "data-row": k }));
  const spans = table.map(() => [Infinity, 0]);
  boxes.forEach((box, n) => {
    const left = n * pitch + box.row * gap + (pitch - thick) / 2;
    const tall = Math.max(2, box.side * scale);
    const place = { x: at(left), y: at(base - tall), width: at(thick), height: at(tall), rx: Math.min(3, thick / 3) };
    groups[box.row].append(s("rect", { class: `rb-box rb-c${box.row}`, ...place }));
    if (box.isBlock && pitch >= 5) {
      const isProjected = box.isFirst && box.parts[0].some(({ what }) => what === "shortcut");
      const [from, to, rise] = [left - 0.14 * pitch, left + thick + 0.14 * pitch, Math.min(11, 0.5 * pitch)];
      const d = `M${at(from)} ${at(base - tall)}C${at(from)} ${at(base - tall - rise)} ${at(to)} ${at(base - tall - rise)} ${at(to)} ${at(base - tall)}`;
      groups[box.row].append(s("path", { class: isProjected ? "rb-skip rb-projected" : "rb-skip", d }));
    }
    const span = spans[box.row];
    [span[0], span[1]] = [Math.min(span[0], left), Math.max(span[1], left + thick)];
  });
  groups.forEach((group, k) => {
    const [from, to] = spans[k];
    group.prepend(s("rect", { class: "rb-ground", x: at(from - 3), y: 2, width: at(to - from + 6), height: base + 20, rx: 5 }));
    const side = table[k].side;
    if (to - from + gap >= 7 * String(side).length) group.append(s("text", { x: at((from + to) / 2), y: base + 15 }, String(side)));
  });
  const label = `The network as boxes, as high as their maps: ${table.map((row) => `${row.name} ${row.side}`).join(", ")}.`;
  return s("svg", { class: "rb-blocks", width, height: base + 24, role: "img", "aria-label": label }, ...groups);
}

// One bar for each cost, cut by rows.
export function shares(table, key, name, width) {
  const whole = table.reduce((sum, row) => sum + row[key], 0);
  let left = 0;
  const parts = table.map((row, k) => {
    const wide = (row[key] / whole) * width;
    const percent = `${Math.round((100 * row[key]) / whole)} %`;
    const part = s("g", { class: "rb-group", "data-row": k }, s("rect", { class: `rb-box rb-c${k}`, x: at(left), width: at(wide), height: BAR }));
    if (wide > 38) part.append(s("text", { x: at(left + wide / 2), y: BAR / 2 + 4 }, percent));
    left += wide;
    return part;
  });
  const words = table.filter((row) => row[key]).map((row) => `${row.name} ${((100 * row[key]) / whole).toFixed(1)} %`).join(", ");
  const bar = s("svg", { class: "rb-shares", width, height: BAR, role: "img", "aria-label": `${name} by row: ${words}` }, ...parts);
  return h("div", {}, h("p", { class: "cb-note" }, name), bar);
}
