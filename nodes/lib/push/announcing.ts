import { type Announcement, formatAnnouncement, formatSigned } from './announcement';
import type { Counters, UnderWay } from './means';
import type { PushFacts } from './outcome';

/** The announcement of a push in the basic form, once its port is open. */
export function basicText({ facts }: UnderWay): string {
  return formatAnnouncement(announcementOf(facts));
}

/** The same in the signed form, with a counter that the device has not seen yet (protocol 6.4). */
export async function signedText({ facts, job, offering }: UnderWay, key: string, counters: Counters): Promise<string> {
  offering.counter = await counters.next(job.target);
  return formatSigned(announcementOf(facts), { key, size: facts.size, counter: offering.counter });
}

function announcementOf({ host, port, filename, hash, reboot }: PushFacts): Announcement {
  if (host === null || port === null) throw new Error('no port is open');
  return { host, port, filename, hash, reboot };
}
