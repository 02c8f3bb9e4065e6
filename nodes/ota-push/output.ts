import type { Outcome } from '../../lib/push/outcome';
import type { PushState } from '../../lib/push/state';
import type { Message } from '../shared/message';

/** The outputs of an `ota-push`, in the editor's order. */
enum Output {
  success = 0,
  noSuccess = 1,
}

/** The same message with the outcome in it, at its one output; a copy of one that a flow has frozen. */
export function toOutputs(message: Message, outcome: Outcome): (Message | null)[] {
  const answer = Object.isExtensible(message) ? message : { ...message };
  answer.payload = outcome.result;
  answer.ota = outcome;
  const outputs: (Message | null)[] = [null, null];
  outputs[outcome.code === null ? Output.success : Output.noSuccess] = answer;
  return outputs;
}

/** A message of its own at the third output: how far a push is, and what is known of it. */
export function toProgress({ _msgid }: Message, percent: number, facts: Readonly<PushState>): (Message | null)[] {
  const { id, target, ...rest } = facts;
  const ota = { id, result: null, code: null, message: null, remedy: null, target, ...rest };
  return [null, null, { _msgid, payload: percent, target, ota }];
}
