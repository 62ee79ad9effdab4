// The arithmetic of grouped layers: names, arguments and messages are those of convbook.kernels.
import { whole } from "./kernels.mjs";

export { whole };

const range = (length, make) => Array.from({ length }, (_, k) => make(k));

export function check_groups(c_in, c_out, groups) {
  whole("groups", groups, 1);
  if (c_in % groups) throw new Error(`groups=${groups} does not divide the ${c_in} input channels`);
  if (c_out % groups) throw new Error(`groups=${groups} does not divide the ${c_out} filters`);
}

export function conv_params(c_in, c_out, kernel_size, groups = 1, bias = true) {
  check_groups(whole("c_in", c_in, 1), whole("c_out", c_out, 1), groups);
  whole("kernel_size", kernel_size, 1);
  return c_out * (c_in / groups) * kernel_size ** 2 + (bias ? c_out : 0);
}

export function conv_macs(c_in, c_out, kernel_size, output_size, groups = 1) {
  whole("output_size", output_size, 1);
  return conv_params(c_in, c_out, kernel_size, groups, false) * output_size ** 2;
}

// The numbers of groups that both channel counts allow.
export const divisors = (c_in, c_out) =>
  range(Math.min(c_in, c_out), (k) => k + 1).filter((groups) => c_in % groups === 0 && c_out % groups === 0);

// Which channel stands at each place after a shuffle: written in `groups` rows, read by column.
export function channel_shuffle(channels, groups) {
  check_groups(channels, channels, groups);
  return range(channels, (place) => (place % groups) * (channels / groups) + Math.floor(place / groups));
}

// One row a filter, one column a channel: 1 where the filter reads the channel.
export function block_diagonal(c_in, c_out, groups) {
  check_groups(c_in, c_out, groups);
  const block = (k, size) => Math.floor(k / (size / groups));
  return range(c_out, (f) => range(c_in, (c) => Number(block(f, c_out) === block(c, c_in))));
}

// The second layer's matrix over the first one's filters, which a shuffle may have put elsewhere.
export function second_layer(c_out, groups, shuffle) {
  const blocks = block_diagonal(c_out, c_out, groups);
  if (!shuffle) return blocks;
  const order = channel_shuffle(c_out, groups);
  return blocks.map((row) => row.reduce((out, reads, place) => ((out[order[place]] = reads), out), []));
}

// How many paths lead from each channel to each output of one layer or of two.
export function paths({ c_in, c_out, groups, layers = 1, shuffle = false }) {
  const first = block_diagonal(c_in, c_out, groups);
  if (layers === 1) return first;
  return second_layer(c_out, groups, shuffle).map((row) =>
    range(c_in, (c) => row.reduce((sum, reads, f) => sum + reads * first[f][c], 0)),
  );
}

// Rows of channels from input to output; `from(k)` lists what place k reads in the row above.
export function levels({ c_in, c_out, groups, layers, shuffle }) {
  const block = (count) => (k) => {
    const size = count / groups;
    return range(size, (c) => Math.floor(k / (c_out / groups)) * size + c);
  };
  const rows = [
    { name: "input channels", count: c_in },
    { name: layers === 2 ? "first layer" : "output channels", count: c_out, from: block(c_in) },
  ];
  if (layers === 1) return rows;
  if (shuffle) {
    const order = channel_shuffle(c_out, groups);
    rows.push({ name: "shuffled", count: c_out, from: (k) => [order[k]], isShuffle: true });
  }
  rows.push({ name: "output channels", count: c_out, from: block(c_out) });
  return rows;
}

// What output `f` depends on: for each row the places, as a set.
export function reach(rows, f) {
  const sets = [new Set([f])];
  for (const row of rows.slice(1).reverse()) sets.unshift(new Set([...sets[0]].flatMap((k) => row.from(k))));
  return sets;
}
