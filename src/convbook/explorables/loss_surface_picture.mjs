// The drawings of a loss surface: the surface from the back to the front on a canvas, and its contours from above.
import { colour } from "./canvas.mjs";
import { h } from "./dom.mjs";
import { contour, project } from "./loss_surface_kernels.mjs";

const RATIO = () => Math.min(2, globalThis.devicePixelRatio || 1);
const TALL = 1.1; // height of the box against half its side
const css = ([red, green, blue], light = 1) => `rgb(${red * light} ${green * light} ${blue * light})`;

function sized(canvas, width, height) {
  [canvas.width, canvas.height] = [Math.round(width * RATIO()), Math.round(height * RATIO())];
  const context = canvas.getContext("2d");
  context.setTransform(RATIO(), 0, 0, RATIO(), 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function mark(context, x, y) {
  for (const [radius, fill] of [[6, "#fff"], [4.5, "#111"], [2, "#fff"]]) {
    context.fillStyle = fill;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }
}

// `heights`: shares of the axis, n by n. The letters stand at the ends of the two directions.
export function surface(name) {
  const canvas = h("canvas", { class: "ls-surface" });
  const letters = ["a", "b"].map((letter) => h("span", { class: "ls-letter", "aria-hidden": "true" }, letter));
  const root = h("div", { class: "ls-box", "data-net": name }, canvas, ...letters);

  function draw(heights, { azimuth, elevation }, [i, j], width) {
    const height = Math.round(0.92 * width);
    const context = sized(canvas, width, height);
    canvas.style.height = `${height}px`;
    const scale = width / 2.95;
    const n = heights.length;
    const at = (k) => (2 * k) / (n - 1) - 1;
    const place = (x, y, z) => {
      const [across, up, away] = project([x, y, TALL * (z - 0.5) + 0.5], azimuth, elevation);
      return [width / 2 + scale * across, height / 2 - scale * up, away];
    };
    const points = heights.map((row, a) => row.map((z, b) => place(at(a), at(b), z)));
    const floor = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => place(x, y, 0));
    context.strokeStyle = "rgb(128 136 144 / 70%)";
    context.beginPath();
    floor.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.stroke();

    const cells = [];
    for (let a = 0; a < n - 1; a++)
      for (let b = 0; b < n - 1; b++) {
        const corners = [points[a][b], points[a + 1][b], points[a + 1][b + 1], points[a][b + 1]];
        const [p, q, r, t] = [heights[a][b], heights[a + 1][b], heights[a + 1][b + 1], heights[a][b + 1]];
        const slope = ((q + r - p - t) + (t + r - p - q)) * (n - 1) * 0.25; // towards the lamp, behind a and b
        const light = 0.82 + 0.18 * (slope / Math.hypot(1, slope));
        // Cells do not change places by their heights, so their middles on the floor tell which is farther.
        const [, , away] = place(at(a + 0.5), at(b + 0.5), 0);
        cells.push({ corners, away, fill: css(colour((p + q + r + t) / 4), light) });
      }
    cells.sort((one, other) => other.away - one.away);
    context.strokeStyle = "rgb(0 0 0 / 28%)";
    context.lineWidth = 0.6;
    for (const { corners, fill } of cells) {
      context.fillStyle = fill;
      context.beginPath();
      corners.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.fill();
      context.stroke();
    }
    mark(context, ...points[i][j].slice(0, 2));
    // Each letter beside the nearer of the two edges that run along its direction.
    const nearer = (one, other) => (place(...one, 0)[2] < place(...other, 0)[2] ? one : other);
    [nearer([0, -1.22], [0, 1.22]), nearer([-1.22, 0], [1.22, 0])].forEach(([x, y], k) => {
      const [left, top] = place(x, y, 0);
      Object.assign(letters[k].style, { left: `${(100 * left) / width}%`, top: `${(100 * Math.min(top, height - 8)) / height}%` });
    });
  }
  return { root, canvas, draw };
}

// Seen from above: a to the right, b upwards, one field of the picture a grid point.
export function map(name) {
  const canvas = h("canvas", { class: "ls-map" });
  const root = h("div", { class: "ls-box", "data-net": name }, canvas);
  let n = 1;

  function draw(grid, heights, lines, [i, j], width) {
    n = grid.length;
    const context = sized(canvas, width, width);
    canvas.style.height = `${width}px`;
    const small = new OffscreenCanvas(n, n);
    const image = new ImageData(n, n);
    heights.forEach((row, a) => row.forEach((z, b) => image.data.set([...colour(z), 255], 4 * ((n - 1 - b) * n + a))));
    small.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(small, 0, 0, width, width);
    const cell = width / n;
    const x = (a) => (a + 0.5) * cell;
    const y = (b) => width - (b + 0.5) * cell;
    context.strokeStyle = "rgb(0 0 0 / 60%)";
    context.lineWidth = 1;
    for (const level of lines) {
      context.beginPath();
      for (const [[a, b], [c, d]] of contour(grid, level)) {
        context.moveTo(x(a), y(b));
        context.lineTo(x(c), y(d));
      }
      context.stroke();
    }
    mark(context, x(i), y(j));
  }

  // Row and column of the picture under the pointer.
  function at(event) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [Math.floor(((event.clientY - top) / height) * n), Math.floor(((event.clientX - left) / width) * n)];
  }
  return { root, canvas, draw, at };
}
