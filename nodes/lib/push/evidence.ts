import type { HostKind, Job, Means, Offering, Verify } from './means';

/** What was seen that tells one cause from another. */
export interface Evidence {
  /** Milliseconds without progress after which a phase was given up. */
  readonly timeoutMs: number;
  /** What was asked for, and the milliseconds that the device had for it since the delivery. */
  readonly verify: Verify['level'];
  readonly verifyTimeoutMs: number;
  readonly isSigned: boolean;
  readonly broker: string;
  /** False: the broker node waits for a message to connect. */
  readonly brokerConnectsByItself: boolean;
  readonly hostKind: HostKind;
  /** As configured: empty for any free port. */
  readonly ports: string;
  /** Addresses that tried to fetch the file and were not allowed to. */
  readonly refused: readonly string[];
  /** The broker has said that nobody listens on the topic (MQTT 5 only). */
  readonly nobodySubscribed: boolean;
  /** Our kernel has the whole file and our FIN: nobody can call them back (protocol 2.6). */
  readonly handedOver: boolean;
  /** In the words of whoever failed. */
  readonly cause: string;
}

/** What is known of a push that is given up. @param cause in the words of whoever failed */
export function evidenceOf(job: Job, { broker, portsText }: Means, offering: Offering, cause: string): Evidence {
  const { offer, host, nobodySubscribed } = offering;
  return {
    timeoutMs: job.timeoutMs,
    verify: job.verify.level,
    verifyTimeoutMs: job.verifyTimeoutMs,
    isSigned: job.key !== undefined,
    broker: broker.name,
    brokerConnectsByItself: broker.connectsByItself,
    hostKind: host?.kind ?? 'own',
    ports: portsText,
    refused: offer?.refused ?? [],
    nobodySubscribed,
    handedOver: offer?.last?.handedOver ?? false,
    cause,
  };
}
