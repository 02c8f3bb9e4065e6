import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { messageOf } from '../../lib/error-message';
import { BadInput } from './bad-input';

/** Reads one typed input of a node; a promise only where that may take time, or was not possible. */
export type Reader = (message: NodeMessage) => unknown;

/** These need a callback: they may be stored elsewhere, or take their time. */
const slowTypes = new Set(['jsonata', 'flow', 'global']);
/** What they give does not change while the node lives. */
const constantTypes = new Set(['str', 'num', 'bool']);
/** A property of the message itself, whose name needs no parsing. */
const plainName = /^[A-Za-z_]\w*$/;

/**
 * How to read what the user has chosen in a typed input.
 * What can be settled here is not done again for each message: Node-RED parses every property anew.
 * @param name of the input, for people
 */
export function reader(RED: NodeAPI, node: Node, name: string, type: string, value: string): Reader {
  const evaluate = RED.util.evaluateNodeProperty;
  if (type === 'msg' && plainName.test(value)) {
    return (message) => {
      try {
        return (message as unknown as Record<string, unknown>)[value];
      } catch (error) {
        return Promise.reject(unreadable(name, type, value, error));
      }
    };
  }
  if (constantTypes.has(type)) {
    const constant: unknown = evaluate(value, type, node, {} as NodeMessage);
    return () => constant;
  }
  if (slowTypes.has(type)) {
    return (message) =>
      new Promise((resolve, reject) => {
        const refuse = (error: unknown) => reject(unreadable(name, type, value, error));
        try {
          evaluate(value, type, node, message, (error, result) => (error ? refuse(error) : resolve(result)));
        } catch (error) {
          refuse(error);
        }
      });
  }
  return (message) => {
    try {
      if (type === 'env') refuseUnset(value, (one) => evaluate(one, type, node, message));
      return evaluate(value, type, node, message);
    } catch (error) {
      // Not thrown: other inputs may be on their way, and someone has to wait for all of them.
      return Promise.reject(unreadable(name, type, value, error));
    }
  };
}

/** What is not set would be an empty text, or missing in a longer one. @throws Error naming it */
function refuseUnset(value: string, evaluate: (name: string) => unknown): void {
  const names = value.match(/\$\{[^}]+\}/g) ?? [value];
  const unset = names.find((name) => evaluate(name) === '');
  if (unset !== undefined) throw new Error(`the variable ${unset.replace(/^\$\{(.*)\}$/, '$1')} is not set, or empty`);
}

function unreadable(name: string, type: string, value: string, error: unknown): BadInput {
  return new BadInput(`The ${name} could not be read from ${type} ${value}: ${messageOf(error)}.`);
}
