// The drawings of the detector explorable: its stages over the picture, what the second head says, and what is kept.
import { most, nearest } from "./detector_kernels.mjs";
import { sure } from "./detector_words.mjs";
import { h } from "./dom.mjs";
import { s } from "./vector.mjs";

const NAMED = 0.3; // a score from which a box has its name beside it

// The picture of a stage: what is drawn in it, `unit` pixels of the screen a pixel.
export function scenery(view, chosen, unit, names) {
  const { record, stage, found } = view;
  const px = (value) => (value * unit).toFixed(2);
  const rect = ([x1, y1, x2, y2], name, more = {}) =>
    s("rect", { class: name, x: px(x1), y: px(y1), width: px(x2 - x1), height: px(y2 - y1), ...more });
  const [W, H] = record.size;
  const parts = [
    s("image", { class: "dt-image", href: `data:image/png;base64,${record.image}`, width: px(W), height: px(H) }),
  ];
  const [rows, columns] = [record.objectness.length, record.objectness[0].length];
  const [side, tall] = [W / columns, H / rows];
  if (stage === "anchors") {
    parts.push(rect([0, 0, W, H], "dt-veil"));
    record.objectness.forEach((row, y) =>
      row.forEach((value, x) =>
        parts.push(
          rect([x * side, y * tall, (x + 1) * side, (y + 1) * tall], "dt-cell", {
            "fill-opacity": (0.85 * value).toFixed(3),
          }),
        ),
      ),
    );
    parts.push(...view.items.map(({ box }) => rect(box, "dt-faint")));
  } else if (stage === "proposals") {
    const kept = new Set(view.chosen);
    parts.push(
      ...record.proposals.flatMap((box, k) => (kept.has(k) ? [] : [rect(box, "dt-lost")])),
      ...view.items.map(({ box }) => rect(box, "dt-box")),
    );
  } else if (stage === "classes") {
    const isEmpty = ({ candidate }) => most(record.classes[candidate]) === 0;
    parts.push(
      ...view.items.filter(isEmpty).map(({ box }) => rect(box, "dt-lost")),
      ...view.items.filter((each) => !isEmpty(each)).map(({ box }) => rect(box, "dt-box")),
    );
  } else
    parts.push(
      ...found.lost.map(({ box }) => rect(box, "dt-lost")),
      ...view.items.map(({ box }) => rect(box, "dt-found")),
    );
  if (view.shows_truth) parts.push(...record.truth.map((box) => rect(box, "dt-truth")));
  if (chosen) {
    if (stage === "proposals") parts.push(rect(record.anchors[chosen.candidate], "dt-from"));
    if (stage === "classes") parts.push(rect(record.proposals[chosen.candidate], "dt-from"));
    parts.push(rect(chosen.box, "dt-here"));
  }
  if (stage === "kept")
    for (const { label: k, score, box } of view.items.filter((each) => each === chosen || each.score >= NAMED)) {
      const y = box[1] * unit > 16 ? box[1] * unit - 4 : box[3] * unit + 13;
      parts.push(
        s(
          "text",
          { class: "dt-name", x: px(Math.min(box[0], W - 12)), y: y.toFixed(1) },
          `${names[k]} ${score.toFixed(2)}`,
        ),
      );
    }
  return parts;
}

// What the second head says of one box.
export function chart({ record }, chosen, names) {
  if (!chosen) return [];
  const row = record.classes[chosen.candidate];
  const lines = row.map((value, k) =>
    h(
      "div",
      { class: "dt-bar", "data-class": k },
      h("span", {}, k ? names[k - 1] : "background"),
      h("span", { class: "dt-track" }, h("span", { class: "dt-fill", style: `width:${(100 * value).toFixed(1)}%` })),
      h("span", {}, sure(value)),
    ),
  );
  const note = h("p", { class: "cb-note" }, "what the second head says of it");
  return [note, ...lines];
}

// What is kept, as a table; other stages have none.
export function table({ record, stage, items }, chosen, names) {
  if (stage !== "kept") return [];
  const rows = items.map(({ label: k, score, box }, n) => {
    const near = nearest(box, record.truth);
    const cells = [
      sure(score),
      near ? sure(near.iou) : "0",
      near && near.iou >= 0.5 ? names[record.labels[near.object]] : "none",
    ];
    return h(
      "tr",
      { "data-item": n, ...(items[n] === chosen ? { "aria-current": "true" } : {}) },
      h("th", { scope: "row" }, names[k]),
      ...(record.truth.length ? cells : cells.slice(0, 1)).map((text) => h("td", {}, text)),
    );
  });
  const head = ["class", "score", ...(record.truth.length ? ["IoU", "true object there"] : [])].map((text) =>
    h("th", { scope: "col" }, text),
  );
  return [h("table", { class: "bx-facts dt-list" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows))];
}
