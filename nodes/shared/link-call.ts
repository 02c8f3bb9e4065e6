import type { NodeAPI, NodeDef } from 'node-red';
import { BadInput } from './bad-input';
import { parseTarget } from './validation';

/** What the editor saves of Node-RED's link nodes. */
interface LinkDef extends NodeDef {
  readonly linkType?: string;
}

/** Reads the hostname of the device that a message is for. @param place where it was looked for, for people @throws BadInput */
export type ParseTarget = (value: unknown, place?: string) => string;

/** A parser that says of what is no hostname where it may come from. */
export function targetParser(RED: NodeAPI): ParseTarget {
  return (value, place) => {
    try {
      return parseTarget(value, place);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      throw new BadInput(error.message + linkCallHint(RED, value));
    }
  };
}

/**
 * What to say of a hostname that is none where it may be the name of a link in node: a dynamic link call is told in
 * `msg.target` what to call, and leaves it there. Empty where it can't be.
 */
function linkCallHint(RED: NodeAPI, target: unknown): string {
  let isCalled = false;
  let isLinkIn = false;
  RED.nodes.eachNode(({ id, type, name, linkType }: LinkDef) => {
    isCalled ||= type === 'link call' && linkType === 'dynamic';
    isLinkIn ||= type === 'link in' && (name === target || id === target);
  });
  if (!isCalled || !isLinkIn) return '';
  return ' A dynamic link call has left there what it calls: set msg.target to the hostname after it.';
}
