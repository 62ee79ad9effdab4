// What a detector does with what its two heads say: suppression of proposals, then of detections class by class.
import { iou, nms } from "./detection_kernels.mjs";

// Which candidates go on, best first; they stand in the order of their objectness.
export function proposals({ proposals: boxes, real }, threshold, most) {
  const kept = boxes.map((_, k) => k).filter((k) => real[k]);
  return nms(
    kept.map((k) => boxes[k]),
    kept.map((k) => -k),
    threshold,
  )
    .slice(0, most)
    .map((k) => kept[k]);
}

// What scores above `least`, best first: its candidate, label (without background), score, box, and whether it is kept.
export function detections({ classes, boxes }, chosen, least, threshold) {
  const sure = chosen
    .flatMap((candidate) =>
      classes[candidate].slice(1).map((score, label) => ({ candidate, label, score, box: boxes[candidate] })),
    )
    .filter(({ score }) => score > least);
  const kept = nms(
    sure.map(({ box }) => box),
    sure.map(({ score }) => score),
    threshold,
    sure.map(({ label }) => label),
  );
  const lost = sure.map((_, k) => k).filter((k) => !kept.includes(k));
  return { kept: kept.map((k) => sure[k]), lost: lost.map((k) => sure[k]) };
}

// The true object that a box overlaps most: which, and by how much; null where there is none.
export function nearest(box, truth) {
  const overlaps = truth.map((other) => iou(box, other));
  const most = Math.max(...overlaps, 0);
  return most > 0 ? { object: overlaps.indexOf(most), iou: most } : null;
}

// The place of the largest value.
export const most = (values) => values.indexOf(Math.max(...values));
