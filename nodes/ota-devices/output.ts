import type { Device } from '../../lib/devices/device';
import type { DeviceChange } from '../../lib/devices/device-changes';
import type { Message } from '../shared/message';

/**
 * Output 1: the same message with the devices in it. Where some were asked for, its payload stays: it may be the file that they
 * are to have.
 */
export function toAnswer(message: Message, devices: readonly Device[], which: 'all' | 'some'): (Message | null)[] {
  const answer = {
    devices,
    targets: devices.map(({ target }) => target),
    ...(which === 'all' ? { payload: devices } : {}),
  };
  try {
    return [Object.assign(message, answer)];
  } catch {
    // A message that can't be changed, as Function nodes may make them, goes on as a copy.
    return [{ ...message, ...answer }];
  }
}

/** Output 2: a message of its own for each change. */
export function toChange(target: string, change: DeviceChange, device: Device | undefined): (Message | null)[] {
  return [null, { payload: device ?? null, target, change } as unknown as Message];
}
