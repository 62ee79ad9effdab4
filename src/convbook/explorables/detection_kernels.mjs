// The arithmetic of boxes: that of convbook.detection. A box is [x1, y1, x2, y2]; without area it overlaps nothing.

const range = (length, make) => Array.from({ length }, (_, k) => make(k));
const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);

// Sides and area of what two boxes share.
export function shared(a, b) {
  const side = (axis) => Math.max(Math.min(a[axis + 2], b[axis + 2]) - Math.max(a[axis], b[axis]), 0);
  const [width, height] = [side(0), side(1)];
  return { width, height, area: width * height };
}

// The smallest box around both.
export const hull = (a, b) => [0, 1, 2, 3].map((k) => (k < 2 ? Math.min : Math.max)(a[k], b[k]));

// All that is said of two boxes at once.
export function compare(a, b) {
  const both = shared(a, b);
  const around = area(hull(a, b));
  const union = area(a) + area(b) - both.area;
  const iou = union > 0 ? both.area / union : 0;
  const giou = iou - (around > 0 ? (around - union) / around : 0);
  return {
    areas: [area(a), area(b)],
    shared: both,
    union,
    hull: around,
    iou,
    giou,
    corners: l2(a, b),
    sizes: l2(sized(a), sized(b)),
  };
}

export const iou = (a, b) => compare(a, b).iou;
export const giou = (a, b) => compare(a, b).giou;

// Two corners as corner and size.
export const sized = ([x1, y1, x2, y2]) => [x1, y1, x2 - x1, y2 - y1];

export const l2 = (a, b) => a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0);

// ---- anchors

// Width and height of each, scale by scale; a ratio is height / width and leaves the area alone.
export const anchor_shapes = (scales, ratios) =>
  scales.flatMap((scale) => ratios.map((ratio) => [scale / Math.sqrt(ratio), scale * Math.sqrt(ratio)]));

// Ordered (y, x, k), each about the middle of its cell.
export function make_anchors(h, w, stride, scales, ratios) {
  const shapes = anchor_shapes(scales, ratios);
  return range(h * w, (cell) => {
    const [x, y] = [((cell % w) + 0.5) * stride, (Math.floor(cell / w) + 0.5) * stride];
    return shapes.map(([width, height]) => [x - width / 2, y - height / 2, x + width / 2, y + height / 2]);
  }).flat();
}

// Label of each anchor (1 positive, 0 negative, -1 ignored), its object, its best overlap, and whether an object chose it.
export function assign_anchors(anchors, objects, pos = 0.7, neg = 0.3) {
  const overlaps = anchors.map((anchor) => objects.map((box) => iou(anchor, box)));
  const most = objects.map((_, m) => overlaps.reduce((best, row) => Math.max(best, row[m]), 0));
  return overlaps.map((row) => {
    const best = Math.max(0, ...row);
    const chosen = row.map((value, m) => (value === most[m] ? value : -1));
    const forced = chosen.some((value) => value > 0);
    const label = objects.length && (forced || best >= pos) ? 1 : best < neg || !objects.length ? 0 : -1;
    const matched = label < 1 ? -1 : forced ? chosen.indexOf(Math.max(...chosen)) : row.indexOf(best);
    return { label, matched, best, forced: forced && best < pos };
  });
}

// ---- suppression

export const order = (scores) =>
  scores.map((_, k) => k).sort((one, other) => scores[other] - scores[one] || one - other);

// Each round keeps the best of the rest and removes what overlaps it by more than the threshold, of its own class.
export function nms_rounds(boxes, scores, threshold, classes = null) {
  const rounds = [];
  for (let rest = order(scores); rest.length; ) {
    const [best, ...others] = rest;
    const overlaps = others.map((k) => ({ box: k, iou: iou(boxes[best], boxes[k]) }));
    const isGone = ({ box, iou }) => iou > threshold && (!classes || classes[box] === classes[best]);
    rounds.push({ best, overlaps, removed: overlaps.filter(isGone).map(({ box }) => box) });
    rest = overlaps.filter((each) => !isGone(each)).map(({ box }) => box);
  }
  return rounds;
}

export const nms = (boxes, scores, threshold, classes = null) =>
  nms_rounds(boxes, scores, threshold, classes).map(({ best }) => best);
