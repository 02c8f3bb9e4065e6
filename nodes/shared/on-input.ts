import { isNativeError } from 'node:util/types';
import type { Node } from 'node-red';
import { isTooDeep, maxDepth } from '../../lib/depth';
import { messageOf } from '../../lib/error-message';
import { BadInput } from './bad-input';
import { idOf, type Message, propertiesOf, propertyOf } from './message';

/** Sends messages, one per output or a list of them. */
export type Send = (messages: (Message | null)[]) => void;

/** Answers a message. What it throws, or rejects with, is what is wrong. */
export type Run = (message: Message, send: Send) => Promise<void>;

type Done = (error?: Error) => void;

/**
 * Answers each message by `run`; what goes wrong in it goes to Catch nodes, and `done` is called once.
 * Not an async listener: one that throws takes Node-RED down.
 */
export function onInput(node: Node, run: Run, onBadInput: (code: BadInput['code']) => void): void {
  node.on('input', (message: Message, send: Send, done: Done) => {
    begun(run, message, send).then(
      () => report(node, message, done),
      (reason: unknown) => {
        const error = errorOf(reason);
        if (error instanceof BadInput) {
          note(message, error);
          onBadInput(error.code);
        }
        report(node, message, done, error);
      },
    );
  });
}

function begun(run: Run, message: Message, send: Send): Promise<void> {
  try {
    refuseDepth(message);
    return run(message, send);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Refuses a message that Node-RED could not copy for a Catch node or a second wire: what throws there is caught by nobody. It is
 * told of without what is nested so deep.
 */
function refuseDepth(message: Message): void {
  const deep = propertiesOf(message).filter((property) => isTooDeep(propertyOf(message, property)));
  if (deep.length === 0) return;
  for (const property of deep) Reflect.deleteProperty(message, property);
  const [first] = deep;
  throw new BadInput(`Expected a message that can be copied, but msg.${first} is nested more than ${maxDepth} deep.`);
}

/** Node-RED before 4.1 hands Catch nodes the error without its code: so the message says it too. */
function note(message: Message, { code, message: text }: BadInput): void {
  try {
    Reflect.set(message, 'ota', { result: null, code, message: text });
  } catch {
    // It refuses to be changed by throwing: the error itself still says it.
  }
}

/** Calls `done`. Where the message can't be copied for those who listen, they get one that tells as much without it. */
function report(node: Node, message: Message, done: Done, error?: Error): void {
  try {
    done(error);
  } catch (uncopied) {
    const told = error ?? new Error(`The message could not be copied: ${messageOf(uncopied)}`);
    const fresh: Message = { _msgid: idOf(message) };
    if (told instanceof BadInput) note(fresh, told);
    node.error(told, fresh);
  }
}

/** What was thrown may be anything; without an error `done` would say that all is well. */
function errorOf(reason: unknown): Error {
  return isNativeError(reason) && isReadable(reason) ? reason : new Error(messageOf(reason));
}

/** Whether all of it can be read that Node-RED reads of an error: what throws there is caught by nobody. */
function isReadable(error: Error): boolean {
  try {
    for (const property of ['message', 'stack', 'code', 'cause']) Reflect.get(error, property);
    String(error);
    return true;
  } catch {
    return false; // It is told of by what can be read.
  }
}
