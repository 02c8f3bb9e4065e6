import { open, rename, rm } from 'node:fs/promises';

/**
 * Replaces a file by a whole one, or leaves it as it was: written beside it, brought to the disk, then renamed.
 * Not by a package: those that are known overlook that a full disk takes a part of a write without an error.
 * @throws Error of the disk
 */
export async function writeFileAtomic(path: string, content: string | Buffer): Promise<void> {
  const beside = `${path}.tmp`;
  try {
    const file = await open(beside, 'w');
    try {
      await file.writeFile(content);
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
