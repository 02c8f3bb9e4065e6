import type { Job } from '../../lib/push/job';
import type { Outcome } from '../../lib/push/outcome';

/** The outcome of a push that was a success, but for what is given. */
export function outcomeOf(fields: Partial<Outcome> = {}): Outcome {
  return {
    id: 'push-1',
    result: 'success',
    code: null,
    message: `${fields.target ?? 'lamp'} took it.`,
    remedy: null,
    phase: 'done',
    verified: 'installed',
    target: 'lamp',
    filename: 'main.py',
    size: 4,
    hash: 'a'.repeat(40),
    reboot: true,
    topic: 'lamp/OTA',
    host: '127.0.0.1',
    port: 1233,
    device: '192.168.4.7',
    others: [],
    sent: 4,
    attempts: 1,
    durations: { queued: 0, connect: 0, transfer: 0, verify: 0, total: 0 },
    report: null,
    ...fields,
  } as Outcome;
}

/** One that was announced and came to nothing: nothing connected, but for what is given. */
export function failureOf(fields: Partial<Outcome> = {}): Outcome {
  return outcomeOf({
    result: 'timeout',
    code: 'no_connection',
    message: 'Nothing connected.',
    remedy: 'Check that the device is on.',
    phase: 'connect',
    verified: null,
    device: null,
    sent: 0,
    ...fields,
  } as Partial<Outcome>);
}

/** The jobs that it may have come of, as far as the device book looks at them: the same bytes in all files, unless said. */
export function jobsOf(
  { target, filename, hash, files }: Outcome,
  bytes: Buffer = Buffer.from('lamp'),
): readonly Job[] {
  return (files ?? [{ filename, hash }]).map((file) => ({ target, filename: file.filename, bytes }) as Job);
}
