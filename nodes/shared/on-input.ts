import type { Node } from 'node-red';
import { BadInput } from './bad-input';
import type { Message } from './message';

/** Sends messages, one per output or a list of them. */
export type Send = (messages: (Message | null)[]) => void;

/** Answers a message. What it throws, or rejects with, is what is wrong. */
export type Run = (message: Message, send: Send) => Promise<void>;

/**
 * Answers each message by `run`; what goes wrong in it goes to Catch nodes, and `done` is called once.
 * Not an async listener: one that throws takes Node-RED down.
 */
export function onInput(node: Node, run: Run, onBadInput: () => void): void {
  node.on('input', (message: Message, send: Send, done: (error?: Error) => void) => {
    begun(run, message, send).then(
      () => done(),
      (error: Error) => {
        if (error instanceof BadInput) {
          // Node-RED before 4.1 hands Catch nodes the error without its code: so the message says it too.
          if (Object.isExtensible(message)) message.ota = { result: null, code: error.code, message: error.message };
          onBadInput();
        }
        done(error);
      },
    );
  });
}

function begun(run: Run, message: Message, send: Send): Promise<void> {
  try {
    return run(message, send);
  } catch (error) {
    return Promise.reject(error);
  }
}
