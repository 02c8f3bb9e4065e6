import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Node, NodeAPI } from 'node-red';
import type { Entities } from '../../lib/home-assistant/entities';
import type { HostKind } from '../../lib/push/announced-host';
import type { Job, Verify } from '../../lib/push/job';
import type { Outcome } from '../../lib/push/outcome';
import type { PushSnapshot } from '../../lib/push/snapshot';
import type { Code, PushActivity, Verified } from '../../lib/push/state';
import type { RolloutEnd } from '../../lib/rollout/rollout';
import { DevicesStatus } from '../../nodes/ota-devices/status';
import { HaStatus } from '../../nodes/ota-ha-update/status';
import { StatusLine } from '../../nodes/ota-push/status';
import type { RolloutQueue } from '../../nodes/ota-rollout/rollout-queue';
import { RolloutStatus } from '../../nodes/ota-rollout/status';
import { serveDeviceKeys } from '../../nodes/ota-server/device-keys';
import type { ProbeProblem, ServerProbe } from '../../nodes/ota-server/server-probe-answer';
import { linesOf } from '../../nodes/ota-server/server-probe-words';
import type { Forbidding } from '../../nodes/ota-server/subscriptions';
import type { BadInput } from '../../nodes/shared/bad-input';
import type { ConnectionTrouble } from '../../nodes/shared/connection';
import type { AbsenceKey } from '../../nodes/shared/presence';
import type { Translate } from '../../nodes/shared/throttled-status';
import { foundServer } from '../peers/found-server';
import { definitionOf } from './definition';

/** A catalogue: words, or branches of them. */
interface Words {
  readonly [key: string]: string | Words;
}

const nodesFolder = resolve(__dirname, '../../dist/nodes');
const sourceFolder = resolve(__dirname, '../../nodes');
const types = readdirSync(nodesFolder).filter((name) => name !== 'shared');
const languages = readdirSync(resolve(nodesFolder, 'ota-push/locales'));

describe('the words of the editor', () => {
  it('are there for every node in every language, as a catalogue and a help text', () => {
    assert.ok(languages.includes('en-US') && languages.includes('de'));
    for (const type of types) {
      assert.deepEqual(readdirSync(resolve(nodesFolder, type, 'locales')), languages, type);
      for (const language of languages) {
        const files = readdirSync(resolve(nodesFolder, type, 'locales', language)).sort();
        assert.deepEqual(files, [`${type}.html`, `${type}.json`], `${type} ${language}`);
      }
    }
  });

  for (const type of types) {
    for (const language of languages) {
      it(`have all keys that ${type}.html uses: ${language}`, () => {
        const words = { ...catalogue(language, type), ...shared(language) };
        const missing = keysIn(read(`${type}/${type}.html`)).filter((key) => !(key in words));
        assert.deepEqual(missing, []);
      });

      it(`have the same keys and gaps as in English: ${type} ${language}`, () => {
        assert.deepEqual(gapsOf(catalogue(language, type)), gapsOf(catalogue('en-US', type)));
      });

      it(`have a help text for ${type} about the same properties as in English: ${language}`, () => {
        const help = read(`${type}/locales/${language}/${type}.html`);
        assert.match(help, new RegExp(`<script type="text/html" data-help-name="${type}">`));
        assert.deepEqual(namesIn(help), namesIn(read(`${type}/locales/en-US/${type}.html`)));
      });
    }
  }
});

// The compiler keeps these tables: each has all that its type has.
const codes = keysOf<Code>({
  no_connection: true,
  stalled: true,
  broker_offline: true,
  publish_failed: true,
  listen_failed: true,
  interrupted: true,
  rejected: true,
  not_verified: true,
  cancelled: true,
  superseded: true,
  queue_full: true,
});
const levels = keysOf<Verified>({ delivered: true, installed: true, running: true, online: true });
const choices = keysOf<Verify['level']>({ auto: true, delivered: true, installed: true, running: true, online: true });
const rolloutEnds = keysOf<RolloutEnd>({ complete: true, stopped: true, cancelled: true });
const isWarnedAbout: Record<HostKind, boolean> = {
  loopback: true,
  guests: true,
  container: true,
  'add-on': true,
  wsl: true,
  own: false,
  elsewhere: false,
  name: false,
};
/** Whether an OTA push that does this waits: always, never, or both; `done` is told by how it ended. */
const waitsWhile: Record<PushActivity, readonly boolean[]> = {
  queued: [true],
  waiting: [true],
  retry: [true],
  announce: [true, false],
  connect: [false],
  transfer: [false],
  verify: [false],
  done: [],
};

const ready = { isReady: true, status: { text: 'ready' }, watch: () => () => undefined };

/** Tells a status line one thing. */
type Tell = (node: Node, translate: Translate) => void;

const ended =
  (outcome: Partial<Outcome>): Tell =>
  (node, translate) =>
    new StatusLine(node, translate, ready).end({ id: '1', target: 'nightlamp', ...outcome } as Outcome);
const pushing =
  (count: number, doing: PushActivity, isWaiting: boolean): Tell =>
  (node, translate) => {
    const line = new StatusLine(node, translate, ready);
    for (let id = 1; id <= count; id += 1) line.phase([{ id: `${id}`, target: 'nightlamp' } as Job], doing, isWaiting);
  };
const sending: Tell = (node, translate) => {
  const line = new StatusLine(node, translate, ready);
  const jobs = [{ id: '1', target: 'nightlamp' } as Job];
  line.phase(jobs, 'transfer', false);
  line.follow(jobs, () => ({ percent: 50, phase: 'transfer' }) as PushSnapshot);
};
const failing: Tell = (node, translate) => {
  const line = new StatusLine(node, translate, ready);
  for (const target of ['nightlamp', 'daylamp'])
    line.end({ id: target, target, result: 'timeout', code: 'stalled' } as Outcome);
};
const rollingOut =
  (isPaused: boolean, waiting: number): Tell =>
  (node, translate) =>
    new RolloutStatus(node, translate, ready).working({ underWay: { isPaused, failures: 1 }, waiting } as RolloutQueue);
const showing =
  (...inProgress: readonly [target: string, percent: number][]): Tell =>
  (node, translate) =>
    new HaStatus(node, translate, ready).show({ size: 3, inProgress } as unknown as Entities);
const refusals = keysOf<BadInput['code']>({ bad_input: true, queue_full: true });
const noCounts = { success: 0, unchanged: 0, timeout: 0, failed: 0, cancelled: 0, skipped: 0 };

/** All that the line under each kind of node can be told. */
const lines: Readonly<Record<string, readonly Tell[]>> = {
  'ota-push': [
    ...codes.map((code) => ended({ result: 'failed', code })),
    ...levels.map((verified) => ended({ result: 'success', code: null, verified })),
    ended({ result: 'unchanged', code: null }),
    ...keysOf<PushActivity>(waitsWhile).flatMap((doing) => waitsWhile[doing].map((waits) => pushing(1, doing, waits))),
    pushing(2, 'transfer', false),
    ended({ result: 'failed', code: 'rejected', report: { state: 'rolled_back' } as Outcome['report'] }),
    sending,
    failing,
    ...refusals.map<Tell>((code) => (node, translate) => new StatusLine(node, translate, ready).badInput(code)),
  ],
  'ota-rollout': [
    ...rolloutEnds.map<Tell>(
      (end) => (node, translate) => new RolloutStatus(node, translate, ready).end(end, noCounts),
    ),
    rollingOut(false, 1),
    rollingOut(true, 1),
    ...refusals.map<Tell>((code) => (node, translate) => new RolloutStatus(node, translate, ready).badInput(code)),
  ],
  'ota-devices': [
    (node, translate) => new DevicesStatus(node, translate, ready, { size: 3 }).update(),
    (node, translate) => new DevicesStatus(node, translate, ready, { size: 3 }).badInput(),
  ],
  'ota-ha-update': [
    showing(),
    showing(['nightlamp', 50], ['daylamp', 50]),
    ...refusals.map<Tell>((code) => (node, translate) => new HaStatus(node, translate, ready).badInput(code)),
  ],
};

describe('the words that a node looks up while it runs', () => {
  for (const language of languages) {
    for (const [type, tells] of Object.entries(lines)) {
      it(`are there for all that the line under an ${type} can be told: ${language}`, async () => {
        const words = catalogue(language, type);
        const keys = (await Promise.all(tells.map(keysAskedFor))).flat().map((key) => `${type}.status.${key}`);
        assert.deepEqual(missingIn(words, keys), []);
      });
    }

    it(`are there for every level that a push can be asked to reach: ${language}`, () => {
      const keys = choices.map((level) => `ota-push.verify.${level}`);
      assert.deepEqual(missingIn(catalogue(language, 'ota-push'), keys), []);
    });

    it(`are there for every announced host that is warned about: ${language}`, () => {
      const kinds = keysOf<HostKind>(isWarnedAbout).filter((kind) => isWarnedAbout[kind]);
      const keys = kinds.map((kind) => `ota-server.warnings.${kind}`);
      assert.deepEqual(missingIn(catalogue(language, 'ota-server'), keys), []);
    });

    it(`are there for every way in which a broker forbids a subscription: ${language}`, () => {
      const ways: Record<Forbidding | 'unwritable', true> = { refused: true, ended: true, unwritable: true };
      const keys = keysOf<Forbidding | 'unwritable'>(ways).map((how) => `ota-server.warnings.${how}`);
      assert.deepEqual(missingIn(catalogue(language, 'ota-server'), keys), []);
    });

    it(`are there for all that the test of a server may find: ${language}`, () => {
      assert.deepEqual(missingIn(allWords(language), keysOfTests()), []);
    });

    it(`are there for all that keeps a connection to a broker from being made: ${language}`, () => {
      const troubles: Record<ConnectionTrouble, true> = {
        refused: true,
        'unknown-host': true,
        unreachable: true,
        'no-answer': true,
        'broken-off': true,
        login: true,
        tls: true,
        other: true,
      };
      const keys = keysOf<ConnectionTrouble>(troubles).map((trouble) => `ota-push.connection.${trouble}`);
      assert.deepEqual(missingIn(catalogue(language, 'ota-push'), keys), []);
    });

    it(`are there for every way in which a server or a broker is not there: ${language}`, () => {
      const ofServer: Record<AbsenceKey<'server'>, true> = {
        'no-server': true,
        'server-disabled': true,
        'server-deleted': true,
      };
      const ofBroker: Record<AbsenceKey<'broker'>, true> = {
        'no-broker': true,
        'broker-disabled': true,
        'broker-deleted': true,
      };
      const keys = [
        ...keysOf<AbsenceKey<'server'>>(ofServer).flatMap((key) => [
          `ota-push.errors.${key}`,
          `ota-push.status.${key}`,
        ]),
        ...keysOf<AbsenceKey<'broker'>>(ofBroker).map((key) => `ota-server.errors.${key}`),
      ];
      assert.deepEqual(missingIn(allWords(language), keys), []);
    });

    it(`are there for every reason why a device's key is not shown: ${language}`, () => {
      const keys = [...keyProblems(), 'forbidden'].map((problem) => `ota-server.keyProblem.${problem}`);
      assert.deepEqual(missingIn(catalogue(language, 'ota-server'), keys), []);
    });

    it(`are there wherever the nodes ask for one by its name: ${language}`, () => {
      const { named } = keysInCode();
      assert.ok(named.length > 0, 'this test looks for nothing');
      assert.deepEqual(missingIn(allWords(language), named), []);
    });

    it(`are there for every value that a dialog refuses: ${language}`, () => {
      const keys = types.flatMap(refusalsOf).map((key) => key.replace(/^.*:/, ''));
      assert.ok(keys.length > 0, 'this test looks for nothing');
      assert.deepEqual(missingIn(allWords(language), keys), []);
    });

    it(`are there for every output: ${language}`, () => {
      const keys = types.flatMap(outputsOf);
      assert.ok(keys.length > 0, 'this test looks for nothing');
      assert.deepEqual(missingIn(allWords(language), keys), []);
    });
  }

  it('are asked for by names that end in a value only where a test above knows all those values', () => {
    const statuses = Object.keys(lines).map((type) => `${type}.status.`);
    const known = [
      ...statuses,
      'ota-server.warnings.',
      'ota-push.errors.',
      'ota-push.connection.',
      'ota-server.errors.',
    ];
    assert.deepEqual(new Set(keysInCode().beginnings), new Set(known));
  });
});

/** The keys that the dialog of a server looks up for all that a test may find. */
function keysOfTests(): string[] {
  const keys = new Set<string>();
  const ask = (key: string) => {
    keys.add(key.replace(/^.*:/, ''));
    return key;
  };
  const found = foundServer;
  const at = 'house:1883';
  const states: Record<ServerProbe['broker']['state'], ServerProbe['broker']> = {
    none: { state: 'none' },
    'not-running': { state: 'not-running' },
    connected: { state: 'connected', at },
    off: { state: 'off', at },
    answers: { state: 'answers', at },
    problem: { state: 'problem', trouble: 'refused', at, detail: '' },
  };
  const rules: Record<ServerProbe['host']['rule'], true> = {
    advertise: true,
    bind: true,
    broker: true,
    'default-route': true,
    'any-network': true,
    'nothing-else': true,
  };
  const results: Record<ServerProbe['ports']['result'], ServerProbe['ports']> = {
    opens: { result: 'opens', port: 40_000 },
    'in-use': { result: 'in-use' },
    taken: { result: 'taken', detail: '' },
    forbidden: { result: 'forbidden', detail: '' },
    'no-address': { result: 'no-address', detail: '' },
    other: { result: 'other', detail: '' },
  };
  const enclosures: Record<NonNullable<ServerProbe['enclosure']>, true> = {
    container: true,
    'add-on': true,
    wsl: true,
  };
  const problems: Record<ProbeProblem | 'forbidden', true> = {
    settings: true,
    variable: true,
    busy: true,
    forbidden: true,
  };
  const tests: ServerProbe[] = [
    ...Object.values(states).map((broker) => ({ ...found, broker })),
    ...keysOf<HostKind>(isWarnedAbout).map((kind) => ({ ...found, host: { ...found.host, kind } })),
    ...keysOf<ServerProbe['host']['rule']>(rules).map((rule) => ({ ...found, host: { ...found.host, rule } })),
    ...Object.values(results).map((ports) => ({ ...found, ports })),
    ...keysOf<keyof typeof enclosures>(enclosures).map((enclosure) => ({ ...found, enclosure })),
  ];
  for (const ports of ['', '40000-40019'])
    for (const test of tests) linesOf({ ...test, settings: { ...test.settings, ports } }, ask);
  return [
    ...keys,
    'ota-server.test.running',
    ...Object.keys(problems).map((problem) => `ota-server.test.problem.${problem}`),
  ];
}

/** The keys that a status line looks up to show what it was told. */
function keysAskedFor(tell: Tell): Promise<string[]> {
  const keys: string[] = [];
  return new Promise((resolve) => {
    // What is a key as a whole, the editor looks up.
    const status = ({ text }: { text: string }) =>
      resolve([...keys, ...(/^ota-[\w-]+\.status\.(\w+)$/.exec(text)?.slice(1) ?? [])]);
    tell({ status } as unknown as Node, (key) => {
      keys.push(key);
      return key;
    });
  });
}

/** The server's answers to a hostname that is none, and to one where there is no secret. */
function keyProblems(): string[] {
  const problems: string[] = [];
  const ask = (_path: string, _mayChange: unknown, answer: (request: object, response: object) => void) => {
    const response = { json: ({ problem }: { problem: string }) => problems.push(problem) };
    for (const hostname of ['no hostname', 'nightlamp']) answer({ body: { server: '', hostname } }, response);
  };
  const auth = { needsPermission: () => undefined };
  serveDeviceKeys({ httpAdmin: { post: ask }, auth, nodes: { getNode: () => null } } as unknown as NodeAPI);
  return problems;
}

/** What the nodes' code asks Node-RED for: keys, and the beginnings of those that end in a value. */
function keysInCode(): { named: string[]; beginnings: string[] } {
  const files = readdirSync(sourceFolder, { recursive: true }).map(String);
  const code = files
    // In a dialog the same function looks words of the editor's own up.
    .filter((file) => file.endsWith('.ts') && !file.startsWith('shared/editor/'))
    .map((file) => readFileSync(resolve(sourceFolder, file), 'utf8'));
  const asked = [...code.join('\n').matchAll(/RED\._\(\s*['"`]([^'"`]+)/g)].map(([, key = '']) =>
    key.replace(`\${words}`, 'ota-push'),
  );
  const [named, open] = [false, true].map((isOpen) => asked.filter((key) => key.includes('${') === isOpen));
  return { named: named ?? [], beginnings: (open ?? []).map((key) => key.slice(0, key.indexOf('${'))) };
}

/** The keys of what a node's dialog says of values that none of its properties takes. */
function refusalsOf(type: string): string[] {
  const keys: string[] = [];
  for (const [property, { validate }] of Object.entries(definitionOf(type).defaults)) {
    const types = { [`${property}Type`]: property === 'timeout' ? 'num' : 'str' };
    validate?.call({ ...types, _: (key: string) => keys.push(key) }, '#/ \0', {});
  }
  return keys;
}

/** The keys of a node's outputs, with that for the progress, or for what changes. */
function outputsOf(type: string): string[] {
  const { outputLabels, defaults, outputs = 1 } = definitionOf(type);
  const most = 'progress' in defaults || 'watch' in defaults ? outputs + 1 : outputs;
  const labels = Array.from({ length: most }, (_, index) => outputLabels?.call({ _: (key) => key }, index));
  return labels.filter((label) => label !== undefined);
}

function missingIn(words: Record<string, string>, keys: readonly string[]): string[] {
  return keys.filter((key) => !words[key]);
}

function allWords(language: string): Record<string, string> {
  return Object.assign({}, ...types.map((type) => catalogue(language, type)));
}

function keysOf<Key extends string>(table: Record<Key, unknown>): Key[] {
  return Object.keys(table) as Key[];
}

function read(path: string): string {
  return readFileSync(resolve(nodesFolder, path), 'utf8');
}

/** Words that dialogs take from the OTA push, with the catalogue's name before each. */
function shared(language: string): Record<string, string> {
  const words = Object.entries(catalogue(language, 'ota-push'));
  return Object.fromEntries(words.map(([key, word]) => [`node-red-contrib-ota-push/ota-push:${key}`, word]));
}

/** By their keys, such as `ota-push.label.server`. */
function catalogue(language: string, type: string): Record<string, string> {
  return flat(JSON.parse(read(`${type}/locales/${language}/${type}.json`)));
}

function flat(words: Words, prefix = ''): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(words).map(([key, word]) =>
      typeof word === 'string' ? { [prefix + key]: word } : flat(word, `${prefix}${key}.`),
    ),
  );
}

/** What a word leaves open for a value: `__host__`. */
function gapsOf(words: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(words).map(([key, word]) => [key, (word.match(/__\w+__/g) ?? []).sort()]));
}

/** Those of its template, and those that stand in its script as a whole. */
function keysIn(html: string): string[] {
  const keys = [
    ...html.matchAll(
      /data-i18n="(?:\[\w+\])?([^"]+)"|["']((?:node-red-contrib-ota-push\/ota-push:)?ota-[\w-]+(?:\.[\w-]+)+)["']/g,
    ),
  ];
  return keys.map(([, inTemplate, inScript]) => inTemplate ?? inScript ?? '').filter((key) => !key.endsWith('.svg'));
}

/** What is no word of a language in a help text. */
function namesIn(help: string): string[] {
  return [...help.matchAll(/<dt[^>]*>(\w+)|<code>([^<]*)<\/code>/g)].map(
    ([, property, code]) => property ?? code ?? '',
  );
}
