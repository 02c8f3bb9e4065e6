import assert from 'node:assert/strict';
import { DemoProcess } from '../peers/demo-process';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';

interface End {
  readonly end: (demo: DemoProcess) => void;
  /** Of npm. */
  readonly code: number;
}

/** What can happen to a demo. */
const ENDS: Record<string, End> = {
  'of three quick Ctrl-C': { end: pressCtrlC, code: 130 },
  'of a terminal that is closed': {
    end: (demo) => {
      demo.hangUp();
      demo.signalAll('SIGHUP');
    },
    code: 129,
  },
  'of a SIGTERM to npm': { end: (demo) => demo.signalNpm('SIGTERM'), code: 143 },
  'of a SIGTERM to the demo itself': { end: (demo) => demo.signalOne(INNER, 'SIGTERM'), code: 143 },
  'npm is killed': { end: (demo) => demo.signalNpm('SIGKILL'), code: 137 },
  'all that the terminal knows of is killed': { end: (demo) => demo.signalAll('SIGKILL'), code: 137 },
  'the demo itself is killed': { end: (demo) => demo.signalOne(INNER, 'SIGKILL'), code: 1 },
};

/** The process that has the broker, Node-RED and the device in it. */
const INNER = /tsx.*demo\/(start|board)\.ts/;

/** Three times, quickly. */
function pressCtrlC(demo: DemoProcess): void {
  for (let time = 0; time < 3; time += 1) demo.signalAll('SIGINT');
}

/** Neither a process nor a file is left; its exit code. */
async function endOf(demo: DemoProcess): Promise<number> {
  const code = await demo.ended();
  await demo.gone();
  assert.deepEqual(await demo.files(), []);
  return code;
}

function itLeavesNothing(command: readonly string[], ends: readonly string[]): void {
  const resources = resourcesOfEachTest();

  for (const what of ends) {
    const { end, code } = ENDS[what] as End;
    it(`leaves no process and no file when it ends because ${what}`, async function () {
      this.timeout(60_000);
      const demo = await resources.use(DemoProcess.start(command));
      await demo.said(/Ctrl-C ends/);
      end(demo);
      assert.equal(await endOf(demo), code, demo.text);
    });
  }

  for (const [when, reached] of [
    ['builds', (demo: DemoProcess) => demo.building],
    ['starts', (demo: DemoProcess) => demo.said(/an MQTT broker runs/)],
  ] as const) {
    it(`leaves nothing when it ends by three Ctrl-C while it ${when}, and says nothing more`, async function () {
      this.timeout(60_000);
      const demo = await resources.use(DemoProcess.start(command));
      await reached(demo);
      pressCtrlC(demo);
      assert.equal(await endOf(demo), 130, demo.text);
      assert.doesNotMatch(demo.text, /Ctrl-C ends|rror/);
    });
  }
}

describe('npm start', () => itLeavesNothing(['start'], Object.keys(ENDS)));

describeNeeding(['micropython'], 'npm run board, with MicroPython', () =>
  itLeavesNothing(
    ['run', 'board'],
    ['of three quick Ctrl-C', 'all that the terminal knows of is killed', 'the demo itself is killed'],
  ),
);

describe('A demo that hangs', () => {
  const resources = resourcesOfEachTest();

  it('is ended by force ten seconds after a Ctrl-C', async function () {
    this.timeout(60_000);
    const demo = await resources.use(DemoProcess.start(['start']));
    await demo.said(/Ctrl-C ends/);
    demo.signalOne(INNER, 'SIGSTOP');
    demo.signalAll('SIGINT');
    assert.equal(await endOf(demo), 130);
    assert.match(demo.text, /^The demo has not ended within 10 s: it is ended by force\.$/m);
  });
});
