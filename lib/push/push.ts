import type { Ending } from '../ending';
import { messageOf } from '../error-message';
import { type Announcement, formatAnnouncement, formatSigned } from '../protocol/announcement';
import type { Report } from '../protocol/report';
import { descriptorProblem } from '../transfer/descriptors';
import type { FileServer, TransferEnd } from '../transfer/file-server';
import type { Diagnostics } from './messages';
import { failed, type Outcome, succeeded } from './outcome';
import { PhaseTimer } from './phase-timer';
import type { AnnouncementListener, PushServices } from './services';
import { classifyReport, type PushSession } from './session';
import type { AttemptCode, Verified } from './state';
import { requiredLevels } from './verification';

/** Ends an attempt that has not succeeded. Anything else that is thrown on its way is a bug. */
class AttemptFailure extends Error {
  constructor(
    readonly code: AttemptCode,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
  }
}

/**
 * One attempt to push the file: announce, connect, transfer, verify. The file stays served: a further attempt goes on with it.
 * @param ending ends it as cancelled
 * @throws Error for bugs only: whatever devices, brokers and networks do is an outcome
 */
export function push(session: PushSession, services: PushServices, ending: Ending): Promise<Outcome> {
  return new Attempt(session, services).run(ending);
}

class Attempt implements AnnouncementListener {
  readonly #session: PushSession;
  readonly #services: PushServices;
  readonly #phases: PhaseTimer;
  /** What has ended the attempt: a timeout, the user, the broker, the device, a bug. The first reason counts. */
  #reason: unknown;
  #isOver = false;
  /** Rejects what is waited for now. */
  #interrupt: ((reason: unknown) => void) | undefined;
  /** Takes the announcement back, as far as that can be. */
  #withdraw: (() => void) | undefined;

  constructor(session: PushSession, services: PushServices) {
    this.#session = session;
    this.#services = services;
    this.#phases = new PhaseTimer(session, (code, timeoutMs) =>
      this.#fail(code, `no answer within ${timeoutMs / 1000} s`),
    );
  }

  async run(ending: Ending): Promise<Outcome> {
    const session = this.#session;
    const { state, job, verification, refusal } = session;
    const { broker, reports } = this.#services;
    const onCancel = () => this.#fail('cancelled', ending.reason);
    ending.onAbort(onCancel);
    verification.onReport = (report) => this.#onReport(report);
    try {
      if (ending.isAborted) throw new AttemptFailure('cancelled', ending.reason);
      if (refusal) {
        state.report = refusal;
        throw new AttemptFailure('rejected', refusal.error ?? refusal.state);
      }
      this.#phases.enter('announce');
      if (!broker.isOnline) await this.#brokerOnline();
      const fileServer = session.fileServer ?? (await this.#serveFile(ending));
      if (!broker.isOnline) await this.#brokerOnline(); // the port may have been waited for
      session.announcement ??= job.key === undefined ? formatAnnouncement(this.#announced) : await this.#sign(job.key);
      this.#announce(fileServer, session.announcement);
      this.#onConnected(await this.#until(fileServer.connected));
      this.#onTransferred(fileServer, await this.#until(fileServer.ended));
      const levels = requiredLevels(job, reports.lastOf(job.target, 'any') !== undefined);
      if (levels.length > 0) await this.#verified(levels);
      this.#stop();
      this.#noteOthers(fileServer);
      return succeeded(state);
    } catch (error) {
      this.#stop();
      if (error instanceof AttemptFailure) return this.#failed(error);
      throw error;
    } finally {
      ending.offAbort(onCancel);
    }
  }

  /** Nothing is handed to a client that is not connected (protocol 1.6). */
  async #brokerOnline(): Promise<void> {
    this.#phases.enter('announce', { code: 'broker_offline' });
    const stop = new AbortController();
    try {
      await this.#until(this.#services.broker.online(stop.signal));
    } finally {
      stop.abort();
    }
    this.#phases.enter('announce');
  }

  /** Before the announcement is published: a device resets itself when the connection is refused (protocol 1.7). */
  async #serveFile(ending: Ending): Promise<FileServer> {
    const session = this.#session;
    const { job, state } = session;
    const announced = this.#services.host();
    session.host = announced instanceof Promise ? await this.#until(announced) : announced;
    const { host } = session.host;
    let fileServer: FileServer;
    try {
      fileServer = await this.#services.serveFile(job, ending, state.port);
    } catch (error) {
      throw ending.isAborted
        ? new AttemptFailure('cancelled', ending.reason)
        : new AttemptFailure('listen_failed', error);
    }
    session.fileServer = fileServer;
    if (this.#isOver) throw this.#reason;
    // At another host or port than before it is another announcement.
    if (state.host !== host || state.port !== fileServer.port) session.announcement = undefined;
    state.host = host;
    state.port = fileServer.port;
    return fileServer;
  }

  /** What the announcement says. */
  get #announced(): Announcement {
    const { host, port, filename, hash, reboot } = this.#session.state;
    return { host: host ?? '', port: port ?? 0, filename, hash, reboot };
  }

  /** The announcement in the signed form, with a counter that the device has not seen yet (protocol 6.4). */
  async #sign(key: string): Promise<string> {
    const { job, state, verification } = this.#session;
    const counter = await this.#services.counters.next(job.target);
    verification.counter = counter;
    return formatSigned(this.#announced, { key, size: state.size, counter });
  }

  #announce(fileServer: FileServer, text: string): void {
    // It may have come between two attempts, or say now that it has the file.
    if (this.#session.verification.has('installed')) fileServer.markDelivered();
    if (!fileServer.isDelivered) this.#publish(text);
  }

  #publish(text: string): void {
    if (this.#isOver) return;
    const { state, job } = this.#session;
    this.#session.announcements += 1;
    if (state.phase === 'announce') this.#phases.limit({ duration: 'connect', code: 'publish_failed' });
    this.#withdraw = this.#services.broker.announce(state.topic, text, job.timeoutMs, this);
  }

  /** At once, not after an await: a report may follow in the same packet (protocol 5.4). */
  onAcknowledged(nobodySubscribed: boolean): void {
    const session = this.#session;
    session.verification.acceptReports();
    session.nobodySubscribed = nobodySubscribed;
    if (session.state.phase !== 'announce') return;
    this.#phases.enter('connect', { duration: 'connect', code: 'no_connection' });
  }

  onFailed(error: Error): void {
    if (this.#session.state.phase === 'announce') this.#fail('publish_failed', error);
  }

  #onConnected(device: string): void {
    const { state, verification } = this.#session;
    state.device = device;
    this.#phases.enter('transfer', { duration: 'transfer' });
    verification.acceptReports();
  }

  /** The idle time is each connection's own, so the whole takes as long as it takes. */
  #onTransferred(fileServer: FileServer, end: TransferEnd): void {
    const { state, job, announcements, verification } = this.#session;
    state.device = end.device;
    state.sent = end.sent;
    if (end.end === 'stalled') throw new AttemptFailure('stalled', 'it took no bytes');
    if (end.end === 'interrupted') throw new AttemptFailure('interrupted', end.cause);
    state.verified ??= 'delivered';
    verification.markDelivered();
    // A device that restarts before it is verified must not meet the announcement again (protocol 1.4).
    this.#withdraw?.();
    // A signed one may have to be announced once more, with a newer counter.
    if (announcements === 1 && job.key === undefined) fileServer.close();
  }

  /** Until the device has shown as much. */
  async #verified(levels: readonly Verified[]): Promise<void> {
    const { state, job, verification } = this.#session;
    this.#phases.enter('verify', { duration: 'verify', code: 'not_verified', timeoutMs: job.verifyTimeoutMs });
    for (const level of levels) {
      await this.#until(verification.reached(level));
      state.verified = level;
    }
  }

  /** A report on this push: good news moves it on, bad news ends it, whatever it is waiting for. */
  #onReport(report: Report): void {
    const { state, fileServer } = this.#session;
    const meaning = classifyReport(report, this.#session);
    if (meaning === 'stale') return;
    state.report = report;
    if (meaning === 'rejected') {
      this.#fail('rejected', report.error ?? report.state);
    } else if (meaning === 'installed') {
      state.verified = report.state === 'running' ? 'running' : 'installed';
      fileServer?.markDelivered();
    } else {
      this.#announceAgain(report.counter ?? 0).catch((error: unknown) => this.#end(error));
    }
  }

  /** Our counter was lost, or another sender's is ahead: goes on from the device's own (protocol 6.4). */
  async #announceAgain(counter: number): Promise<void> {
    const session = this.#session;
    session.hasGoneOn = true;
    session.verification.counter = counter + 1;
    const isBelievable = await this.#services.counters.goOnFrom(session.job.target, counter);
    if (!isBelievable || session.job.key === undefined) throw new AttemptFailure('rejected', 'replayed');
    session.announcement = await this.#sign(session.job.key);
    if (this.#isOver) return;
    // Somebody may be fetching the file already: then no connection is waited for.
    if (session.state.phase !== 'transfer') this.#phases.enter('announce');
    this.#publish(session.announcement);
  }

  /** What the promise brings, unless the attempt ends first. One promise is waited for at a time. */
  #until<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      if (this.#isOver) reject(this.#reason);
      promise.then(resolve, reject); // over or not: a rejection that nobody handles would end Node-RED
    });
  }

  #fail(code: AttemptCode, cause: unknown): void {
    this.#end(new AttemptFailure(code, cause));
  }

  /** Ends the attempt, whatever it waits for. The first reason wins. */
  #end(reason: unknown): void {
    if (this.#isOver) return;
    this.#reason = reason;
    this.#stop();
    this.#interrupt?.(reason);
  }

  /** From here on nothing is announced, counted or believed any more. */
  #stop(): void {
    this.#isOver = true;
    this.#session.verification.onReport = undefined;
    this.#phases.stop();
    this.#withdraw?.();
  }

  #noteOthers(fileServer: FileServer): void {
    const { state } = this.#session;
    state.others = state.device === null ? [] : fileServer.othersThan(state.device);
  }

  #failed({ code, message }: AttemptFailure): Outcome {
    const { state, fileServer } = this.#session;
    state.sent = Math.max(state.sent, fileServer?.last?.sent ?? 0);
    state.device ??= fileServer?.last?.device ?? null;
    if (fileServer) this.#noteOthers(fileServer);
    return failed(state, code, collectDiagnostics(this.#session, this.#services, message));
  }
}

/** What is known of an attempt that has failed. @param cause in the words of what failed */
function collectDiagnostics(
  { job, fileServer, host, nobodySubscribed, verification }: PushSession,
  { broker, reports, portsText }: PushServices,
  cause: string,
): Diagnostics {
  return {
    timeoutMs: job.timeoutMs,
    verify: job.verify.level,
    verifyTimeoutMs: job.verifyTimeoutMs,
    isSigned: job.key !== undefined,
    broker: broker.name,
    brokerConnectsByItself: broker.connectsByItself,
    hostKind: host?.kind ?? 'own',
    ports: portsText,
    refused: fileServer?.refused ?? [],
    noDescriptor: descriptorProblem(),
    hearsReports: reports.areHeard,
    nobodySubscribed,
    unsigned: verification.unsigned,
    isFlushed: fileServer?.last?.isFlushed ?? false,
    cause,
  };
}
