import type { Behaviour } from '../peers/simulated-device';

/** What a push is asked to wait for. */
export type Level = 'auto' | 'installed' | 'running';

/** Devices of one kind, and how pushes to them may end. */
export interface Kind {
  readonly behaviour: Behaviour;
  readonly verify: Level;
  /** Of the file that is pushed to them; any unless said. */
  readonly size?: number;
  /** The codes that are right; `null` is a success. */
  readonly codes: readonly (string | null)[];
  /** Why a device may have the file although the push was no success. */
  readonly differsSince?: string;
}

/** More than the kernels on both sides take in. */
const large = 8 * 1024 * 1024;
const small = 3800;
/** While a device reads on, the kernels take in more than they hold. */
const slowly = { pausesMsAfterEachRead: 5 };

const notKnown = 'the file was sent whole, and what a device does with it cannot be called back (protocol 2.6)';

/** Devices that do as the protocol asks. */
export const goodKinds = {
  plain: { behaviour: {}, verify: 'auto', codes: [null] },
  reporting: { behaviour: { reports: true }, verify: 'running', codes: [null] },
  slow: { behaviour: slowly, verify: 'auto', size: 200_000, codes: [null] },
} satisfies Readonly<Record<string, Kind>>;

/** Devices that do not, in every way that has a name. */
export const badKinds = {
  absent: { behaviour: { neverConnects: true }, verify: 'auto', codes: ['no_connection'] },
  late: { behaviour: { connectsAfterMs: 6000 }, verify: 'auto', codes: ['no_connection'] },
  stalling: { behaviour: { stallsAfterBytes: 1000 }, verify: 'auto', size: large, codes: ['stalled'] },
  breakingOff: { behaviour: { closesAfterBytes: 1000 }, verify: 'auto', size: large, codes: ['interrupted'] },
  talking: { behaviour: { talks: true, ...slowly }, verify: 'auto', size: large, codes: ['interrupted'] },
  endingFirst: { behaviour: { endsFirst: true, ...slowly }, verify: 'auto', size: large, codes: ['interrupted'] },
  neverClosing: {
    behaviour: { neverCloses: true },
    verify: 'auto',
    size: small,
    codes: ['stalled'],
    differsSince: `it never closed its side; ${notKnown}`,
  },
  afterScanner: { behaviour: { comesAfterScanner: true }, verify: 'auto', codes: [null] },
  twice: { behaviour: { comesTwice: true }, verify: 'auto', codes: [null] },
  silent: {
    behaviour: {},
    verify: 'installed',
    size: small,
    codes: ['not_verified'],
    differsSince: 'it was asked for a report, and gave none',
  },
  refusing: { behaviour: { keepsOldFile: true, reports: true }, verify: 'installed', codes: ['rejected'] },
  refusingSilently: { behaviour: { keepsOldFile: true }, verify: 'installed', codes: ['not_verified'] },
  takingBack: { behaviour: { reports: 'rolled_back' }, verify: 'running', codes: ['rejected'] },
  namingAnother: {
    behaviour: { keepsOldFile: true, reports: 'another_file' },
    verify: 'installed',
    codes: ['not_verified'],
  },
  nonsense: { behaviour: { keepsOldFile: true, reports: 'nonsense' }, verify: 'installed', codes: ['not_verified'] },
} satisfies Readonly<Record<string, Kind>>;

export const kinds: Readonly<Record<string, Kind>> = { ...goodKinds, ...badKinds };

/** Of each kind there are so many, so that pushes to them need not wait for each other. */
export const perKind = 4;

/** The hostname of a device: its kind, and which one of them it is. */
export function hostnameOf(kind: string, number: number): string {
  return `${kind}-${number % perKind}`;
}
