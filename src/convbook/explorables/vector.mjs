// Drawings of explorables: SVG elements, drawings as wide as their place, and lists of numbers in words.

export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Call `draw(width)` whenever `place` gets another width; returns what ends that.
export function follow(place, draw) {
  let width = 0;
  const observer = new ResizeObserver(() => {
    const now = Math.floor(place.clientWidth);
    if (now > 0 && now !== width) draw((width = now));
  });
  observer.observe(place);
  return () => observer.disconnect();
}

// Which of `points` lies nearest to the pointer, across the drawing.
export function nearest(event, drawing, points) {
  const x = event.clientX - drawing.getBoundingClientRect().left;
  return points.reduce((best, point, k) => (Math.abs(point - x) < Math.abs(points[best] - x) ? k : best), 0);
}

// [0, 1, 2, 5] as "0 to 2, 5".
export function spans(numbers) {
  const runs = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? from : `${from}${to > from + 1 ? " to " : ", "}${to}`)).join(", ");
}

export const count = (number, noun) => `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;

export const sorted = (set) => [...set].sort((one, other) => one - other);
