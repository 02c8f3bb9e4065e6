/** The middle one; of an even number the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 3 : 0)} ms`;
}

export function ratio(value: number): string {
  return value.toFixed(2);
}
