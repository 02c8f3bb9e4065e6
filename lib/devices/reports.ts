import type { Report } from '../protocol/report';

/** No report of a device has longer ones (protocol 4a, 5.2): whoever may publish reports can write what he likes. */
const maxFilename = 200;
const maxText = 64;

/** Whether a device may have said this: what is longer is not kept for each of thousands of devices. */
export function isPlausible({ file, hash, error, exception = '' }: Report): boolean {
  if (file !== null && file.length > maxFilename) return false;
  return [hash, error, exception].every((text) => text === null || text.length <= maxText);
}

/** Whether two reports say the same. */
export function isSameReport(one: Report, other: Report): boolean {
  return (
    one.state === other.state &&
    one.file === other.file &&
    one.hash === other.hash &&
    one.error === other.error &&
    one.counter === other.counter &&
    one.exception === other.exception &&
    one.guard === other.guard
  );
}
