import { BadInput } from './bad-input';
import { parseTarget } from './validation';

/** A device of a rollout, with what its entry said besides. */
export type RolloutTarget = Readonly<Record<string, unknown>> & { readonly target: string };

/**
 * The devices of a rollout, each once: hostnames, or objects `{target, …}`.
 * @param targets as the message brings them
 * @param otherwise the devices where it brings none
 * @throws BadInput naming the entry
 */
export function readTargets(targets: unknown, otherwise: readonly string[] = []): Map<string, RolloutTarget> {
  if ((targets === undefined || targets === null) && otherwise.length > 0) return readTargets(otherwise);
  if (!Array.isArray(targets) || targets.length === 0) {
    throw BadInput.expected('Expected a list of hostnames, or of objects {target, …}, in msg.targets', targets);
  }
  const byHostname = new Map<string, RolloutTarget>();
  for (const [index, entry] of targets.entries()) {
    const read = BadInput.inEntry('msg.targets', index, () => readTarget(entry));
    if (!byHostname.has(read.target)) byHostname.set(read.target, read);
  }
  return byHostname;
}

function readTarget(entry: unknown): RolloutTarget {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return { target: parseTarget(entry) };
  return { ...entry, target: parseTarget((entry as { readonly target?: unknown }).target) };
}
