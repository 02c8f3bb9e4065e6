import type { Outcome } from '../../lib/push/outcome';
import type { PushState } from '../../lib/push/state';
import { idOf, type Message } from '../shared/message';

/** The outputs of an `ota-push`, in the editor's order. */
enum Output {
  success = 0,
  noSuccess = 1,
}

/** The same message with the outcome in it, at its one output. */
export function toOutputs(message: Message, outcome: Outcome): (Message | null)[] {
  const outputs: (Message | null)[] = [null, null];
  outputs[outcome.code === null ? Output.success : Output.noSuccess] = withResult(message, outcome);
  return outputs;
}

/** A message that can't be changed, as Function nodes may make them, goes on as a copy. */
function withResult(message: Message, outcome: Outcome): Message {
  try {
    message.payload = outcome.result;
    message.ota = outcome;
    return message;
  } catch {
    return { ...message, payload: outcome.result, ota: outcome };
  }
}

/** A message of its own at the third output: how far a push is, and what is known of it. */
export function toProgress(message: Message, percent: number, facts: Readonly<PushState>): (Message | null)[] {
  const { id, target, ...rest } = facts;
  const ota = { id, result: null, code: null, message: null, remedy: null, target, ...rest };
  return [null, null, { _msgid: idOf(message), payload: percent, target, ota }];
}
