import { open, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Replaces a file by a whole one, or leaves it as it was: written beside it, brought to the disk, then renamed.
 * Not by a package: those that are known overlook that a full disk takes a part of a write without an error.
 * @param content as a whole, or in parts, while Node-RED does other things between them
 * @param mode of a file that is new: who may read it
 * @throws Error of the disk
 */
export async function writeFileAtomic(
  path: string,
  content: string | Buffer | Iterable<string>,
  mode?: number,
): Promise<void> {
  const beside = `${path}.tmp`;
  try {
    const file = await open(beside, 'w', mode);
    try {
      await writeFile(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
