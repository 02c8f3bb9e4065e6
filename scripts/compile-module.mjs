// Compiles a MicroPython module to bytecode, as boards without the memory to compile it need it: compile-module.mjs FROM TO.
// A program of its own, since the compiler ends the process that it runs in when it fails.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';

const [from, to] = process.argv.slice(2);

// Where there is a `fetch` it takes itself for a page, and fetches a path.
delete globalThis.fetch;
const { compile } = createRequire(import.meta.url)('@pybricks/mpy-cross-v6');

const { status, mpy, err } = await compile(basename(from), readFileSync(from, 'utf8'));
if (status === 0) writeFileSync(to, mpy);
else console.log(err.join('\n'));
process.exit(status);
