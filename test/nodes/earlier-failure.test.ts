import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type AedesBroker, freePort, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { type FlowSettings, haUpdateDefaults, place, type Received, TestFlow } from '../peers/test-flow';

const program = 'print("lamp version 2")\n';
const toOne = { filename: 'main.py', target: 'nightlamp' };

/** Answers by the path that was asked for. */
const answers: Readonly<Record<string, RequestListener>> = {
  '/main.py': (_request, response) => response.end(program),
  '/gone.py': (_request, response) => response.writeHead(404).end('404: Not Found'),
  '/ill.py': (_request, response) => response.writeHead(500).end('pass'),
  '/same.py': (_request, response) => response.writeHead(304).end(),
  '/moved.py': (_request, response) => response.writeHead(302, { location: '/main.py' }).end('pass'),
  '/nothing.py': (_request, response) => response.writeHead(204).end(),
  '/part.py': (_request, response) => response.writeHead(206, { 'content-range': 'bytes 0-4/23' }).end('pass\n'),
  '/half.py': (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write(program);
    setImmediate(() => response.destroy());
  },
};

describe('What a node that has failed sends on', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;
  let url: string;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    device = await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
    const server = createServer((request, response) => answers[request.url ?? '']?.(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    resources.defer(() => server.close());
    resources.defer(() => server.closeAllConnections());
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  /** A flow with this node before the one that pushes. */
  async function start(before: Record<string, unknown>, more: Partial<FlowSettings> = {}): Promise<void> {
    flow = await resources.use(
      TestFlow.start({
        broker,
        server: { advertise: '127.0.0.1' },
        coreNodes: [
          'network/21-httprequest',
          'function/90-exec',
          'function/10-function',
          'function/15-change',
          'storage/10-file',
        ],
        ...more,
        more: [{ id: 'before', ...place, wires: [['push']], ...before }, ...(more.more ?? [])],
      }),
    );
  }

  const send = (message: Record<string, unknown>) => flow.node('before').receive({ ...toOne, ...message } as never);

  async function result(message: Record<string, unknown>): Promise<Received> {
    send(message);
    return flow.ends.next();
  }

  async function assertRefused(message: Record<string, unknown>, says: RegExp): Promise<void> {
    const { output, ota, error } = await result(message);
    assert.match(error?.message ?? '', says);
    assert.deepEqual([output, ota.code], [0, 'bad_input']);
    assert.deepEqual(broker.published.all, []);
  }

  async function assertPushed(message: Record<string, unknown>): Promise<void> {
    const { payload, error } = await result(message);
    assert.equal(payload, 'success', error?.message);
    assert.equal(String(device.files.get('main.py')), program);
  }

  const request = { type: 'http request', method: 'GET', ret: 'txt' };
  const command = { type: 'exec', command: '', addpay: 'payload', append: '', useSpawn: 'false', timer: '' };
  const readFile = { type: 'file in', filename: 'path', filenameType: 'msg', format: '', sendError: true };

  for (const ret of ['txt', 'bin']) {
    it(`is no file: an http request to a server that is down, as ${ret}`, async () => {
      await start({ ...request, ret });
      const dead = `http://127.0.0.1:${await freePort()}/main.py`;
      await assertRefused({ url: dead }, /an HTTP request before has failed: msg\.statusCode is ECONNREFUSED\./);
    });
  }

  const failures: [path: string, what: string, says: RegExp][] = [
    [
      '/gone.py',
      'was answered 404',
      /an HTTP request before has failed: msg\.statusCode is 404\. .* delete msg\.statusCode/,
    ],
    ['/ill.py', 'was answered 500 and a text that compiles', /failed: msg\.statusCode is 500\./],
    ['/half.py', 'broke off', /failed: msg\.statusCode is E\w+\./],
    ['/same.py', 'found nothing new', /an HTTP request before has brought none: msg\.statusCode is 304\./],
    ['/moved.py', 'was to follow no redirection', /brought none: msg\.statusCode is 302\./],
    ['/nothing.py', 'was answered without a content', /brought none: msg\.statusCode is 204\./],
    ['/part.py', 'was answered with a part', /brought a part of one: msg\.statusCode is 206\./],
  ];
  for (const [path, what, says] of failures) {
    it(`is no file: an http request that ${what}`, async () => {
      await start(request);
      await assertRefused({ url: url + path, followRedirects: false, filename: 'lamp.txt' }, says);
    });
  }

  it('is no file where it was a host that nobody knows', async () => {
    await start(request);
    await assertRefused({ url: 'http://nobody.invalid/' }, /failed: msg\.statusCode is E\w+\./);
  });

  const commands: [what: string, payload: string, says: RegExp][] = [
    [
      'that has failed in the middle',
      'printf pass; exit 3',
      /a command before has failed: msg\.rc is 3, Command failed/,
    ],
    ['that nobody has', 'no-such-command-anywhere', /failed: msg\.rc is 127, /],
    ['that was killed', 'printf pass; kill -9 $$', /failed: msg\.rc is SIGKILL, .* delete msg\.rc before\./],
    ['that printed too much', 'yes pass | head -c 20000000', /failed: msg\.rc is ERR_CHILD_PROCESS_STDIO_MAXBUFFER, /],
  ];
  for (const [what, payload, says] of commands) {
    it(`is no file: a command ${what}`, async () => {
      await start(command);
      await assertRefused({ payload }, says);
    });
  }

  it('is no file: the words of a command that has failed', async () => {
    await start({ ...command, wires: [[], ['push']] });
    await assertRefused({ payload: 'echo pass >&2; exit 1' }, /failed: msg\.rc is 1, /);
  });

  it('is no file: a file that could not be read', async () => {
    await start(readFile);
    await assertRefused(
      { path: '/nowhere/main.py', payload: program },
      /a node before has failed: msg\.error is .*ENOENT/,
    );
  });

  it('is no file: what a Catch node hands on, be it the bytes of before', async () => {
    const failing = { type: 'function', name: 'unpack', func: 'throw new Error("no lamp");', outputs: 1 };
    await start(failing, { watched: ['before', 'push'] });
    const { output: _output, ...caught } = await result({ payload: program });
    assert.equal(caught.payload, program);
    const { error } = await flow.push(caught);
    const says =
      /the function node "unpack" before has failed: msg\.error is "Error: no lamp.* delete msg\.error before\./;
    assert.match(error?.message ?? '', says);
    assert.deepEqual(broker.published.all, []);
  });

  it('is no file in a set: one of several messages that were joined', async () => {
    await start(request);
    const files = [
      { filename: 'lib/lamp.py', payload: 'pass' },
      { filename: 'main.py', payload: 'pass', statusCode: 404 },
    ];
    const says =
      /Entry 2 of msg\.files: Expected a file, but an HTTP request before has failed: msg\.files\[1\]\.statusCode is 404/;
    await assertRefused({ url: `${url}/main.py`, files }, says);
  });

  it('is rolled out to nobody', async () => {
    await start(request, { rollout: {} });
    await assertRefused({ url: `${url}/gone.py`, targets: ['nightlamp'] }, /msg\.statusCode is 404/);
  });

  it('is not offered as a release', async () => {
    const ha = { id: 'ha', ...place, type: 'ota-ha-update', server: 'server', ...haUpdateDefaults, wires: [[]] };
    const userDir = await temporaryFolder(resources, 'ha-update');
    await start({ ...request, wires: [['ha']] }, { userDir, watched: ['ha'], more: [ha] });
    send({ url: `${url}/gone.py` });
    assert.match((await flow.caught.next()).error?.message ?? '', /msg\.statusCode is 404/);
    assert.deepEqual(broker.published.all, []);
  });

  it('is a file where nothing has failed: what an http request has brought', async () => {
    await start(request);
    await assertPushed({ url: `${url}/main.py` });
    await assertPushed({ url: `${url}/moved.py` });
  });

  for (const oldrc of [false, true]) {
    it(`is a file where nothing has failed: what a command has printed${oldrc ? ', in the old style' : ''}`, async () => {
      await start({ ...command, oldrc });
      await assertPushed({ payload: `printf '${program.replace('\n', '\\n')}'` });
    });
  }

  it('is a file where nothing has failed: what was read', async () => {
    const folder = await temporaryFolder(resources, 'read');
    const path = join(folder, 'main.py');
    await writeFile(path, program);
    await start({ ...readFile, wires: [['push']] });
    await assertPushed({ path });
  });

  it('is a file once a change node has deleted what told of the failure', async () => {
    const rules = [
      { t: 'delete', p: 'statusCode', pt: 'msg' },
      { t: 'set', p: 'payload', pt: 'msg', to: program, tot: 'str' },
    ];
    const change = { id: 'change', ...place, type: 'change', rules, wires: [['push']] };
    await start({ ...request, wires: [['change']] }, { more: [change] });
    await assertPushed({ url: `${url}/gone.py` });
  });

  for (const [what, rest] of Object.entries({
    'an answer that is still to be given': { statusCode: 303, headers: { location: '/' } },
    'a status as a text': { statusCode: '200' },
    'an rc that is no command’s': { rc: 'remote control' },
    'an error that there is not': { error: null },
    'no error': { error: false },
    'an error without words': { error: '' },
  })) {
    it(`is a file where nothing has failed: ${what}`, async () => {
      await start({ type: 'function', func: 'return msg;', outputs: 1 });
      await assertPushed({ payload: program, ...rest });
    });
  }
});
