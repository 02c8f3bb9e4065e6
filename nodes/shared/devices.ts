import { BadInput } from './bad-input';
import { parseTarget } from './validation';

/** A device of a rollout, with what its entry said besides. */
export type Device = Readonly<Record<string, unknown>> & { readonly target: string };

/**
 * The devices of a rollout, each once: hostnames, or objects `{target, …}`.
 * @param targets as the message brings them
 * @param otherwise the devices where it brings none
 * @throws BadInput naming the entry
 */
export function readDevices(targets: unknown, otherwise: readonly string[] = []): Map<string, Device> {
  if ((targets === undefined || targets === null) && otherwise.length > 0) return readDevices(otherwise);
  if (!Array.isArray(targets) || targets.length === 0) {
    throw BadInput.expected('Expected a list of hostnames, or of objects {target, …}, in msg.targets', targets);
  }
  const devices = new Map<string, Device>();
  for (const [index, entry] of targets.entries()) {
    const device = BadInput.inEntry('msg.targets', index, () => readDevice(entry));
    if (!devices.has(device.target)) devices.set(device.target, device);
  }
  return devices;
}

function readDevice(entry: unknown): Device {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return { target: parseTarget(entry) };
  return { ...entry, target: parseTarget((entry as { readonly target?: unknown }).target) };
}
