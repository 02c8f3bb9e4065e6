// Node-RED looks for a node's html, locales and icons beside its .js: they are put where tsc puts that.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the dialogs have in common: parts of html and script, which a line with `include: FILE` takes in. */
const SHARED = join('nodes', 'editor');
/** Their words are those of the OTA push: `shared.label.reboot`. */
const WORDS = 'node-red-contrib-ota-push/ota-push:ota-push';

/**
 * @param {string} root the project's folder
 * @param {string} target where the compiled nodes are
 */
export function copyEditorFiles(root, target) {
  const shared = join(root, SHARED);
  const nodes = join(root, 'nodes');
  cpSync(nodes, target, { recursive: true, filter: (path) => !path.endsWith('.ts') && path !== shared });
  cpSync(join(root, 'icons'), join(target, 'icons'), { recursive: true });
  for (const name of readdirSync(nodes)) {
    if (name.endsWith('.html'))
      writeFileSync(join(target, name), whole(readFileSync(join(nodes, name), 'utf8'), shared));
  }
}

/**
 * @param {string} html
 * @param {string} shared
 */
function whole(html, shared) {
  return html.replace(/^( *)\S+ include: (\S+).*$/gm, (_line, indent, part) => {
    const text = readFileSync(join(shared, part), 'utf8').replaceAll(/(["'\]])shared\./g, `$1${WORDS}.`);
    return text.trimEnd().replace(/^(?=.)/gm, indent);
  });
}
