import assert from 'node:assert/strict';
import { type FlowScript, faultsIn, flowScripts } from '../peers/flow-scripts';
import { resourcesOfEachTest } from '../peers/resources';

/** What is planted, and what is to be said of it. */
const planted: Record<string, [script: Pick<FlowScript, 'property' | 'text'>, line: number, says: RegExp]> = {
  'a var': [{ property: 'func', text: 'var file = msg.file;\nreturn { file };' }, 1, /noVar/],
  'a variable that nobody uses': [{ property: 'func', text: '\nconst { file } = msg;\nreturn msg;' }, 2, /noUnused/],
  'a name that nobody has declared': [{ property: 'func', text: 'msg.file = file;\nreturn msg;' }, 1, /'file'/],
  "a name that only Node.js's own scripts have": [
    { property: 'initialize', text: '\nnode.warn(process.version);' },
    2,
    /'process'/,
  ],
  'a line that is never reached': [{ property: 'func', text: 'return msg;\nmsg.file = "";' }, 2, /noUnreachable/],
  'a forgotten return': [{ property: 'func', text: 'msg.file = "main.py";' }, 1, /TS2355/],
  'a return that is forgotten on one way': [
    { property: 'func', text: 'if (msg.file) {\n  return msg;\n}' },
    1,
    /TS(2366|7030)/,
  ],
  'what cannot be compiled': [{ property: 'finalize', text: 'context.set("file",;' }, 1, /TS1\d+/],
  'an await where Node-RED has none': [{ property: 'finalize', text: 'await context.get("file");' }, 1, /await/],
  'a fault in the script of a page': [
    { property: 'format', text: '<p></p>\n<script>\nvar shown = 1;\nexport default { shown };\n</script>' },
    3,
    /noVar/,
  ],
};

describe('The scripts of the example flows', () => {
  const resources = resourcesOfEachTest();
  const scripts = flowScripts();

  it('have no fault that the linter or the compiler finds', async () => {
    const withFunction = new Set(scripts.filter(({ property }) => property === 'func').map(({ example }) => example));
    assert.ok(withFunction.size >= 6, `${withFunction.size} examples with a function node were found`);
    assert.ok(scripts.some(({ property }) => property === 'format'));
    assert.deepEqual(await faultsIn(resources, scripts), []);
  });

  it('are one text in all function nodes of a name', () => {
    const texts = new Map<string, Set<string>>();
    for (const { node, property, text } of scripts) {
      const key = `${node}, ${property}`;
      texts.set(key, (texts.get(key) ?? new Set()).add(text));
    }
    assert.equal(scripts.filter(({ node }) => node === 'only from this folder').length, 4);
    assert.deepEqual(
      [...texts].filter(([, variants]) => variants.size > 1).map(([key]) => key),
      [],
    );
  });
});

describe('The check of the scripts', () => {
  const resources = resourcesOfEachTest();

  for (const [what, [script, line, says]] of Object.entries(planted)) {
    it(`finds ${what}, and tells where`, async () => {
      const faults = await faultsIn(resources, [{ example: 'lamps.json', node: 'planted', ...script }]);
      const place = `lamps.json: planted, ${script.property}, line ${line}: `;
      const found = faults.filter((fault) => fault.startsWith(place) && says.test(fault));
      assert.ok(found.length > 0, faults.join('\n') || 'nothing was found');
    });
  }
});
