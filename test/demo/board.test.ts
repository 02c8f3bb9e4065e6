import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { DemoProcess } from '../peers/demo-process';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';

describeNeeding(['micropython'], 'npm run board, with MicroPython', function () {
  this.timeout(90_000);
  const resources = resourcesOfSuite();
  let demo: DemoProcess;
  let file: string;
  let url: string;

  before(async () => {
    demo = await resources.use(DemoProcess.start(['run', 'board']));
    file = wordsOf(/Change its program, (.*),$/, await demo.said(/Change its program/));
    url = wordsOf(/then open (\S+)/, await demo.said(/then open/));
  });

  async function push(program: string): Promise<void> {
    await writeFile(file, program);
    await fetch(`${url}/inject/9307f621f31c7735`, { method: 'POST' });
  }

  /** It says these, each story in its order: what the board prints and what Node-RED says come by ways of their own. */
  async function assertSays(...stories: readonly (readonly RegExp[])[]): Promise<void> {
    const left = stories.map((story) => [...story]);
    while (left.some((story) => story.length > 0)) {
      const line = await demo.log.next();
      for (const story of left) if (story[0]?.test(line)) story.shift();
    }
  }

  it('tells how a program that works comes to stay', async () => {
    await push((await readFile(file, 'utf8')).replace('The lamp is ready', 'The new lamp is ready'));
    await assertSays(
      [
        / s {2}Node-RED announces to the board: 127\.0\.0\.1\|\d+\|main\.py\|[0-9a-f]{40}$/,
        / s {2}OTA push says success: .*reported that it runs it\.$/,
      ],
      [
        / s {2}the board restarts$/,
        / s {2}the board starts$/,
        / s {2}main\.py runs, on trial: 7\.5 s to be back on the broker$/,
        / s {2}the trial is over: the new program keeps its place$/,
        /^ {2}board │ {2}The new lamp is ready$/,
      ],
    );
  });

  const failing = {
    'fails in its first line': {
      program: 'import lamp_that_nobody_has\n',
      sign: / s {2}main\.py failed: ImportError: .*; the timer will restart the board$/,
    },
    'prints without end': {
      program: 'while True:\n    print("lamp")\n',
      sign: /^ {2}board │ {2}… and \d+ more lines$/,
    },
  };
  for (const [what, { program, sign }] of Object.entries(failing)) {
    it(`tells how one that ${what} is taken back after two starts`, async () => {
      await push(program);
      const start = [/ s {2}main\.py runs, on trial/, sign, / s {2}the 7\.5 s are over: the timer restarts the board$/];
      await assertSays(
        [
          ...start,
          ...start,
          / s {2}boot\.py takes the old files back: the new program had its two starts$/,
          / s {2}main\.py runs$/,
          /^ {2}board │ {2}The new lamp is ready$/,
        ],
        [/ s {2}OTA push says failed: nightlamp took main\.py back/],
      );
    });
  }

  it('tells that one that cannot be compiled is not sent', async () => {
    await push('def main(:\n');
    await demo.log.nextThat((line) => /main\.py does not compile, line 1: .*"def main\(:"/.test(line));
  });

  it('says everything in words', () => {
    assert.deepEqual(
      demo.log.all.filter((line) => line.includes('@')),
      ['> node-red-contrib-ota-push@0.1.0 board'],
    );
  });
});

function wordsOf(pattern: RegExp, line: string): string {
  const [, words] = pattern.exec(line) ?? [];
  if (words === undefined) throw new Error(`${pattern} is not in: ${line}`);
  return words;
}
