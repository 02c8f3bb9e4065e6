import { inspect } from 'node:util';
import fc from 'fast-check';
import { haUpdateDefaults, pushDefaults, rolloutDefaults, serverDefaults } from '../peers/test-flow';

/** The properties of one node of each type, and of the server that they use. */
export interface Configurations {
  readonly server: Readonly<Record<string, unknown>>;
  readonly push: Readonly<Record<string, unknown>>;
  readonly rollout: Readonly<Record<string, unknown>>;
  readonly haUpdate: Readonly<Record<string, unknown>>;
}

/** What makes a message anew for each node that gets it. */
export type MakeMessage = () => Record<string, unknown>;

/** What nobody expects of a property. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom(
    '',
    ' ',
    '#',
    '+',
    '$SYS',
    '../..',
    '..',
    '.',
    'tmp',
    '|',
    'a|b',
    'x\0y',
    '\u{d83d}',
    '__proto__',
    'constructor',
  ),
  fc.constantFrom(
    'NaN',
    '-1',
    '0',
    '1e400',
    '0x10',
    `$\{NOT_SET}`,
    '$(NOT_SET)',
    '{target}',
    '{target}{target}',
    '%',
    '🙂',
  ),
);

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withObjectString: true,
  maxDepth: 3,
});

/** What a Function node may put into a message. */
const hostileValue: fc.Arbitrary<() => unknown> = fc.oneof(
  anything.map((value) => () => value),
  hostileText.map((value) => () => value),
  fc.constantFrom<() => unknown>(
    () => () => 42,
    () => Symbol('lamp'),
    () => new Error('lamp'),
    () => /lamp/,
    () => new Proxy({}, {}),
    () => circular(),
    () => nested(12_000),
    () => Object.freeze({ filename: 'main.py', payload: 'x' }),
    () => ({ toString: () => fail(), valueOf: () => fail(), length: 1e9 }),
    () => new Date(Number.NaN),
    () => Promise.resolve('lamp'),
    () => new Uint8Array(new ArrayBuffer(8), 2, 3),
    () => new DataView(new ArrayBuffer(8)),
    () => JSON.parse('{"__proto__": {"payload": "x"}, "target": "lamp"}'),
    () => 'x'.repeat(100_000),
    () => Array.from({ length: 1000 }, (_, number) => `lamp${number % 7}`),
  ),
);

const hostname = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }).map((number) => `lamp-${number}`) },
  { weight: 1, arbitrary: fc.constantFrom('Lamp_3', 'lamp.4', 'absent', 'n'.repeat(64), '__proto__', 'constructor') },
);
const filename = fc.constantFrom(
  'main.py',
  'lib/lamp.py',
  'a b.bin',
  '/data/lamp.bin',
  'lamp.mpy',
  'f'.repeat(200),
  '__proto__',
);
const file = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }).map((bytes) => () => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => () => bytes),
  fc.constantFrom('print(1)', 'x = [', '', '# ü').map((text) => () => text),
);

const good = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<() => unknown> => arbitrary.map((value) => () => value);

const set = fc.array(fc.tuple(filename, file), { minLength: 1, maxLength: 3 });
const entry = fc.oneof(
  { weight: 6, arbitrary: good(hostname) },
  { weight: 2, arbitrary: hostname.map((target) => () => ({ target, room: 'hall' })) },
  { weight: 1, arbitrary: hostileValue },
);

/** The properties that a message may have, as they should be. */
const sound = {
  target: good(hostname),
  targets: fc.array(entry, { maxLength: 5 }).map((entries) => () => entries.map((make) => make())),
  payload: file as fc.Arbitrary<() => unknown>,
  filename: good(filename),
  files: set.map((files) => () => files.map(([name, make]) => ({ filename: name, payload: make() }))),
  timeout: good(fc.constantFrom<unknown>(0.2, '0.3', 1, 86400)),
  reboot: good(fc.constantFrom<unknown>(true, false, 0, '1')),
  version: good(fc.constantFrom<unknown>('1.0', 2, '')),
  title: good(fc.string({ maxLength: 20 })),
  releaseUrl: good(fc.constantFrom('https://example.org/x', 'http://a')),
  topic: good(fc.string({ maxLength: 20 })),
  ota: good(
    fc.constantFrom<unknown>(
      { result: 'timeout', id: 'x', target: 'lamp', filename: 'main.py', hash: 'ab' },
      { result: null },
    ),
  ),
  statusCode: good(fc.constantFrom<unknown>(200, 404)),
  reset: good(fc.constantFrom<unknown>(true, false)),
  pause: good(fc.constantFrom<unknown>(true, false)),
  continue: good(fc.constantFrom<unknown>(true, false)),
  remove: good(fc.constantFrom<unknown>(true, false)),
  restore: good(fc.constantFrom<unknown>(true, false, 'a'.repeat(8), 'b'.repeat(40))),
  outdated: good(fc.constantFrom<unknown>(Buffer.from('x'), 'a'.repeat(8))),
  failed: good(fc.constantFrom<unknown>(true, false)),
  forget: good(fc.constantFrom<unknown>(true, false)),
};

/** Of a hundred messages so many have the property. */
const usual: Readonly<Record<keyof typeof sound, number>> = {
  target: 95,
  targets: 90,
  payload: 90,
  filename: 95,
  files: 10,
  timeout: 40,
  reboot: 20,
  version: 20,
  title: 10,
  releaseUrl: 10,
  topic: 10,
  ota: 4,
  statusCode: 4,
  reset: 3,
  pause: 2,
  continue: 5,
  remove: 4,
  restore: 5,
  outdated: 20,
  failed: 10,
  forget: 5,
};

const names = Object.keys(sound) as (keyof typeof sound)[];

/** Valid in two of three, hostile in one property or several otherwise. */
export const message: fc.Arbitrary<MakeMessage> = fc
  .tuple(
    fc.tuple(...names.map((name) => fc.option(sound[name], { nil: undefined, freq: frequency(usual[name]) }))),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.array(
          fc.tuple(fc.constantFrom<string>(...names, 'parts', 'rc', 'error', 'rollout', 'x'), hostileValue),
          { maxLength: 3 },
        ),
      },
    ),
    fc.oneof({ weight: 30, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  )
  .map(([values, hostile, isFrozen]) => {
    const make = () => {
      const made: Record<string, unknown> = {};
      for (const [index, name] of names.entries()) {
        const value = values[index];
        if (value) made[name] = value();
      }
      for (const [name, value] of hostile) made[name] = value();
      return isFrozen ? Object.freeze(made) : made;
    };
    return Object.assign(make, {
      [fc.toStringMethod]: () => inspect(make(), { breakLength: Number.POSITIVE_INFINITY }),
    });
  });

/** How often `fc.option` gives a value, one time in so many not. */
function frequency(percent: number): number {
  return percent >= 50 ? Math.round(100 / (100 - percent)) - 1 : 1;
}

/** Some of the properties are other than those of a node that was just dropped. */
function changed(
  defaults: Readonly<Record<string, unknown>>,
  sound: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<Record<string, unknown>> {
  const change = fc.oneof(
    {
      weight: 3,
      arbitrary: oneOf(Object.keys(sound)).chain((name) => fc.tuple(fc.constant(name), oneOf(sound[name] ?? []))),
    },
    { weight: 1, arbitrary: fc.tuple(oneOf(Object.keys(defaults)), fc.oneof(hostileText, anything.filter(isJson))) },
  );
  return fc.array(change, { maxLength: 4 }).map((changes) => ({ ...defaults, ...Object.fromEntries(changes) }));
}

function oneOf<T>(values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values);
}

/** As the editor saves them, configurations are JSON. */
function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false; // a BigInt
  }
}

const ofBoth = {
  verify: ['auto', 'delivered', 'installed', 'running', 'online'],
  verifyTimeout: ['0.3', '1'],
  onlineTopic: ['{target}/online', 'house/{target}'],
  onlinePayload: ['', 'yes'],
  format: ['server', 'basic', 'signed'],
  retries: ['0', '1', '3'],
  retryDelay: ['0', '0.1'],
  check: [true, false],
  skipUnchanged: [true, false],
  progress: [true, false],
  timeoutType: ['msg', 'num', 'env'],
  timeout: ['0.3', '1', 'timeout'],
  fileType: ['msg', 'flow', 'global', 'jsonata'],
  file: ['payload', 'payload & ""', 'x['],
  filenameType: ['msg', 'str', 'jsonata'],
  filename: ['filename', 'main.py'],
  rebootType: ['bool', 'msg'],
  reboot: ['true', 'false', 'reboot'],
};

export const configurations: fc.Arbitrary<Configurations> = fc.record({
  server: changed(
    { ...serverDefaults, advertise: '127.0.0.1' },
    {
      advertise: ['127.0.0.1', 'localhost', '::1', 'my_host.lan.'],
      bind: ['', '127.0.0.1', '::'],
      ports: ['', '0-0', '47000-47100'],
      topic: ['{target}/OTA', 'house/{target}/OTA', 'a b/{target}/OTA'],
      allow: ['', '127.0.0.0/8', '10.0.0.7', '::1'],
      concurrency: ['1', '3', '100'],
      keep: ['0', '1', '20'],
      format: ['basic', 'signed'],
    },
  ),
  push: changed(
    { ...pushDefaults, timeout: '1', verifyTimeout: '1' },
    {
      ...ofBoth,
      targetType: ['msg', 'str', 'jsonata', 'env'],
      target: ['target', 'lamp'],
      announceOn: ['', '{target}/awake'],
      waitHours: ['24', '0.001'],
    },
  ),
  rollout: changed(
    { ...rolloutDefaults, timeout: '1', verifyTimeout: '1' },
    {
      ...ofBoth,
      targets: ['', 'lamp', 'lamp, #'],
      waves: ['100%', '1, 10%, 100%', '2'],
      pause: ['0', '0.2', '-1'],
      stopAfter: ['', '1', '50%'],
    },
  ),
  haUpdate: changed(haUpdateDefaults, {
    prefix: ['homeassistant', 'ha/x'],
    baseTopic: ['ota-push', 'house/ota'],
    check: [true, false],
  }),
});

/** Deeper than anybody can copy. */
function nested(depth: number): object {
  let value: object = {};
  for (let level = 0; level < depth; level += 1) value = { value };
  return value;
}

function circular(): object {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

function fail(): never {
  throw new Error('a value that must not be read');
}
