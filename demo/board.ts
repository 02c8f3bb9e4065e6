import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Board, example } from '../test/peers/board';
import { type AedesBroker, startAedes } from '../test/peers/brokers';
import type { Inbox } from '../test/peers/inbox';
import { newest } from '../test/peers/micropython-builds';
import { BoardNarrator } from './board-narrator';
import { NodeRed } from './node-red';
import { type Own, play, type Resource } from './play';
import { type Say, sayVerdict, stopwatch, type Verdict } from './say';

/** Seconds of a trial here, where nobody wants to wait as long as a board does. */
const TRIAL_S = 15;
/** `ota.boot` gives a trial two starts. */
const START_S = TRIAL_S / 2;
/** Seconds of a start that `ota.boot` waits for. */
const BOARD_START_S = 120;

/** What `npm run board` plays: a broker, a board with ota.py on real MicroPython, and Node-RED with "Update a board". */
async function demo(own: Own): Promise<never> {
  newest.path(); // it may be missing: said before anything is started
  const say = stopwatch();
  const broker = await own(startAedes());
  say(`an MQTT broker runs at ${broker.url}`);
  const program = join((await own(temporaryFolder())).path, 'main.py');
  const lamp = await lampAt(broker);
  await writeFile(program, lamp);
  const flow = await exampleFlow(broker.port, program);
  const board = await own(Board.start({ files: { 'main.py': lamp }, timerSecond: (START_S * 1000) / BOARD_START_S }));
  narrate(board, broker, say);
  const hasEnded = board.untilItEnds();
  const nodeRed = await Promise.race([hasEnded, own(NodeRed.start(flow))]);
  const outputs = ['5142c434e24bca2a', 'be9405ed77b7d56c'];
  nodeRed.onInput<Verdict>(outputs, (verdict) => sayVerdict(verdict, say));
  say(`Node-RED runs with the example flow "Update a board": ${nodeRed.url}`);

  console.log(`\nThe board is called nightlamp; its flash is ${board.flash}`);
  console.log(`Change its program, ${program},`);
  console.log(`then open ${nodeRed.url} and press the button of the inject node. Break it, and see it come back:`);
  console.log(
    `a trial lasts ${TRIAL_S} s here, two starts of ${START_S} s (of ${BOARD_START_S} s on a board). Ctrl-C ends.\n`,
  );
  return hasEnded;
}

/** Says what the board does, step by step. */
function narrate(board: Board, broker: AedesBroker, say: Say): void {
  const narrator = new BoardNarrator('nightlamp', (ms) => (ms / 1000 / BOARD_START_S) * START_S, say);
  board.onLine = (line) => narrator.hearLine(line);
  void forEach(broker.subscribed, (topic) => narrator.hearSubscription(topic));
  void forEach(broker.packets, (publication) => narrator.hearPublication(publication));
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

async function forEach<Item>(inbox: Inbox<Item>, take: (item: Item) => void): Promise<never> {
  for (;;) take(await inbox.next());
}

void play(demo);
