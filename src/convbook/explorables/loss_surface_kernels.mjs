// The arithmetic of loss surfaces: grids of losses, row i for direction a and column j for direction b.

const range = (length, make) => Array.from({ length }, (_, k) => make(k));

// Where grid point k of n lies between -extent and extent.
export const coordinate = (k, n, extent) => (n === 1 ? 0 : -extent + (2 * extent * k) / (n - 1));

// Ends of the axis that heights and colours are drawn on: [least, most], as logarithms where `log` is set.
export function axis(grids, log) {
  const all = grids.flat(2);
  const ends = [Math.min(...all), Math.max(...all)];
  return log ? ends.map(Math.log10) : ends;
}

// The same losses from 0 to 1 between the ends of an axis.
export const shares = (grid, [least, most], log) =>
  grid.map((row) => row.map((loss) => ((log ? Math.log10(loss) : loss) - least) / (most - least || 1)));

// Points inside the grid that lie below all eight neighbours, as [i, j].
export function minima(grid) {
  const n = grid.length;
  const found = [];
  for (let i = 1; i < n - 1; i++)
    for (let j = 1; j < n - 1; j++) {
      const others = [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => (a || b ? grid[i + a][j + b] : Infinity)));
      if (others.every((other) => grid[i][j] < other)) found.push([i, j]);
    }
  return found;
}

export function extremes(grid) {
  let [low, high] = [[0, 0], [0, 0]];
  grid.forEach((row, i) =>
    row.forEach((loss, j) => {
      if (loss < grid[low[0]][low[1]]) low = [i, j];
      if (loss > grid[high[0]][high[1]]) high = [i, j];
    }),
  );
  return { low, high };
}

// Round losses between two: at most ten.
export function levels(least, most, log) {
  if (most <= least) return [];
  if (log && most / least > 20) {
    const decades = range(Math.ceil(Math.log10(most)) - Math.floor(Math.log10(least)) + 1, (k) => Math.floor(Math.log10(least)) + k);
    const fine = decades.flatMap((k) => [1, 2, 5].map((digit) => Number(`${digit}e${k}`)));
    const inside = (all) => all.filter((level) => level > least && level < most);
    return inside(fine).length <= 10 ? inside(fine) : inside(decades.map((k) => Number(`1e${k}`)));
  }
  const rough = (most - least) / 8;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * unit >= rough) * unit;
  const first = Math.floor(least / step);
  const all = range(Math.ceil(most / step) - first + 1, (k) => Number(((first + k) * step).toPrecision(10)));
  return all.filter((level) => level > least && level < most);
}

// Line pieces [[i, j], [i, j]] of the contour at a level, straight between grid points (marching squares).
export function contour(grid, level) {
  const pieces = [];
  const n = grid.length;
  for (let i = 0; i < n - 1; i++)
    for (let j = 0; j < n - 1; j++) {
      const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]];
      const values = corners.map(([a, b]) => grid[a][b]);
      const cuts = [];
      for (let side = 0; side < 4; side++) {
        const next = (side + 1) % 4;
        const [one, other] = [values[side], values[next]];
        if (one >= level === other >= level) continue;
        const part = (level - one) / (other - one);
        cuts.push(corners[side].map((value, axis) => value + part * (corners[next][axis] - value)));
      }
      if (cuts.length === 2) pieces.push(cuts);
      if (cuts.length === 4) {
        // A saddle: the mean tells which corners belong together.
        const isHigh = values.reduce((sum, value) => sum + value, 0) / 4 >= level === values[0] >= level;
        pieces.push(...(isHigh ? [[cuts[0], cuts[1]], [cuts[2], cuts[3]]] : [[cuts[3], cuts[0]], [cuts[1], cuts[2]]]));
      }
    }
  return pieces;
}

// Parallel projection of a point of the box (x and y from -1 to 1, z from 0 to 1), turned and tilted by degrees:
// [across, up, away].
export function project([x, y, z], azimuth, elevation) {
  const [turn, tilt] = [azimuth, elevation].map((angle) => (angle * Math.PI) / 180);
  const away = x * Math.sin(turn) + y * Math.cos(turn);
  const rise = z - 0.5;
  return [
    x * Math.cos(turn) - y * Math.sin(turn),
    away * Math.sin(tilt) + rise * Math.cos(tilt),
    away * Math.cos(tilt) - rise * Math.sin(tilt),
  ];
}
