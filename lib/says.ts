/**
 * Whether a message says exactly this. One of another length is not made a text first: anyone may publish 256 MB, which would fill the
 * heap.
 */
export function says(payload: Buffer, text: string): boolean {
  return payload.length === Buffer.byteLength(text) && payload.toString() === text;
}
