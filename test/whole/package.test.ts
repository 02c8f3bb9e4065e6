import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NodeRedProcess } from '../peers/node-red-process';
import { installPacked } from '../peers/packed';
import { resourcesOfSuite } from '../peers/resources';
import { root } from '../peers/root';

const name = 'node-red-contrib-ota-push';

interface NodeSet {
  readonly module: string;
  readonly types: readonly string[];
  readonly enabled: boolean;
  readonly err?: string;
}

describe('The package as users get it: packed, and installed into an empty user directory', () => {
  const resources = resourcesOfSuite();

  let userDir: string;
  let installed: string;
  let nodeRed: NodeRedProcess;

  before(async function () {
    this.timeout(180_000);
    userDir = await installPacked(resources);
    installed = join(userDir, 'node_modules', name);
    nodeRed = await resources.use(NodeRedProcess.start(userDir));
  });

  it('brings at most six packages to run on, and none to develop with', async () => {
    const { dependencies = {} } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
      dependencies?: object;
    };
    assert.ok(Object.keys(dependencies).length <= 6);
    const beside = await readdir(join(userDir, 'node_modules'));
    assert.ok(
      !beside.includes('node-red') && !beside.includes('mqtt') && !beside.includes('typescript'),
      beside.join(),
    );
  });

  it('holds what runs, the examples and the papers, and no source, test or demo', async () => {
    const files = (await readdir(installed)).sort((one, other) => one.localeCompare(other));
    assert.deepEqual(files, ['CHANGELOG.md', 'dist', 'examples', 'LICENSE', 'package.json', 'README.md']);
    const all = await readdir(installed, { recursive: true });
    assert.deepEqual(
      all.filter((file) => /\.ts$|test/.test(file)),
      [],
    );
  });

  it('brings the module for boards as source and as bytecode, in one folder', async () => {
    const files = await readdir(join(installed, 'examples/micropython'));
    for (const file of ['ota.py', 'ota.mpy', 'boot.py', 'main.py']) assert.ok(files.includes(file), files.join());
  });

  it('is loaded by Node-RED without an error, all nodes enabled', async () => {
    const sets = (await nodeRed.get<NodeSet[]>('/nodes')).filter(({ module }) => module === name);
    const types = sets.flatMap((set) => set.types).sort((one, other) => one.localeCompare(other));
    assert.deepEqual(types, ['ota-devices', 'ota-ha-update', 'ota-push', 'ota-rollout', 'ota-server']);
    for (const set of sets) assert.deepEqual([set.enabled, set.err], [true, undefined]);
    assert.deepEqual(
      nodeRed.log.all.filter((line) => /\[error\]/.test(line)),
      [],
    );
  });

  it('has its icons, in the palette and as files', async () => {
    const icons = await nodeRed.get<Record<string, string[]>>('/icons');
    assert.deepEqual(icons[name]?.sort(), ['ota-devices.svg', 'ota-ha-update.svg', 'ota-push.svg', 'ota-rollout.svg']);
    for (const icon of icons[name] ?? []) assert.match(await nodeRed.get<string>(`/icons/${name}/${icon}`), /<svg/);
  });

  for (const [language, label, help] of [
    ['en-US', 'Device', 'Pushes a file to a MicroPython device'],
    ['de', 'Gerät', 'MicroPython-Gerät'],
  ] as const) {
    it(`speaks ${language}, in the dialogs and in the help`, async () => {
      const path = `/nodes/messages?lng=${language}`;
      const catalogues = await nodeRed.get<Record<string, Record<string, { label: { target: string } }>>>(path);
      assert.equal(catalogues[`${name}/ota-push`]?.['ota-push']?.label.target, label);
      const response = await fetch(`${nodeRed.url}/nodes`, {
        headers: { accept: 'text/html', 'accept-language': language },
      });
      assert.match(await response.text(), new RegExp(help));
    });
  }

  it('offers its examples for import', async () => {
    const offered = JSON.stringify(await nodeRed.get(`/library/examples/flows/${name}/`));
    const names = (await readdir(join(root, 'examples'))).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
    assert.equal(names.length, 8);
    for (const example of names) assert.ok(offered.includes(`"${example}"`), `${example} is not in ${offered}`);
    const inFolder = JSON.stringify(await nodeRed.get(`/library/examples/flows/${name}/micropython/`));
    assert.match(inFolder, /Update a board/);
  });
});
