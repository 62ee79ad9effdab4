// What the anchors explorable says of a grid: how many anchors there are of each kind, and why one is positive.
import { short } from "./dom.mjs";
import { count } from "./vector.mjs";

export function told({ h: rows, w, k, anchors, given, counts, best, out, pos, neg }) {
  const all = `${rows} × ${w} cells × ${k} = ${count(anchors.length, "anchor")}: ${counts[1]} positive, ${counts[-1]} ignored, ${counts[0]} negative. ${out} stick out of the image.`;
  const { best: iou, forced } = given[best];
  const forcing = forced
    ? ` No anchor reaches ${short(pos)}, so the object makes the best of them positive${iou < neg ? ", though it is below both thresholds" : ""}.`
    : "";
  return `${all} The best IoU is ${short(iou)}.${forcing}`;
}

// What a cell is called aloud: its place, and the labels of its anchors.
export function spoken([y, x], row) {
  const positive = row.filter(({ label }) => label === 1).length;
  const best = Math.max(...row.map((each) => each.best));
  return `row ${y}, column ${x}: ${positive} of ${count(row.length, "anchor")} positive, best IoU ${short(best)}`;
}
