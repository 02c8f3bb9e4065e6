import type { Node, NodeAPI } from 'node-red';
import type { Job } from '../../lib/push/job';
import { BadInput } from './bad-input';
import { bringsSet, type FileSettings, type NamedFile, readFile, readFilename, readSet, refuseNoFile } from './files';
import { type ParseTarget, targetParser } from './link-call';
import type { Message } from './message';
import { placeOf } from './places';
import {
  type PushOptions,
  type PushSettings,
  PushTemplate,
  parseOptions,
  secretOf,
  type Template,
} from './push-template';
import { type CheckSettings, checkPython } from './python-check';
import { readRestored, readWanted } from './restore';
import type { ReadyServer } from './server-node';
import { type Reader, reader } from './typed-input';
import { refuseVariables } from './variables';

/** The properties of a node that say where its input comes from. */
export interface InputSettings extends FileSettings, PushSettings, CheckSettings {
  /** Of an `ota-push`. */
  readonly target?: string;
  readonly targetType?: string;
  readonly reboot: string;
  readonly rebootType: string;
  readonly timeout: string;
  readonly timeoutType: string;
}

type Source = 'target' | 'file' | 'filename' | 'reboot' | 'timeout';
type Values = Record<Source, unknown>;

/** Reads messages as the settings of one node say. */
export class Input {
  readonly #parseTarget: ParseTarget;
  readonly #settings: InputSettings;
  /** What is wrong with them is said when a message comes. */
  readonly #options: PushOptions | BadInput;
  readonly #read: Readonly<Record<Source, Reader>>;

  constructor(RED: NodeAPI, node: Node, settings: InputSettings) {
    const { target = 'target', targetType = 'msg' } = settings;
    const read = (source: Exclude<Source, 'target'>) =>
      reader(RED, node, source, settings[`${source}Type`], settings[source]);
    this.#parseTarget = targetParser(RED);
    this.#settings = settings;
    this.#options = orBadInput(() => {
      refuseVariables(settings);
      return parseOptions(settings);
    });
    this.#read = {
      target: reader(RED, node, 'target', targetType, target),
      file: read('file'),
      filename: read('filename'),
      reboot: read('reboot'),
      timeout: read('timeout'),
    };
  }

  /** Refuses a message where the settings are not to be used, or that cannot bring a file, whatever else is missing. @throws BadInput */
  refuse(message: Message): void {
    if (this.#options instanceof BadInput) throw this.#options;
    // The failure of a push is what a restore may follow.
    if (readWanted(message) === undefined) refuseNoFile(message, this.#settings);
  }

  /**
   * The push that a message asks for.
   * Without await where nothing in it takes time: a promise per property is what most of a small push would cost.
   * @throws BadInput saying what was expected and what came
   */
  readPush(message: Message, server: ReadyServer): Job[] | Promise<Job[]> {
    const values = this.#values(message, this.#read.target);
    return values instanceof Promise
      ? values.then((settled) => this.#toJobs(settled, message, server))
      : this.#toJobs(values, message, server);
  }

  /** What a message asks to be pushed to these devices. @throws BadInput saying what was expected and what came */
  readTemplate(message: Message, server: ReadyServer, targets: readonly string[]): Template | Promise<Template> {
    const values = this.#values(message, nothing);
    if (!(values instanceof Promise)) return this.#toTemplate(values, message, server, targets);
    return values.then((settled) => this.#toTemplate(settled, message, server, targets));
  }

  /** The device that a `msg.reset` names; undefined: all of them. @throws BadInput */
  readResetTarget(message: Message): string | undefined | Promise<string | undefined> {
    const value = this.#read.target(message);
    const parse = (target: unknown) => (isNamed(target) ? this.#parseTarget(target) : undefined);
    return value instanceof Promise ? value.then(parse) : parse(value);
  }

  #values(message: Message, target: Reader): Values | Promise<Values> {
    const { file, filename, reboot, timeout } = this.#read;
    // What a set of files makes needless is not asked for: a message that brings one may have neither.
    const isSet = bringsSet(message);
    const isRestored = readWanted(message) !== undefined;
    const values: Values = {
      target: target(message),
      file: isSet || isRestored ? undefined : file(message),
      filename: isSet ? undefined : filename(message),
      reboot: reboot(message),
      timeout: timeout(message),
    };
    return isSettled(values) ? values : allSettled(values);
  }

  #toJobs(values: Values, message: Message, server: ReadyServer): Job[] | Promise<Job[]> {
    const { target: place = 'target', targetType = 'msg' } = this.#settings;
    const target = this.#parseTarget(values.target, placeOf(targetType, place));
    const template = this.#toTemplate(values, message, server, [target]);
    return template instanceof Promise ? template.then((checked) => checked.jobsFor(target)) : template.jobsFor(target);
  }

  #toTemplate(
    values: Values,
    message: Message,
    server: ReadyServer,
    targets: readonly string[],
  ): Template | Promise<Template> {
    const wanted = readWanted(message);
    if (wanted === undefined) {
      const isSet = bringsSet(message);
      const files = isSet ? readSet(message) : [readFile(values.file, values.filename, message, this.#settings)];
      return this.#checked(this.#templateOf(files, isSet, values, server), message, server);
    }
    const filename = readFilename(values.filename, this.#settings);
    const templateOf = (bytes: Buffer) => this.#templateOf([{ filename, bytes }], false, values, server);
    const restored = readRestored(server.book, targets, filename, wanted, templateOf);
    return restored.then((files) => this.#checked(files, message, server));
  }

  #templateOf(
    files: readonly NamedFile[],
    isSet: boolean,
    { reboot, timeout }: Values,
    { signing, sharedBytes }: ReadyServer,
  ): PushTemplate {
    if (this.#options instanceof BadInput) throw this.#options;
    const secret = secretOf(this.#settings, signing);
    return new PushTemplate(files, isSet, secret, reboot, timeout, this.#options, sharedBytes);
  }

  #checked(template: Template, message: Message, { checker }: ReadyServer): Template | Promise<Template> {
    return checkPython(checker, template.files, message, this.#settings)?.then(() => template) ?? template;
  }
}

const nothing: Reader = () => undefined;

/** A reset without a device is for all of them. */
function isNamed(target: unknown): boolean {
  return target !== undefined && target !== null && target !== '';
}

function orBadInput<T>(read: () => T): T | BadInput {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadInput) return error;
    throw error;
  }
}

/** Nothing in it takes time. */
function isSettled({ target, file, filename, reboot, timeout }: Values): boolean {
  return !(
    target instanceof Promise ||
    file instanceof Promise ||
    filename instanceof Promise ||
    reboot instanceof Promise ||
    timeout instanceof Promise
  );
}

async function allSettled(values: Values): Promise<Values> {
  const settled = await Promise.all(Object.entries(values).map(async ([source, value]) => [source, await value]));
  return Object.fromEntries(settled) as Values;
}
