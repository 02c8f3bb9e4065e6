import assert from 'node:assert/strict';
import type { PythonChecker } from '../../../lib/check/python-checker';
import { resourcesOfSuite } from '../../peers/resources';
import { file, start, type Warnings } from './checker-stage';

const { version } = require('@micropython/micropython-webassembly-pyscript/package.json') as { version: string };

describe('Python that is checked before it is sent', function () {
  this.timeout(60_000);
  const suite = resourcesOfSuite();
  const warnings: Warnings = [];
  let checker: PythonChecker;

  before(async () => {
    checker = await suite.use(start(warnings));
  });

  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const utf16 = (text: string) => Buffer.from(text, 'utf16le');

  const fine: [what: string, content: string | Buffer, filename?: string][] = [
    ['a program', 'import machine\nmachine.Pin(2).on()\n'],
    ['lines that end as on Windows', 'x = 1\r\nif x:\r\n    print("x")\r\n'],
    ['Latin-1 in a comment and in a text', latin1('# grüß\nx = "grüß"\n')],
    ['UTF-8', 'größe = "größer"\n'],
    ['a file without a last line end', 'x = 1'],
    ['native code, for a compiler that the board has', '@micropython.native\ndef f(x):\n    return x\n'],
    ['viper code', 'import micropython\n\n@micropython.viper\ndef f(x: int) -> int:\n    return x\n'],
    ['inline assembler', '@micropython.asm_thumb\ndef f(r0):\n    mov(r0, r1)\n'],
    [
      'inline assembler of another board',
      'class A:\n    @micropython.asm_xtensa\n    def f(a2):\n        mov(a2, a3)\n',
    ],
    ['a module that the checker has not', 'import network, esp32, rp2\n'],
    ['an empty module', '', 'lib/__init__.py'],
    ['signs of print and rare spaces in comments and texts', "# “a\u00a0b”\nx = \"“\u200b”\"\n'''it’s\n\"–\"'''\n"],
    ['a text that goes on in the next line, with a sign of print', 'x = "a \\\r\n–"\r\ny = r"\\"–"\n'],
    ['a text with values, which hold texts', 'd = {}\nx = f"{d["–"]} {{–"\ny = f\'{1:>{2}}–\'\n'],
    ['a text that a quote behind two braces does not end', 'x = f"{{"""}–"\n'],
    ['a text whose value has a parenthesis that nothing closes', 's = ""\nprint(f"{s.strip(\'(\')}")\nx = {1: "–"}\n'],
    ['a text behind a word that ends as a prefix', 'x = 1\nif"{"==x:\n    y = "–"\n'],
    ['signs that are no letters, as a name', '🔥 = 1\n'],
    ['what is no Python, under another name', '{"led": 2', 'lamp.json'],
    ['bytecode', latin1('M\x06\0\0'), 'lamp.mpy'],
    ["bytecode of CircuitPython's", latin1('C\x06\0\0'), 'LAMP.MPY'],
  ];
  for (const [what, content, filename] of fine) {
    it(`passes: ${what}`, async () => {
      assert.equal(await checker.check([file(content, filename)]), undefined);
      assert.deepEqual(warnings, []);
    });
  }

  const broken: [what: string, content: string | Buffer, problem: string, filename?: string][] = [
    [
      'a colon that is missing',
      'import time\nwhile True\n    pass\n',
      'main.py does not compile, line 2: SyntaxError: invalid syntax, in "while True", says MicroPython VERSION.',
    ],
    [
      'a line that is indented too far, after Windows line ends',
      'x = 1\r\n  y = 2\r\n',
      'main.py does not compile, line 2: IndentationError: unexpected indent, in "y = 2", says MicroPython VERSION.',
    ],
    [
      'what only compiling finds',
      'def f():\n    pass\nbreak\n',
      `main.py does not compile, line 3: SyntaxError: 'break'/'continue' outside loop, in "break", says MicroPython VERSION.`,
    ],
    [
      'a page of a web server',
      '<!DOCTYPE html>\n<title>Log in</title>\n',
      'main.py does not compile, line 1: SyntaxError: invalid syntax, in "<!DOCTYPE html>", says MicroPython VERSION.',
    ],
    [
      'a line that is too long to show',
      `x = [${'1, '.repeat(100)}\n`,
      `main.py does not compile, line 2: SyntaxError: invalid syntax, says MicroPython VERSION.`,
    ],
    [
      'a decorator that no board has',
      '@micropython.natve\ndef f():\n    pass\n',
      'main.py does not compile, line 1: SyntaxError: invalid micropython decorator, in "@micropython.natve", says MicroPython VERSION.',
    ],
    [
      'what MicroPython has not',
      'x = "\\N{BULLET}"\n',
      'main.py does not compile: NotImplementedError: unicode name escapes, says MicroPython VERSION.',
    ],
    [
      'a byte order mark',
      '\ufeffprint("hello")\n',
      'main.py begins with a byte order mark (BOM), which MicroPython takes for a name: save it as UTF-8 without BOM.',
    ],
    ['UTF-16', utf16('print("hello")\n'), 'main.py is UTF-16 text, which MicroPython does not read: save it as UTF-8.'],
    [
      'UTF-16 with its mark',
      utf16('\ufeffprint("hello")\n'),
      'main.py is UTF-16 text, which MicroPython does not read: save it as UTF-8.',
    ],
    [
      'UTF-16 the other way round',
      utf16('\ufeffprint("hello")\n').swap16(),
      'main.py is UTF-16 text, which MicroPython does not read: save it as UTF-8.',
    ],
    [
      'a NUL byte, be it in a comment',
      'x = 1\n# a\0b\n',
      'main.py has a NUL byte in line 2: it is no Python, or was damaged on its way.',
    ],
    [
      'a no-break space, as web pages have them, that MicroPython takes for a part of a name',
      'x = 1\nprint(1,\u00a02)\n',
      'main.py has a space that Python does not know (U+00A0) in line 2, in "print(1,\u00a02)": MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.',
    ],
    [
      'a no-break space that its compiler stumbles over, without a word that shows why',
      'def f():\r\n\u00a0\u00a0\u00a0\u00a0return 1\r\n',
      'main.py has a space that Python does not know (U+00A0) in line 2, in "return 1": MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.',
    ],
    [
      'quotes as in print',
      'x = "“"\nprint(“hello”)\n',
      'main.py has “ (U+201C) in line 2, in "print(“hello”)": MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.',
    ],
    [
      'accents for quotes',
      'print(´hello´)\n',
      'main.py has ´ (U+00B4) in line 1, in "print(´hello´)": MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.',
    ],
    [
      'a sign that nobody sees',
      'x = f"{1}"\n\u200bprint(x)\n',
      'main.py has a sign that is not seen (U+200B) in line 2, in "\u200bprint(x)": MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.',
    ],
    [
      'a byte order mark between two files that were joined',
      'x = 1\n\ufeffprint(x)\n',
      'main.py has a sign that is not seen (U+FEFF) in line 2, in "print(x)": MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.',
    ],
    [
      'an error in another line than such a sign',
      'while True\nx–y\n',
      'main.py does not compile, line 1: SyntaxError: invalid syntax, in "while True", says MicroPython VERSION.',
    ],
    [
      'a file that cannot be compiled for want of a board, with such a sign',
      '@micropython.viper\ndef f():\n    pass\nx–y\n',
      'main.py has – (U+2013) in line 4, in "x–y": MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.',
    ],
    ['an empty main.py', '', 'main.py is empty: a board that starts with it takes no further update.'],
    [
      'an empty main.py whose name is in capitals, which is the same file on FAT',
      '',
      'MAIN.PY is empty: a board that starts with it takes no further update.',
      'MAIN.PY',
    ],
    [
      'a page of a web server for bytecode, though as Python it would do',
      'pass\n',
      'lamp.mpy is no bytecode of MicroPython, which begins with M: it is something else, or was damaged on its way.',
      'lamp.mpy',
    ],
    [
      'bytecode without a byte',
      '',
      'lamp.mpy is no bytecode of MicroPython, which begins with M: it is something else, or was damaged on its way.',
      'lamp.mpy',
    ],
    [
      'a boot.py of nothing but space',
      ' \r\n\t\n',
      'boot.py is empty: a board that starts with it takes no further update.',
      'boot.py',
    ],
    [
      'a file whose name is in capitals, as FAT has them',
      'def f(:\n',
      'LAMP.PY does not compile, line 1: SyntaxError: invalid syntax, in "def f(:", says MicroPython VERSION.',
      'LAMP.PY',
    ],
  ];
  for (const [what, content, problem, filename] of broken) {
    it(`is refused: ${what}`, async () => {
      const once = await checker.check([file(content, filename)]);
      const expected = problem.replace('VERSION', version);
      assert.equal(once, expected);
      assert.equal(checker.check([file(content, filename)]), expected, 'the second time it is known at once');
      assert.deepEqual(warnings, []);
    });
  }

  it('is not run', async () => {
    assert.equal(await checker.check([file('raise SystemExit\nwhile True: pass\n')]), undefined);
    assert.equal(await checker.check([file('x = 1 # after it\n')]), undefined);
  });

  it('is not what bytecode is: what is known of the same bytes under one name says nothing of the other', async () => {
    const python = file('C = 1\n');
    const bytecode = file('C = 1\n', 'lamp.mpy');
    assert.deepEqual(
      [await checker.check([python]), checker.check([bytecode]), checker.check([python, file('x', 'x.mpy')])],
      [
        undefined,
        undefined,
        'x.mpy is no bytecode of MicroPython, which begins with M: it is something else, or was damaged on its way.',
      ],
    );
  });

  it('is told of by its first broken file, by the name that it has in this set', async () => {
    const [good, bad, worse] = [file('x = 2\n', 'a.py'), file('x = (\n', 'lib/b.py'), file('x = )\n', 'c.py')];
    assert.match((await checker.check([good, bad, worse])) ?? '', /^lib\/b\.py does not compile/);
    assert.match((await checker.check([{ ...bad, filename: 'd.py' }])) ?? '', /^d\.py does not compile/);
  });

  it('is refused as Python only: the same bytes under a name that is none pass', async () => {
    const broken = file('x = [\n');
    assert.match((await checker.check([broken])) ?? '', /does not compile/);
    assert.equal(await checker.check([{ ...broken, filename: 'main.txt' }]), undefined);
  });

  it('is checked once: the last 100 contents are known at once', async () => {
    const files = Array.from({ length: 101 }, (_, number) => file(`x = ${number + 1000}\n`));
    for (const one of files) assert.ok(checker.check([one]) instanceof Promise);
    await checker.check([file('x = 0\n')]);
    const [first, ...others] = files;
    assert.equal(checker.check(others.slice(-99)), undefined);
    assert.ok(first && checker.check([first]) instanceof Promise);
  });

  it('is answered for in the order of the questions, be an answer known or not', async () => {
    const known = file('x = 3\n');
    await checker.check([known]);
    const order: string[] = [];
    const tell = (what: string) => () => order.push(what);
    await Promise.all([
      Promise.resolve(checker.check([file('x = 4\n')])).then(tell('new')),
      Promise.resolve(checker.check([known])).then(tell('known')),
      Promise.resolve(checker.check([file('', 'lamp.json')])).then(tell('no Python')),
    ]);
    assert.deepEqual(order, ['new', 'known', 'no Python']);
  });
});
