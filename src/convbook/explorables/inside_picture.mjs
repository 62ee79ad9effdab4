// The pictures of `inside`: black at 0, white above, orange below, so that a ReLU is seen to take the orange away.

const BELOW = [255, 150, 60];

const shade = (share) => {
  const size = Math.min(Math.abs(share), 1);
  return share < 0 ? BELOW.map((part) => part * size) : [255 * size, 255 * size, 255 * size];
};

export function largest(values) {
  let most = 0;
  for (let k = 0; k < values.length; k++) most = Math.max(most, Math.abs(values[k]));
  return most || 1;
}

// Maps C × H × W in rows of `columns`, a pixel of nothing between them.
export function tiles(canvas, values, [C, H, W], columns, scaleOf) {
  const gap = H === 1 && W === 1 ? 0 : Math.max(1, Math.round(W / 14));
  const rows = Math.ceil(C / columns);
  const [height, width] = [rows * (H + gap) - gap, columns * (W + gap) - gap];
  Object.assign(canvas, { height, width });
  canvas.style.aspectRatio = `${width} / ${height}`;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let c = 0; c < C; c++) {
    const scale = scaleOf(c);
    const [top, left] = [Math.floor(c / columns) * (H + gap), (c % columns) * (W + gap)];
    for (let i = 0; i < H; i++)
      for (let j = 0; j < W; j++) {
        const at = 4 * ((top + i) * width + left + j);
        const share = values[(c * H + i) * W + j] / scale;
        const size = Math.min(Math.abs(share), 1);
        for (let part = 0; part < 3; part++) image.data[at + part] = size * (share < 0 ? BELOW[part] : 255);
        image.data[at + 3] = 255;
      }
  }
  context.putImageData(image, 0, 0);
  const box = (c) => [Math.floor(c / columns) * (H + gap), (c % columns) * (W + gap), H, W];
  // Which value lies under a place of the canvas, from 0 to 1 down and along.
  const find = (down, along) => {
    const [row, col] = [Math.floor(down * height), Math.floor(along * width)];
    const c = Math.floor(row / (H + gap)) * columns + Math.min(Math.floor(col / (W + gap)), columns - 1);
    const [i, j] = [row % (H + gap), col % (W + gap)];
    return c < C ? [c, Math.min(i, H - 1), Math.min(j, W - 1)] : null;
  };
  return { box, find, height, width };
}

// A frame over a canvas, in its own pixels.
export function frame(element, [top, left, height, width], all) {
  const percent = (part, whole) => `${(100 * part) / whole}%`;
  Object.assign(element.style, {
    top: percent(top, all.height),
    left: percent(left, all.width),
    height: percent(height, all.height),
    width: percent(width, all.width),
  });
}

// The colour that a number has on a scale, as the background of a cell, and one that can be read on it.
export function ground(value, scale) {
  const colour = shade(value / scale).map(Math.round);
  const light = 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2];
  return `background:rgb(${colour.join(" ")});color:${light > 120 ? "#000" : "#fff"}`;
}
