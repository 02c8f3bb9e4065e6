import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NodeAPI } from 'node-red';
import type { HostKind } from '../../lib/push/announced-host';
import type { Verify } from '../../lib/push/job';
import type { ForbiddenTopic } from '../../nodes/ota-server/broker';
import { serveDeviceKeys } from '../../nodes/ota-server/device-keys';
import type { secretWeakness } from '../../nodes/ota-server/secret-strength';
import type { ProbeProblem, ServerProbe } from '../../nodes/ota-server/server-probe-answer';
import { linesOf } from '../../nodes/ota-server/server-probe-words';
import type { ConnectionTrouble } from '../../nodes/shared/connection';
import type { AbsenceKey } from '../../nodes/shared/presence';
import { foundServer } from '../peers/found-server';
import { allWords, catalogue, keysOf, languages, missingIn, types } from './catalogue';
import { definitionOf } from './definition';

const sourceFolder = resolve(__dirname, '../../nodes');

// The compiler keeps these tables: each has all that its type has.
const choices = keysOf<Verify['level']>({ auto: true, delivered: true, installed: true, running: true, online: true });
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
describe('the words that a node looks up while it runs', () => {
  for (const language of languages) {
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
      const ways: Record<ForbiddenTopic, true> = { refused: true, ended: true, unwritable: true };
      const keys = keysOf<ForbiddenTopic>(ways).map((how) => `ota-server.warnings.${how}`);
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

    it(`are there wherever the code asks for one by its name: ${language}`, () => {
      const { named } = keysInCode();
      assert.ok(named.length > 0, 'this test looks for nothing');
      assert.deepEqual(missingIn(allWords(language), named), []);
    });

    it(`are there for all that is said of a secret: ${language}`, () => {
      const weaknesses: Record<NonNullable<ReturnType<typeof secretWeakness>>, true> = { short: true, guessable: true };
      const keys = Object.keys(weaknesses).map((weakness) => `ota-server.secretHint.${weakness}`);
      assert.deepEqual(missingIn(catalogue(language, 'ota-server'), keys), []);
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

  it('are asked for by names that end in a value only where a test knows all those values', () => {
    const known = [
      // The line under a node has a test of its own.
      ...types.filter((type) => type !== 'ota-server').map((type) => `${type}.status.`),
      ...types
        .filter((type) => definitionOf(type).outputLabels && type !== 'ota-ha-update')
        .map((type) => `${type}.output.`),
      // Of the values that a dialog refuses.
      ...['ota-push', 'ota-rollout', 'ota-server'].flatMap((type) => [`${type}.label.`, `${type}.errors.`]),
      'ota-ha-update.label.',
      'ota-push.connection.',
      'ota-server.keyProblem.',
      'ota-server.secretHint.',
      'ota-server.warnings.',
      // Of the test of a server.
      ...['broker', 'host', 'ports', 'problem', 'rule', 'way'].map((part) => `ota-server.test.${part}.`),
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

/** What the nodes' code looks up, at run time and in the editor: keys, and the beginnings of those that end in a value. */
function keysInCode(): { named: string[]; beginnings: string[] } {
  const files = readdirSync(sourceFolder, { recursive: true }).map(String);
  const code = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(resolve(sourceFolder, file), 'utf8'));
  // Whatever is asked for, and whatever looks like a key of ours, be it handed on before.
  const literals = code.join('\n').matchAll(/(\._\(\s*)?['"`]([\w$][^'"`\s]*)/g);
  const keys = [...literals].flatMap(([, asked, literal = '']) => {
    const key = literal.replace(/^(\$\{(words|catalogue)\}|node-red-contrib-ota-push\/ota-push:ota-push)/, 'ota-push');
    return (asked || /^ota-[\w-]+\.\S/.test(key)) && !/\.svg$|^typedInput\./.test(key) ? [key] : [];
  });
  const [named = [], open = []] = [false, true].map((isOpen) => keys.filter((key) => key.includes('${') === isOpen));
  return { named, beginnings: open.map((key) => key.slice(0, key.indexOf('${'))) };
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
