import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Board, example } from '../test/peers/board';
import { type AedesBroker, startAedes } from '../test/peers/brokers';
import { micropythonPath } from '../test/peers/micropython-process';
import { NodeRed } from './node-red';
import { type Own, play, type Resource } from './play';
import { sayVerdict, stopwatch, type Verdict } from './say';

/** What `npm run board` plays: a broker, a board with ota.py on real MicroPython, and Node-RED with "Update a board". */
async function demo(own: Own): Promise<never> {
  micropythonPath(); // it may be missing: said before anything is started
  const say = stopwatch();
  const broker = await own(startAedes());
  say(`an MQTT broker runs at ${broker.url}`);
  const program = join((await own(temporaryFolder())).path, 'main.py');
  const lamp = await lampAt(broker);
  await writeFile(program, lamp);
  const board = await own(Board.start({ files: { 'main.py': lamp }, timerSecond: 1000 }));
  board.onLine = (line) => console.log(`board │ ${line}`);
  const hasEnded = board.untilItEnds();
  const nodeRed = await Promise.race([hasEnded, own(NodeRed.start(await exampleFlow(broker.port, program)))]);
  const outputs = ['5142c434e24bca2a', 'be9405ed77b7d56c'];
  nodeRed.onInput<Verdict>(outputs, (verdict) => sayVerdict(verdict, say));
  say(`Node-RED runs with the example flow "Update a board": ${nodeRed.url}`);

  console.log(`\nThe board is called nightlamp; its flash is ${board.flash}`);
  console.log(`Change its program, ${program},`);
  console.log(`then open ${nodeRed.url} and press the button of the inject node. Break it, and see it come back.`);
  console.log('Ctrl-C ends.\n');
  return hasEnded;
}

/** The program of the example, with this broker put in. */
async function lampAt({ host, port }: AedesBroker): Promise<string> {
  const lamp = await example('main.py');
  return lamp.replace(/^BROKER = .*$/m, `BROKER = '${host}'`).replace(/^PORT = .*$/m, `PORT = ${port}`);
}

/** The example, with this broker and file put in. */
async function exampleFlow(brokerPort: number, program: string): Promise<{ id: string }[]> {
  const text = await readFile(resolve(__dirname, '../examples/micropython/Update a board.json'), 'utf8');
  const nodes = JSON.parse(text) as { id: string; type: string; props?: { p: string }[] }[];
  return nodes.map((node) => {
    if (node.type === 'mqtt-broker') return { ...node, broker: '127.0.0.1', port: String(brokerPort) };
    if (node.type === 'ota-server') return { ...node, advertise: '127.0.0.1' };
    const props = node.props?.map((prop) => (prop.p === 'filename' ? { ...prop, v: program } : prop));
    return props ? { ...node, props } : node;
  });
}

async function temporaryFolder(): Promise<Resource & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'ota-push-board-'));
  return { path, stop: () => rm(path, { recursive: true, force: true }) };
}

void play(demo);
