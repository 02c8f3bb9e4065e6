// Node-RED looks for a node's html, locales and icons beside its .js: they are put where tsc puts that.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

/** Rows and styles that dialogs share: a line with `include: FILE` takes one in. */
const SHARED = join('nodes', 'shared', 'editor');

/**
 * @param {string} root the project's folder
 * @param {string} target where the compiled package is
 */
export function copyEditorFiles(root, target) {
  for (const node of readdirSync(join(root, 'nodes'), { withFileTypes: true })) {
    if (!node.isDirectory() || node.name === 'shared') continue;
    const source = join(root, 'nodes', node.name);
    const place = join(target, 'nodes', node.name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${node.name}.html`), `${template(root, source)}\n${script(root, source)}`);
    cpSync(join(source, 'locales'), join(place, 'locales'), { recursive: true });
  }
  // Icons are the package's, whichever of its folders they are found in.
  cpSync(join(root, 'icons'), join(target, 'nodes', 'ota-push', 'icons'), { recursive: true });
}

/**
 * @param {string} root
 * @param {string} source a node's folder
 */
function template(root, source) {
  const html = readFileSync(join(source, 'editor.html'), 'utf8');
  return html.replace(/^( *)<!-- include: (\S+) -->$/gm, (_line, indent, part) =>
    readFileSync(join(root, SHARED, part), 'utf8')
      .trimEnd()
      .replace(/^(?=.)/gm, indent),
  );
}

/**
 * @param {string} root
 * @param {string} source a node's folder
 * @throws {Error} where the dialog's script has errors, which are shown
 */
function script(root, source) {
  const { outputFiles } = buildSync({
    entryPoints: [join(source, 'editor.ts')],
    absWorkingDir: root,
    alias: { 'node:net': `./${join(SHARED, 'net.ts')}` },
    bundle: true,
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    write: false,
  });
  return `<script type="text/javascript">\n${outputFiles[0].text}</script>\n`;
}
