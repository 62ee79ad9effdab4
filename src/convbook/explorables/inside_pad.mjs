// The drawing of `inside`: a brush that a mouse, a finger or the keys move over a picture.

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const PEN = 1.1; // radius in pixels of a picture of 28, as thick as MNIST's strokes
const ERASER = 2.2;

const clamp = (value, most) => Math.max(0, Math.min(value, most - 1));

// A brush at (i, j), in pixels from the corner, with a soft edge: it never darkens, an eraser never brightens.
export function stamp(pixels, [H, W], [i, j], radius, isEraser) {
  pixels.forEach((value, k) => {
    const distance = Math.hypot(Math.floor(k / W) + 0.5 - i, (k % W) + 0.5 - j);
    const cover = 255 * Math.max(0, Math.min(1, radius + 0.5 - distance));
    pixels[k] = Math.round(isEraser ? Math.min(value, 255 - cover) : Math.max(value, cover));
  });
}

// `now()` gives the pixels, which are drawn into, their size and whether the brush erases; `drawn` is told of each
// stroke, `done` of its end. `say` and the picture are those of canvas.mjs.
export function drawing(pad, say, now, { drawn, done }) {
  const { canvas } = pad;
  let place = [14, 14];
  let isDown = false; // the brush that keys move
  let last = null; // where a pointer that draws was

  function paint() {
    const { pixels, size } = now();
    const [H, W] = size;
    place = place.map((at, axis) => clamp(at, size[axis]));
    pad.draw({ height: H, width: W, pixels });
    pad.outline("brush", [...place, 1, 1]);
    const words = `brush ${isDown ? "down" : "up"} at row ${place[0]}, column ${place[1]}, pixel ${pixels[place[0] * W + place[1]]}`;
    say(canvas, "drawing, pixel by pixel", place, size, words);
  }

  function stroke(from, to) {
    const { pixels, size, isEraser } = now();
    const radius = (isEraser ? ERASER : PEN) * Math.max(1, Math.min(...size) / 28);
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
    for (let k = 1; k <= steps; k++)
      stamp(pixels, size, from.map((start, axis) => start + ((to[axis] - start) * k) / steps), radius, isEraser);
    place = to.map((at, axis) => clamp(Math.floor(at), size[axis]));
    drawn();
  }

  const at = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const { size } = now();
    return [((event.clientY - top) / height) * size[0], ((event.clientX - left) / width) * size[1]];
  };
  const draw = (event) => {
    const next = at(event);
    stroke(last ?? next, next);
    last = next;
  };
  canvas.tabIndex = 0;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    draw(event);
  });
  canvas.addEventListener("pointermove", (event) => last && draw(event));
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => {
      if (last) done();
      last = null;
    });
  canvas.addEventListener("keydown", (event) => {
    const step = MOVES[event.key];
    if ((!step && event.key !== " ") || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { size } = now();
    const from = place.map((value) => value + 0.5);
    if (step) place = place.map((value, axis) => clamp(value + step[axis] * (event.shiftKey ? 4 : 1), size[axis]));
    else isDown = !isDown;
    if (!isDown) return paint();
    stroke(from, place.map((value) => value + 0.5));
    done();
  });
  canvas.addEventListener("blur", () => {
    isDown = false;
    paint();
  });
  return { paint };
}
