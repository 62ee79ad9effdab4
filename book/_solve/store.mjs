// What a reader has written, in the browser's storage, and the notebook with it.

export const text = (source) => (Array.isArray(source) ? source.join("") : source);

// FNV-1a: tells starters apart, also where pages are not served safely and browsers have no digest.
export function digest(words) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(words)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

const key = (assignment, name) => `convbook:${assignment}:${name}`;

// {code, trial, starter, points, checked}: checked is the digest of the code that earned the points.
export function load(assignment, name) {
  try {
    return JSON.parse(localStorage.getItem(key(assignment, name))) ?? {};
  } catch {
    return {};
  }
}

export function save(assignment, name, work) {
  try {
    localStorage.setItem(key(assignment, name), JSON.stringify(work));
    return true;
  } catch {
    return false; // full, or forbidden
  }
}

export function filled(notebook, works) {
  const copy = structuredClone(notebook);
  copy.cells.forEach((cell, number) => {
    if (works[number] !== undefined) cell.source = works[number].split(/(?<=\n)/);
  });
  return copy;
}
