// The arithmetic of regions: that of convbook.detection's roi_pool and roi_align, for one channel and one box.

const range = (length, make) => Array.from({ length }, (_, k) => make(k));
const clamp = (value, least, most) => Math.max(least, Math.min(value, most));

// First cell and end of each bin along one axis, for a box from `low` to `high` in cells: both rounded, halves up.
export function pool_bins(low, high, bins, size, inclusive = false) {
  const [start, end] = [low, high].map((edge) => Math.floor(edge + 0.5));
  const extent = Math.max(end - start + (inclusive ? 1 : 0), 1);
  const cut = (cell) => clamp(start + cell, 0, size);
  return range(bins, (i) => [cut(Math.floor((i * extent) / bins)), cut(Math.ceil(((i + 1) * extent) / bins))]);
}

// For each bin of the box its rows, columns, maximum and where that is; an empty one has 0 and no place.
export function roi_pool(feat, box, [oh, ow], scale = 1, inclusive = false) {
  const [x1, y1, x2, y2] = box.map((value) => value * scale);
  const rows = pool_bins(y1, y2, oh, feat.length, inclusive);
  const columns = pool_bins(x1, x2, ow, feat[0].length, inclusive);
  return rows.map((row) =>
    columns.map((column) => {
      let [value, at] = [0, null];
      for (let a = row[0]; a < row[1]; a++)
        for (let b = column[0]; b < column[1]; b++) if (!at || feat[a][b] > value) [value, at] = [feat[a][b], [a, b]];
      return { rows: row, columns: column, value, at };
    }),
  );
}

// The points of each bin along one axis, in cells, where the middle of cell x is x + 0.5.
export function align_points(low, high, bins, samples = 2, aligned = true) {
  const extent = aligned ? high - low : Math.max(high - low, 1);
  const count = samples || Math.max(Math.ceil(extent / bins), 1);
  const shift = aligned ? 0 : 0.5;
  return range(bins, (i) => range(count, (k) => low + ((i * count + k + 0.5) * extent) / (bins * count) + shift));
}

// The map between the middles of its cells; up to one cell beyond them is as they are, farther out 0.
export function interpolate(feat, y, x) {
  const [H, W] = [feat.length, feat[0].length];
  const places = [
    [y - 0.5, H],
    [x - 0.5, W],
  ];
  if (places.some(([at, size]) => at < -1 || at > size)) return 0;
  const [[top, dy], [left, dx]] = places.map(([at, size]) => {
    const inside = clamp(at, 0, size - 1);
    const first = Math.min(Math.floor(inside), Math.max(size - 2, 0));
    return [first, inside - first];
  });
  const value = (a, b) => feat[Math.min(a, H - 1)][Math.min(b, W - 1)];
  const row = (a) => value(a, left) * (1 - dx) + value(a, left + 1) * dx;
  return row(top) * (1 - dy) + row(top + 1) * dy;
}

// For each bin its points { y, x, value }, and their mean.
export function roi_align(feat, box, [oh, ow], scale = 1, samples = 2, aligned = true) {
  const [x1, y1, x2, y2] = box.map((value) => value * scale);
  const rows = align_points(y1, y2, oh, samples, aligned);
  const columns = align_points(x1, x2, ow, samples, aligned);
  return rows.map((ys) =>
    columns.map((xs) => {
      const points = ys.flatMap((y) => xs.map((x) => ({ y, x, value: interpolate(feat, y, x) })));
      return { points, value: points.reduce((sum, point) => sum + point.value, 0) / points.length };
    }),
  );
}
