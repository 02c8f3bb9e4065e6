import { readFile } from 'node:fs/promises';

/** A font for text of usual weight. */
export interface Font {
  readonly family: string;
  /** CSS that brings it to a page. */
  readonly face: string;
}

/** Of those in which people see the editor, the widest, and one with the widths of Arial, Helvetica and Liberation Sans. */
const files = {
  'DejaVu Sans': '@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2',
  Arimo: '@fontsource/arimo/files/arimo-latin-400-normal.woff2',
};

/** Both of them, whatever this machine has. */
export function loadFonts(): Promise<Font[]> {
  return Promise.all(
    Object.entries(files).map(async ([family, file]) => {
      const data = await readFile(require.resolve(file), 'base64');
      return { family, face: `@font-face { font-family: '${family}'; src: url(data:font/woff2;base64,${data}); }` };
    }),
  );
}
