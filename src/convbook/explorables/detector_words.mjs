// What the detector explorable says of a stage, and of one box in it.
import { most, nearest } from "./detector_kernels.mjs";
import { short } from "./dom.mjs";
import { count } from "./vector.mjs";

const brief = (value) => short(Number(value.toFixed(1)));
const edges = ([x1, y1, x2, y2]) => `x ${brief(x1)} to ${brief(x2)}, y ${brief(y1)} to ${brief(y2)}`;
export const sure = (value) => short(Number(value.toFixed(3)));

function cellOf({ record }, candidate) {
  const [w, n] = [record.objectness[0].length, record.index[candidate]];
  return [Math.floor(n / record.k / w), Math.floor(n / record.k) % w];
}

function objectness({ record }, candidate) {
  const [y, x] = cellOf({ record }, candidate);
  return record.objectness[y][x];
}

export function stageWords({ record, chosen, found, stage, least }) {
  const [rows, columns] = [record.objectness.length, record.objectness[0].length];
  const candidates = record.index.length;
  return {
    anchors: `${rows} × ${columns} cells × ${record.k} = ${count(rows * columns * record.k, "anchor")}. The brighter a cell, the surer the first head that one of its anchors meets an object. The ${candidates} best anchors go on.`,
    proposals: `The first head also moves each of the ${candidates} anchors. Many then say the same: suppression, which knows no classes yet, leaves ${count(chosen.length, "proposal")}.`,
    classes: `For each of the ${count(chosen.length, "proposal")} the features inside are aligned to one size, and the second head names a class and moves the box once more.`,
    kept: `Of ${count(found.kept.length + found.lost.length, "pair")} of box and class with a score above ${short(least)}, suppression class by class keeps ${found.kept.length}.`,
  }[stage];
}

export function itemWords(view, item, names) {
  const { record, stage, items } = view;
  if (!item) return stage === "kept" ? "Nothing is kept with these settings." : "Nothing goes on with these settings.";
  const { candidate } = item;
  const [y, x] = cellOf(view, candidate);
  const rank = `Number ${items.indexOf(item) + 1} of ${items.length}`;
  const near = nearest(item.box, record.truth);
  const meets = near
    ? ` IoU ${sure(near.iou)} with a true ${names[record.labels[near.object]]}.`
    : record.truth.length
      ? " It meets no true object."
      : "";
  const row = record.classes[candidate];
  const best = most(row);
  const says = best ? `${names[best - 1]}, ${sure(row[best])}` : `background, ${sure(row[0])}`;
  return {
    anchors: `${rank}: the anchor ${edges(item.box)} of cell row ${y}, column ${x}; the best objectness there is ${sure(objectness(view, candidate))}.${meets}`,
    proposals: `${rank}: the anchor ${edges(record.anchors[candidate])} moved to ${edges(item.box)}.${meets}`,
    classes: `${rank}: ${says}. The proposal ${edges(record.proposals[candidate])} is moved to ${edges(item.box)}.${meets}`,
    kept: `${rank}: ${names[item.label]}, score ${sure(item.score ?? 0)}, ${edges(item.box)}; from candidate ${candidate + 1}.${meets}`,
  }[stage];
}
