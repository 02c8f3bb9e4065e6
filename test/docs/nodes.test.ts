import assert from 'node:assert/strict';
import { chapter, codeIn, sources, table, textOf, wordsOf } from '../peers/pages';
import { pushDefaults, rolloutDefaults, serverDefaults } from '../peers/test-flow';

const page = 'docs/nodes.md';

describe('The contract of the nodes, docs/nodes.md', () => {
  const comesOut = chapter(page, 'What comes out');
  const rollout = chapter(page, '`ota-rollout`');

  it('has each outcome code, and no other', () => {
    assertSame(firstWords(chapter(page, 'Codes'), '`code`'), wordsOf('Code'));
  });

  it('has each phase, and no other', () => {
    assertSame(firstWords(comesOut, '`phase`'), wordsOf('Phase'));
    assertSame(wordsAbout(comesOut, 'phase'), wordsOf('Phase'));
  });

  it('has each level of verification, and no other', () => {
    assertSame(wordsAbout(comesOut, 'verified'), ['null', ...wordsOf('Verified')]);
    assertSame(firstWords(chapter(page, 'Success'), '`verify`'), ['auto', ...wordsOf('Verified')]);
  });

  it('has each result of a push, of a device and of a rollout, and no other', () => {
    const results = table(comesOut, 'output').flatMap(([output, result]) => (output === '3' ? [] : codeIn(result)));
    assertSame(results, wordsOf('Result'));
    assertSame(wordsAbout(rollout, 'counts'), [...wordsOf('Result'), ...wordsOf('DeviceResult')]);
    assertSame(firstWords(rollout, 'end'), wordsOf('RolloutEnd'));
  });

  it('has each property of an OTA server with its default, and what the dialog calls it', () => {
    assertProperties('ota-server', { name: '', broker: 'required', ...serverDefaults, secret: '' });
  });

  it('has each property of an OTA push with its default, and what the dialog calls it', () => {
    assertProperties('ota-push', { name: '', server: 'required', ...pushDefaults });
  });

  it('has each property of an OTA devices node with its default, and what the dialog calls it', () => {
    assertProperties('ota-devices', { name: '', server: 'required', watch: false, outputs: 1 });
  });

  it('has each property of an OTA rollout, and tells which are those of an OTA push', () => {
    const { targets, waves, pause, stopAfter, ...shared } = rolloutDefaults;
    assertProperties('ota-rollout', { targets, waves, pause, stopAfter });
    const [, list] = /with the meanings and defaults of `ota-push`: ([^.]*)\./.exec(rollout) ?? [];
    const names = Object.keys(shared).filter((name) => !name.endsWith('Type'));
    assertSame(codeIn(list), ['name', 'server', ...names]);
    assert.deepEqual({ ...pushDefaults, ...shared }, pushDefaults);
  });
});

function assertProperties(node: string, defaults: Readonly<Record<string, unknown>>): void {
  const labels = labelsOf(node);
  const shown: Record<string, string> = {};
  for (const [names, inDialog, values = ''] of table(chapter(page, `\`${node}\``), 'property')) {
    const properties = codeIn(names);
    for (const [index, value] of values.split(', ').entries()) shown[properties[index] ?? ''] = value;
    const expected = properties.flatMap((property) => labels[property] ?? []);
    assert.equal(inDialog, expected.join(', '), `${node}: ${names}`);
  }
  const show = (value: unknown) => (value === '' ? 'empty' : value === 'required' ? value : `\`${value}\``);
  const expected = Object.entries(defaults).map(([property, value]) => [property, show(value)]);
  assert.deepEqual(shown, Object.fromEntries(expected));
}

/** What the fields of a node's dialog are called in English, by their properties. */
function labelsOf(node: string): Readonly<Record<string, string>> {
  const path = sources.find((source) => source.endsWith(`en-US/${node}.json`)) ?? assert.fail(`no words for ${node}`);
  return (JSON.parse(textOf(path)) as Record<string, { label: Record<string, string> }>)[node]?.label ?? {};
}

/** What stands in the first column of a table. */
function firstWords(text: string, heading: string): string[] {
  return table(text, heading).flatMap(([first]) => codeIn(first));
}

/** What the row about a field of a message says of it. */
function wordsAbout(text: string, field: string): string[] {
  const row = text.split('\n').find((line) => line.startsWith(`| \`${field}\` |`)) ?? assert.fail(`no row on ${field}`);
  return codeIn(row).slice(1);
}

function assertSame(words: readonly string[], expected: readonly string[]): void {
  const sorted = (some: readonly string[]) => [...some].sort((one, other) => one.localeCompare(other));
  assert.deepEqual(sorted(words), sorted(expected));
}
