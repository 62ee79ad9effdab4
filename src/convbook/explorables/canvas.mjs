// Grey pictures on a canvas, with outlines over them, and a cursor that a mouse, a finger or the keyboard moves.

const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]; // viridis, five of its colours

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-8, 0],
  PageDown: [8, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent?.append(made);
  return made;
}

// A picture: `draw(image, low, high)` paints it, black at low and white at high; `outline(name, box)` frames a part.
export function picture(label) {
  const root = element("div", "cb-picture");
  const canvas = element("canvas", "", root);
  const boxes = {};
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);

  function draw({ height, width, pixels }, low = 0, high = 255) {
    [canvas.width, canvas.height] = [width, height];
    root.style.aspectRatio = `${width} / ${height}`;
    const context = canvas.getContext("2d");
    const data = context.createImageData(width, height);
    const scale = 255 / (high - low || 1);
    for (let k = 0; k < pixels.length; k++) {
      data.data.fill((pixels[k] - low) * scale, 4 * k, 4 * k + 3); // a byte array clamps and rounds
      data.data[4 * k + 3] = 255;
    }
    context.putImageData(data, 0, 0);
  }

  function outline(name, box) {
    boxes[name] ??= element("div", `cb-outline cb-outline-${name}`, root);
    boxes[name].hidden = !box;
    if (!box) return;
    const [top, left, height, width] = box;
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(boxes[name].style, {
      top: percent(top, canvas.height),
      left: percent(left, canvas.width),
      height: percent(height, canvas.height),
      width: percent(width, canvas.width),
    });
  }

  // Row and column under the pointer, which may lie outside while it drags.
  function at(event) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [
      Math.floor(((event.clientY - top) / height) * canvas.height),
      Math.floor(((event.clientX - left) / width) * canvas.width),
    ];
  }

  return { root, canvas, draw, outline, at };
}

// Lets arrow keys (with shift: eight at a time), a click or a drag call `move(place)`, and the mouse `hover(place)`.
// `grab(place)`, where given, is told where a drag begins. `place()` is where the cursor is.
export function steer({ canvas, at }, { place, move, hover, grab }) {
  let isDown = false;
  canvas.tabIndex = 0;
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const far = event.shiftKey && event.key.startsWith("Arrow") ? 8 : 1;
    move(place().map((value, axis) => value + far * step[axis]));
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    isDown = true;
    canvas.setPointerCapture(event.pointerId);
    if (grab) grab(at(event));
    else move(at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (isDown) move(at(event));
    else if (event.pointerType === "mouse") hover?.(at(event));
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (isDown = false));
  canvas.addEventListener("pointerleave", () => !isDown && hover?.(null));
}

// What assistive technology says of a cursor: a slider over the pixels, whose value is a sentence.
export function say(canvas, label, [i, j], [height, width], words) {
  const value = i * width + j;
  const attributes = {
    role: "slider",
    "aria-label": label,
    "aria-valuemin": 0,
    "aria-valuemax": height * width - 1,
    "aria-valuenow": value,
    "aria-valuetext": words,
  };
  for (const [name, text] of Object.entries(attributes)) canvas.setAttribute(name, text);
}

// A colour of viridis, [red, green, blue], for a share from 0 to 1.
export function colour(share) {
  const at = Math.max(0, Math.min(share, 1)) * (RAMP.length - 1);
  const k = Math.min(Math.floor(at), RAMP.length - 2);
  return RAMP[k].map((value, c) => Math.round(value + (at - k) * (RAMP[k + 1][c] - value)));
}
