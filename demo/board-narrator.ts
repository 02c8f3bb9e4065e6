import { parseReport, type Report } from '../lib/protocol/report';
import type { Publication } from '../test/peers/brokers';
import { BoardPrints } from './board-prints';
import type { Say } from './say';

/** Tells in words what a board does, from the lines that it prints and from what is published. */
export class BoardNarrator {
  readonly #hostname: string;
  readonly #secondsOf: (milliseconds: number) => number;
  readonly #say: Say;
  readonly #prints = new BoardPrints();
  /** What the board runs now. */
  #file: string | undefined;
  /** Seconds of the timer that is to restart the board; undefined where none runs. */
  #timer: number | undefined;
  #isOnTrial = false;
  /** Whether the timer's time is over. */
  #isOver = false;
  /** The last line of the traceback that was printed last, as long as nothing was printed after it. */
  #error: string | undefined;
  #isTraceback = false;

  /** @param secondsOf how long a time of the board's timer lasts here */
  constructor(hostname: string, secondsOf: (milliseconds: number) => number, say: Say) {
    this.#hostname = hostname;
    this.#secondsOf = secondsOf;
    this.#say = (text) => {
      this.#prints.startAnew();
      say(text);
    };
  }

  /** A line of the board: the hardware's begin with `@`, the others are its program's. */
  hearLine(line: string): void {
    const [event = '', argument = '', value] = line.split(' ');
    if (event === '@run') this.#onRun(argument);
    else if (event === '@timer') this.#onTimer(argument);
    else if (event === '@over') this.#onOver();
    else if (event === '@reset') this.#onReset();
    else if (event === '@prompt') this.#onEnd();
    else if (event === '@pin') this.#say(`the program switches pin ${argument} ${value === '1' ? 'on' : 'off'}`);
    else this.#onPrint(line);
  }

  /** Somebody subscribed to a topic. */
  hearSubscription(topic: string): void {
    if (topic === `${this.#hostname}/OTA`) this.#say(`the board is on the broker and listens on ${topic}`);
  }

  /** Somebody published something. */
  hearPublication({ topic, text }: Publication): void {
    if (topic === `${this.#hostname}/OTA`) this.#say(`Node-RED announces to the board: ${text}`);
    const report = topic === `${this.#hostname}/OTA/status` ? parseReport(Buffer.from(text)) : undefined;
    if (report) this.#say(`the board reports ${report.state}: ${meaningOf(report)}`);
  }

  #onRun(file: string): void {
    this.#file = file;
    this.#error = undefined;
    this.#isTraceback = false;
    if (file === 'boot.py') {
      this.#say('the board starts');
      this.#isOver = false;
      this.#isOnTrial = false;
      this.#timer = undefined;
      return;
    }
    this.#isOnTrial = this.#timer !== undefined;
    const trial = `, on trial: ${this.#timer} s to be back on the broker`;
    this.#say(`${file} runs${this.#isOnTrial ? trial : ''}`);
  }

  #onTimer(argument: string): void {
    this.#timer = argument === 'off' ? undefined : this.#secondsOf(Number(argument));
    if (this.#timer !== undefined || !this.#isOnTrial) return;
    this.#isOnTrial = false;
    this.#say('the trial is over: the new program keeps its place');
  }

  #onOver(): void {
    this.#isOver = true;
    this.#say(`the ${this.#timer} s are over: the timer restarts the board`);
  }

  #onReset(): void {
    if (this.#isOver) return;
    if (this.#file === 'boot.py') this.#say('boot.py takes the old files back: the new program had its two starts');
    this.#say('the board restarts');
  }

  #onEnd(): void {
    const what = this.#error ? `failed: ${this.#error}` : 'has ended';
    const isTimed = this.#timer !== undefined;
    this.#say(`${this.#file} ${what}; ${isTimed ? 'the timer will restart the board' : 'nothing restarts the board'}`);
    if (!isTimed)
      this.#say('it came after the trial, so that nothing takes it back: end this (Ctrl-C) and start it anew');
  }

  #onPrint(line: string): void {
    this.#prints.show(line);
    if (line.startsWith('Traceback ')) {
      this.#isTraceback = true;
    } else if (!line.startsWith('  ')) {
      this.#error = this.#isTraceback ? line : undefined;
      this.#isTraceback = false;
    }
  }
}

function meaningOf({ state, file, error }: Report): string {
  switch (state) {
    case 'installed':
      return `${file} is in its place, the old one is kept as ${file}.ota-old`;
    case 'running':
      return `the new ${file} works`;
    case 'rolled_back':
      return `the old ${file} is back`;
    case 'failed':
      return `${file} was not installed (${error}), the old one is untouched`;
  }
}
