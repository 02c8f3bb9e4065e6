import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type AedesBroker, startAedes } from '../peers/brokers';
import {
  changing,
  type DeployKind,
  Example,
  type ExampleNode,
  type FlowChange,
  injecting,
  inOwnFolder,
} from '../peers/example';
import { resourcesOfEachTest } from '../peers/resources';
import { retainedOf } from '../peers/retained';

const isHaUpdate = ({ type }: ExampleNode) => type === 'ota-ha-update';
const isTab = ({ type }: ExampleNode) => type === 'tab';
const setting =
  (isMeant: (node: ExampleNode) => boolean, changes: object): FlowChange =>
  (flows) =>
    flows.map((node) => (isMeant(node) ? { ...node, ...changes } : node));

describe('An ota-ha-update in a Node-RED that is deployed', function () {
  this.timeout(90_000);
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let example: Example;

  /** An entity of each of two devices. */
  const start = async (prepare: FlowChange = (flows) => flows) => {
    broker = await resources.use(startAedes());
    const changes = changing(injecting({ targets: ['lamp', 'lamp.b'] }), inOwnFolder);
    const files = { 'main.py': 'print()' };
    example = await resources.use(Example.deploy('home-assistant/Update entities', broker, changes, { files }));
    await example.deployed(prepare);
    await example.press('offer a release');
    await shown();
  };
  /** Resolves when both devices are shown, from now on. */
  const shown = async (base = 'ota-push') => {
    const missing = new Set([`${base}/update/lamp/state`, `${base}/update/lamp.b/state`]);
    while (missing.size > 0) {
      const { topic, text } = await broker.packets.next();
      if (text !== '') missing.delete(topic);
    }
  };
  const retained = () =>
    new Set([...retainedOf(broker.packets.all).keys()].filter((topic) => /\/(update|button)\//.test(topic)));
  const topicsOf = (prefix: string, base: string) =>
    new Set([
      ...['update', 'button'].flatMap((kind) => [
        `${prefix}/${kind}/${base}__lamp/config`,
        `${prefix}/${kind}/${base}__lamp_2eb/config`,
      ]),
      ...['state', 'previous'].flatMap((topic) => [`${base}/update/lamp/${topic}`, `${base}/update/lamp.b/${topic}`]),
    ]);
  const cleared = () => {
    const empty = broker.packets.all.filter(({ text }) => text === '');
    return new Set(empty.map(({ topic }) => topic));
  };
  const folder = () => join(example.userDir, 'ota-push', `releases-${example.node('ota-ha-update').id}`);
  const exists = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );

  const deletions: [what: string, change: FlowChange, kind: DeployKind][] = [
    ['it is deleted', (flows) => flows.filter((node) => !isHaUpdate(node)), 'full'],
    [
      'it is deleted, and only modified nodes are deployed',
      (flows) => flows.filter((node) => !isHaUpdate(node)),
      'nodes',
    ],
    ['its tab is deleted', (flows) => flows.filter(({ z, type }) => !z && type !== 'tab'), 'flows'],
    ['it is deleted with its server and the broker', () => [], 'full'],
  ];
  for (const [what, change, kind] of deletions) {
    it(`takes its entities away when ${what}, with its releases`, async () => {
      await start();
      assert.equal(retained().size, 8);
      assert.ok(await exists(folder()));
      await example.deployed(change, kind);
      assert.equal(retained().size, 0);
      assert.equal(await exists(folder()), false);
    });
  }

  const pauses: [what: string, off: FlowChange, on: FlowChange][] = [
    ['it', setting(isHaUpdate, { d: true }), setting(isHaUpdate, { d: false })],
    ['its tab', setting(isTab, { disabled: true }), setting(isTab, { disabled: false })],
  ];
  for (const [what, off, on] of pauses) {
    it(`takes its entities away while ${what} is disabled, and shows them when it is enabled again`, async () => {
      await start();
      await example.deployed(off, 'flows');
      assert.equal(retained().size, 0);
      await example.deployed(on, 'flows');
      await shown();
      assert.equal(retained().size, 8);
    });
  }

  const stays: [what: string, happens: () => Promise<void>][] = [
    ['everything is deployed again', () => example.deployed((flows) => flows)],
    ['it was changed', () => example.deployed(setting(isHaUpdate, { name: 'another' }), 'nodes')],
    ['it was moved to another tab, and its own is deleted', () => example.deployed(inOtherTab, 'nodes')],
    ['Node-RED ends and starts again', () => example.restart()],
  ];
  for (const [what, happens] of stays) {
    it(`never clears anything when ${what}`, async () => {
      await start();
      await happens();
      await shown();
      assert.deepEqual(retained(), topicsOf('homeassistant', 'ota-push'));
      assert.equal(cleared().size, 0);
    });
  }

  for (const [prefix, base] of [
    ['homeassistant', 'house'],
    ['other', 'ota-push'],
    ['other', 'house'],
  ] as const) {
    it(`takes away what it has shown when its topics become ${prefix} and ${base}`, async () => {
      await start();
      await example.deployed(setting(isHaUpdate, { prefix, baseTopic: base }), 'nodes');
      await shown(base);
      assert.deepEqual(retained(), topicsOf(prefix, base));
    });
  }

  it('takes away what it has shown under topics that were changed while the broker was offline', async () => {
    await start();
    const { port } = broker;
    await broker.stop();
    await example.nodeRed.logged(/Disconnected from broker/);
    await example.deployed(setting(isHaUpdate, { baseTopic: 'between' }), 'nodes');
    broker = await resources.use(startAedes({ port }));
    await example.deployed(setting(isHaUpdate, { baseTopic: 'house' }));
    await shown('house');
    assert.deepEqual(cleared(), topicsOf('homeassistant', 'ota-push'));
  });

  const unreachable: [what: string, happens: () => Promise<unknown>][] = [
    [
      'the broker is offline',
      async () => {
        await broker.stop();
        await example.nodeRed.logged(/Disconnected from broker/);
      },
    ],
    ['its server is disabled', () => example.deployed(setting(({ type }) => type === 'ota-server', { d: true }))],
  ];
  for (const [what, happens] of unreachable) {
    it(`says which entities stay when it is deleted while ${what}`, async () => {
      await start();
      await happens();
      await example.deployed((flows) => flows.filter((node) => !isHaUpdate(node)));
      const stay = example.nodeRed.log.all.filter((line) => line.includes('entities stay'));
      assert.equal(stay.length, 1);
      assert.match(stay[0] ?? '', /2 entities stay in Home Assistant \(lamp, lamp\.b\)/);
      assert.equal(await exists(folder()), false);
    });
  }

  it('takes its entities away when the instance of its subflow is deleted, and never before', async () => {
    await start(inSubflow);
    await example.deployed((flows) => flows);
    await shown();
    assert.equal(retained().size, 8);
    assert.equal(cleared().size, 0);
    await example.deployed((flows) => flows.filter(({ id }) => id !== 'instance'));
    assert.equal(retained().size, 0);
  });

  const inOtherTab: FlowChange = (flows) => [
    { id: 'other', type: 'tab', label: 'Other' },
    ...flows.filter((node) => !isTab(node)).map((node) => (node.z ? { ...node, z: 'other' } : node)),
  ];

  /** The node alone; whatever goes into the instance goes into it. */
  const inSubflow: FlowChange = (flows) => {
    const node = flows.find(isHaUpdate) ?? assert.fail('there is none');
    const place = { x: 0, y: 0 };
    return [
      { id: 'subflow', type: 'subflow', name: 'Sub', in: [{ ...place, wires: [{ id: node.id }] }], out: [] },
      { ...node, z: 'subflow', wires: [[]] },
      { id: 'instance', type: 'subflow:subflow', z: node.z, ...place, wires: [] },
      ...flows
        .filter((one) => one !== node)
        .map((one) => ({ ...one, ...(one.wires ? { wires: rewired(one.wires, node.id) } : {}) })),
    ];
  };
  const rewired = (wires: unknown, from: string) =>
    (wires as string[][]).map((output) => output.map((id) => (id === from ? 'instance' : id)));
});
