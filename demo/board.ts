import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Board, example } from '../test/peers/board';
import { startAedes } from '../test/peers/brokers';
import { NodeRed } from './node-red';

/** What `npm run board` runs: a broker, a board with ota.py on real MicroPython, and Node-RED with "Update a board". */
async function main(): Promise<void> {
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const broker = await startAedes();
  const folder = await mkdtemp(join(tmpdir(), 'ota-push-board-'));
  const program = join(folder, 'main.py');
  const lamp = (await example('main.py'))
    .replace(/^BROKER = .*$/m, `BROKER = '${broker.host}'`)
    .replace(/^PORT = .*$/m, `PORT = ${broker.port}`);
  await writeFile(program, lamp);
  const board = await Board.start({ files: { 'main.py': lamp }, timerSecond: 1000 });
  board.onLine = (line) => console.log(`board │ ${line}`);
  const nodeRed = await NodeRed.start(await exampleFlow(broker.port, program));

  console.log(`\nThe board listens as nightlamp at ${broker.url}; its flash is ${board.flash}`);
  console.log(`Change its program, ${program},`);
  console.log(`then open ${nodeRed.url} and press the button of the inject node. Break it, and see it come back.`);
  console.log('Ctrl-C ends.\n');
  await interrupted;
  await nodeRed.stop();
  await board.stop();
  await broker.stop();
  await rm(folder, { recursive: true });
  process.exit(0);
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

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
