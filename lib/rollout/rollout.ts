import { randomUUID } from 'node:crypto';
import { Ending } from '../ending';
import type { Outcome } from '../push/outcome';
import { type RolloutReport, Tally } from './tally';
import { isTooMany, type Share } from './waves';

/** How a rollout ended: all had their turn, or too many failed, or somebody ended it. */
export type RolloutEnd = 'complete' | 'stopped' | 'cancelled';

/** How far a push is that was handed over: another push has the device's turn, it has it and waits for a place, or it goes on. */
export type Stage = 'blocked' | 'ready' | 'started';

export interface RolloutOptions {
  /** Hostnames, each once. */
  readonly targets: readonly string[];
  /** How many go first, second, …; they add up to all. */
  readonly waves: readonly number[];
  /** Milliseconds between waves; infinite: until it is told to go on. */
  readonly pauseMs: number;
  /** Failures at which no further device is started. */
  readonly stopAfter: Share | undefined;
  /** How many are handed over at once; the others take no more than their name's memory. */
  readonly concurrency: number;
  /** Pushes to one device. */
  readonly push: (target: string, ending: Ending, onStage: (stage: Stage) => void) => Promise<Outcome>;
  /** Called with each device as it ends. */
  readonly onOutcome: (target: string, outcome: Outcome) => void;
  /** Called when it moves on, is paused or goes on. */
  readonly onChange: () => void;
}

/** A device whose push was begun. */
interface HandedOver {
  stage: Stage;
  /** It was cancelled by the rollout, before it had started. */
  isTakenBack: boolean;
}

/** So many pushes are begun in one turn of the event loop: a thousand would keep everything else waiting. */
const maxPerTick = 16;

/** One file or set to many devices, wave by wave. */
export class Rollout {
  readonly id = randomUUID();
  readonly #options: RolloutOptions;
  readonly #tally: Tally;
  readonly #createdAt = performance.now();
  #startedAt: number | undefined;
  #pausedAt: number | undefined;
  #pausedMs = 0;
  /** Indexes of the wave's devices that were not handed over yet, in order. */
  #waiting: number[] = [];
  readonly #underWay = new Map<Ending, HandedOver>();
  /** How many of them another push holds up: they take no place from the others. */
  #blocked = 0;
  #wave = 0;
  #isPaused = false;
  #pauseTimer: NodeJS.Timeout | undefined;
  #end: Exclude<RolloutEnd, 'complete'> | undefined;
  #bug: unknown;
  #wakeUp: () => void = () => undefined;

  constructor(options: RolloutOptions) {
    this.#options = options;
    this.#tally = new Tally(options.targets, options.waves);
  }

  /** The number of the wave that is under way, from 1; 0 before. */
  get wave(): number {
    return this.#wave;
  }

  get waves(): number {
    return this.#options.waves.length;
  }

  /** How many devices it is for. */
  get total(): number {
    return this.#options.targets.length;
  }

  /** How many of them have ended. */
  get ended(): number {
    return this.#tally.ended;
  }

  /** How many of them have failed. */
  get failures(): number {
    return this.#tally.failures;
  }

  /** Somebody has ended it, or its failures have. */
  get isEnding(): boolean {
    return this.#end !== undefined;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Resolves when the last device under way has ended. */
  async run(): Promise<RolloutEnd> {
    this.#startedAt = performance.now();
    let from = 0;
    for (const size of this.#options.waves) {
      if (from > 0) await this.#pauseBetween();
      if (this.#end) break;
      this.#wave += 1;
      this.#waiting = Array.from({ length: size }, (_, index) => from + index);
      from += size;
      this.#options.onChange();
      await this.#runWave();
    }
    this.#stopPause();
    if (this.#bug) throw this.#bug;
    const skipped = this.#tally.skipRest();
    return skipped === 0 && this.#end === 'stopped' ? 'complete' : (this.#end ?? 'complete');
  }

  /** What it has come to so far. */
  report(): RolloutReport {
    const now = performance.now();
    const paused = this.#pausedMs + (this.#pausedAt === undefined ? 0 : now - this.#pausedAt);
    return this.#tally.report(this.id, {
      queued: Math.round((this.#startedAt ?? now) - this.#createdAt),
      paused: Math.round(paused),
      total: Math.round(now - this.#createdAt),
    });
  }

  /** Starts no further device until it is told to go on. Pushes under way end; a device that only waits was not started. */
  pause(): void {
    if (this.#end) return;
    clearTimeout(this.#pauseTimer);
    if (this.#isPaused) return;
    this.#startPause();
    this.#takeBack('the rollout was paused');
  }

  /** Goes on at once, whatever it waits for. */
  continue(): void {
    if (!this.#isPaused) return;
    this.#stopPause();
    this.#changed();
  }

  /** Ends it, with the devices under way. @param reason completes "was cancelled: …" */
  cancel(reason: string): void {
    this.#end = 'cancelled';
    for (const ending of [...this.#underWay.keys()]) ending.abort(reason);
    this.#changed();
  }

  /** Begins as many as there may be at once, and goes on as they end. */
  async #runWave(): Promise<void> {
    while (this.#underWay.size > 0 || (this.#waiting.length > 0 && !this.#end)) {
      const changed = this.#change();
      for (let begun = 0; this.#mayBegin(); begun += 1) {
        if (begun === maxPerTick) {
          setImmediate(() => this.#changed());
          break;
        }
        void this.#begin(this.#waiting.shift() ?? 0);
      }
      await changed;
    }
  }

  #mayBegin(): boolean {
    const isHeld = this.#end !== undefined || this.#isPaused;
    return !isHeld && this.#waiting.length > 0 && this.#underWay.size - this.#blocked < this.#options.concurrency;
  }

  /** Never rejects. */
  async #begin(index: number): Promise<void> {
    const { targets, push, onOutcome } = this.#options;
    const target = targets[index] ?? '';
    const ending = new Ending();
    const state: HandedOver = { stage: 'ready', isTakenBack: false };
    this.#underWay.set(ending, state);
    const onStage = (stage: Stage) => this.#move(state, stage);
    try {
      const outcome = await push(target, ending, onStage);
      if (outcome.code === 'cancelled' && !state.isTakenBack && !this.#end) this.cancel('the OTA server was stopped');
      if (outcome.code === 'cancelled' && state.stage !== 'started') {
        this.#notStarted(index);
      } else {
        this.#tally.note(index, outcome.result);
        onOutcome(target, outcome);
        this.#judge();
      }
    } catch (error) {
      this.#bug ??= error;
      this.cancel('an error ended the rollout');
    } finally {
      if (state.stage === 'blocked') this.#blocked -= 1;
      this.#underWay.delete(ending);
      this.#changed();
    }
  }

  #move(state: HandedOver, stage: Stage): void {
    const before = this.#blocked;
    if (state.stage === 'blocked') this.#blocked -= 1;
    if (stage === 'blocked') this.#blocked += 1;
    state.stage = stage;
    if (this.#blocked !== before) this.#changed();
  }

  /** It goes back to its place in the list. */
  #notStarted(index: number): void {
    this.#waiting = [...this.#waiting, index].sort((one, other) => one - other);
  }

  #judge(): void {
    const { stopAfter, waves } = this.#options;
    if (this.#end || !isTooMany(stopAfter, this.#tally.failures, this.#tally.ended, waves[0] ?? 0)) return;
    this.#end = 'stopped';
    this.#takeBack('too many devices of the rollout have failed');
  }

  /** Who waits for a turn or a place was not started. */
  #takeBack(reason: string): void {
    for (const [ending, state] of [...this.#underWay]) {
      if (state.stage === 'started') continue;
      state.isTakenBack = true;
      ending.abort(reason);
    }
    this.#changed();
  }

  async #pauseBetween(): Promise<void> {
    const { pauseMs } = this.#options;
    if (this.#end || (pauseMs === 0 && !this.#isPaused)) return;
    if (!this.#isPaused) {
      this.#startPause();
      // Once somebody pauses it, the time being up is no reason to go on.
      if (Number.isFinite(pauseMs)) this.#pauseTimer = setTimeout(() => this.continue(), pauseMs);
    }
    this.#options.onChange();
    while (this.#isPaused && !this.#end) await this.#change();
    clearTimeout(this.#pauseTimer);
  }

  #startPause(): void {
    this.#isPaused = true;
    this.#pausedAt = performance.now();
  }

  #stopPause(): void {
    this.#isPaused = false;
    this.#pausedMs += this.#pausedAt === undefined ? 0 : performance.now() - this.#pausedAt;
    this.#pausedAt = undefined;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeUp = resolve;
    });
  }

  #changed(): void {
    this.#wakeUp();
    this.#options.onChange();
  }
}
