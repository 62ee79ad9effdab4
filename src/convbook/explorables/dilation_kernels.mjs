// The arithmetic of stacked dilated layers along one axis, stride 1 and no padding.
import { whole } from "./kernels.mjs";

export { whole };

const range = (length, make) => Array.from({ length }, (_, k) => make(k));

// Pixels from the first weight of a kernel to its last.
export const extent = (kernel_size, dilation) =>
  whole("dilation", dilation, 1) * (whole("kernel_size", kernel_size, 1) - 1) + 1;

export const receptive_field = (kernel_size, dilations) =>
  dilations.reduce((field, dilation) => field + extent(kernel_size, dilation) - 1, 1);

// How many paths lead to one output: a list for each row of values, from the input to the output, over its field there.
export function cone(kernel_size, dilations) {
  return dilations.reduceRight(
    (rows, dilation) => {
      const above = rows[0];
      const row = range(above.length + extent(kernel_size, dilation) - 1, () => 0);
      above.forEach((paths, i) => range(kernel_size, (a) => (row[i + a * dilation] += paths)));
      return [row, ...rows];
    },
    [[1]],
  );
}

export const paths = (kernel_size, dilations) => cone(kernel_size, dilations)[0];

// "1, 2, 4" as numbers; what is not a list of whole numbers is named.
export function parse_dilations(text) {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  if (!words.length) throw new Error("dilations must name at least one layer, such as 1, 2, 4");
  return words.map((word) => {
    if (!/^\d+$/.test(word))
      throw new Error(`“${word}” is no dilation: write whole numbers of at least 1, such as 1, 2, 4`);
    return whole("dilation", Number(word), 1);
  });
}
