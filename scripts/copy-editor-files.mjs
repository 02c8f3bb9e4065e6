// Node-RED looks for a node's html, locales and icons beside its .js: they are put where tsc puts that.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What the dialogs have in common: parts of html and script, which a line with `include: FILE` takes in. */
const shared = 'nodes/editor';
/** Their words are those of the OTA push: `shared.label.reboot`. */
const words = 'node-red-contrib-ota-push/ota-push:ota-push';

cpSync('nodes', 'dist', { recursive: true, filter: (path) => !path.endsWith('.ts') && path !== shared });
cpSync('icons', 'dist/icons', { recursive: true });
for (const name of readdirSync('nodes')) {
  if (name.endsWith('.html')) writeFileSync(`dist/${name}`, whole(readFileSync(`nodes/${name}`, 'utf8')));
}

function whole(html) {
  return html.replace(/^( *)\S+ include: (\S+).*$/gm, (_line, indent, part) => {
    const text = readFileSync(`${shared}/${part}`, 'utf8').replaceAll(/(["'\]])shared\./g, `$1${words}.`);
    return text.trimEnd().replace(/^(?=.)/gm, indent);
  });
}
