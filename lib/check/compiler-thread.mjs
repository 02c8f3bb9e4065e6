// @ts-check
/**
 * The thread in which MicroPython compiles files: it says its version, then answers each file with how that went. Nothing of a
 * file is run. JavaScript, since a thread loads what is on the disk as it is.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { loadMicroPython } from '@micropython/micropython-webassembly-pyscript';

const pageBytes = 65_536;

/** Where MicroPython finds what it is to compile. */
const path = '/source';

const program = `
import io, sys

version = '.'.join(str(part) for part in sys.implementation[1][:3])

def check(size):
    try:
        with open('${path}', 'rb') as file:
            # Without the size it reads in ever larger pieces, which takes a hundred times as long.
            compile(file.read(size), '${path}', 'exec')
    except Exception as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        return text.getvalue()
    return ''
`;

/** What its compiler raises where no board would take the file either; the last one for what it knows, but has not. */
const refusals = new Set(['SyntaxError', 'IndentationError', 'NotImplementedError']);

/**
 * MicroPython's heap grows by itself; Node.js limits the memory of a thread's JavaScript only.
 *
 * @param {number} maxBytes of all WebAssembly in this thread
 */
function limitMemory(maxBytes) {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * pageBytes > maxBytes) throw new RangeError('out of memory');
    return grow.call(this, pages);
  };
}

/**
 * What came of it.
 *
 * @param {string} traceback of MicroPython; empty where all went well
 * @returns {import('./compiler.js').Finding}
 */
function findingOf(traceback) {
  if (traceback === '') return { kind: 'compiles' };
  const [, type = '', message = ''] = /^(\w+)(?:: (.*))?$/m.exec(traceback.trimEnd().split('\n').at(-1) ?? '') ?? [];
  // That it has not memory or stack enough says nothing about the file.
  if (!refusals.has(type)) return { kind: 'unknown', reason: `its compiler failed with ${type}` };
  const line = Number(/(?<=^ {2}File "\/source", line )\d+/m.exec(traceback)?.[0] ?? 0);
  return { kind: 'broken', error: message === '' ? type : `${type}: ${message}`, line };
}

limitMemory(workerData.maxBytes);
const { runPython, globals, FS } = await loadMicroPython({});
runPython(program);
/** @type {(size: number) => string} */
const check = globals.get('check');
parentPort?.on('message', (/** @type {Uint8Array} */ bytes) => {
  FS.writeFile(path, bytes);
  parentPort?.postMessage(findingOf(check(bytes.length)));
});
parentPort?.postMessage({ version: globals.get('version') });
