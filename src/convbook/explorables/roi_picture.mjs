// The drawings of the RoI explorable, and its words: what each output is made of, and how far rounding moved the region.
import { short } from "./dom.mjs";
import { s } from "./vector.mjs";

const brief = (value) => short(Number(value.toFixed(2)));
const cells = (name, [from, end]) => (end - from === 1 ? `${name} ${from}` : `${name}s ${from} to ${end - 1}`);

export function told(view, [i, j]) {
  const [bin, mean] = [view.pool[i][j], view.align[i][j]];
  const place = `Output (${i}, ${j})`;
  const pooled = bin.at
    ? `${place} of RoI pool is the maximum of ${cells("row", bin.rows)}, ${cells("column", bin.columns)}: ${short(bin.value)}, at (${bin.at.join(", ")}).`
    : `${place} of RoI pool has no cell and is 0.`;
  const points = mean.points.map(({ x, y, value }) => `${brief(value)} at (${brief(x)}, ${brief(y)})`);
  const shown = points.length > 4 ? [...points.slice(0, 4), `${points.length - 4} more`] : points;
  const aligned = `${place} of RoI align is ${points.length > 1 ? `the mean of ${points.length} points x, y` : "one point x, y"}: ${shown.join("; ")}. It is ${short(mean.value)}.`;
  return [pooled, aligned];
}

export function moved({ exact, rounded, stride }) {
  const off = exact.map((value, k) => rounded[k] - value);
  const most = off.reduce((worst, value) => (Math.abs(value) > Math.abs(worst) ? value : worst), 0);
  const edges = (box) => `x ${brief(box[0])} to ${brief(box[2])}, y ${brief(box[1])} to ${brief(box[3])}`;
  const shift = most
    ? `an edge is off by up to ${brief(Math.abs(most))} cells, ${brief(Math.abs(most) * stride)} pixels`
    : "nothing is moved";
  return `In cells the region is ${edges(exact)}. Pooling takes ${edges(rounded)}: ${shift}.`;
}

// The map below the region, and over it what one operation makes of it; `unit` is a cell's pixels of the screen.
export function scenery(view, name, [i, j], unit) {
  const at = (value) => (value * unit).toFixed(2);
  const rect = ([x1, y1, x2, y2], attributes) =>
    s("rect", {
      x: at(x1),
      y: at(y1),
      width: at(Math.max(x2 - x1, 0)),
      height: at(Math.max(y2 - y1, 0)),
      ...attributes,
    });
  const all = view.feat.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const shown = view.feat.flatMap((row, y) =>
    row.flatMap((value, x) => {
      const cell = rect([x, y, x + 1, y + 1], {
        class: "ri-cell",
        "fill-opacity": (0.06 + 0.44 * ((value - low) / (high - low || 1))).toFixed(3),
      });
      const text = short(Number(value.toFixed(1)));
      return unit < 7 * text.length
        ? [cell]
        : [cell, s("text", { class: "ri-value", x: at(x + 0.5), y: (Number(at(y + 0.5)) + 4).toFixed(1) }, text)];
    }),
  );
  const parts = [];
  if (name === "pool") {
    view.pool.forEach((row, a) =>
      row.forEach(({ rows, columns, at: top }, b) => {
        if (!top) return;
        const mark = a === i && b === j ? " ri-here" : "";
        parts.push(
          rect([columns[0], rows[0], columns[1], rows[1]], { class: `ri-bin${mark}`, "data-bin": `${a} ${b}` }),
        );
        parts.push(
          s("circle", {
            class: `ri-top${mark}`,
            cx: at(top[1] + 0.5),
            cy: at(top[0] + 0.5),
            r: (0.4 * unit).toFixed(1),
          }),
        );
      }),
    );
  } else {
    const [x1, y1, x2, y2] = view.exact;
    const side = [(x2 - x1) / view.columns, (y2 - y1) / view.rows];
    view.align.forEach((row, a) =>
      row.forEach(({ points }, b) => {
        const mark = a === i && b === j ? " ri-here" : "";
        const from = [x1 + b * side[0], y1 + a * side[1]];
        parts.push(
          rect([...from, from[0] + side[0], from[1] + side[1]], { class: `ri-bin${mark}`, "data-bin": `${a} ${b}` }),
        );
        parts.push(...points.map(({ x, y }) => s("circle", { class: `ri-point${mark}`, cx: at(x), cy: at(y), r: 3 })));
      }),
    );
  }
  const isHere = (part) => part.classList.contains("ri-here");
  return { under: shown, over: [...parts.filter((part) => !isHere(part)), ...parts.filter(isHere)] };
}
