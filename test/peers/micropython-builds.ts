/** The MicroPythons that devices run on in tests. */

import { path32Bit } from './micropython-32bit/installation';
import { describeNeeding } from './needing';
import { micropython, type PeerName, present } from './peers';

export interface MicroPythonBuild {
  /** As titles of tests call it. */
  readonly label: string;
  readonly peer: PeerName;
  /** The program. @throws Error with the command that gets it, where it is missing */
  readonly path: () => string;
  /** The form in which its boards have the module: source, or bytecode where there is no memory to compile it. */
  readonly module: 'ota.py' | 'ota.mpy';
  /** Whether it has threads, and no module `interrupt`. */
  readonly hasThreads: boolean;
  /** KB of heap that its boards have in tests that are not about memory. */
  readonly heap: number;
  /**
   * KB of the heap for what a board has in its ROM: umqtt.simple, machine, what runs boot.py (6 KB with 64 bits, 5 with 32),
   * and the next larger table of names, which their 63 names make MicroPython allocate in one piece.
   */
  readonly firmwareHeap: number;
  /** KB more of it where the ROM has asyncio and mqtt_as. */
  readonly mqttAsHeap: number;
}

/** The newest there is. Its 64 bits make objects half as large again as a board's. */
export const newest: MicroPythonBuild = {
  label: 'the newest MicroPython',
  peer: 'micropython',
  path: () => present(micropython(), 'micropython'),
  module: 'ota.py',
  hasThreads: true,
  heap: 288,
  firmwareHeap: 15,
  mqttAsHeap: 40,
};

/** One whose objects are as large as a board's. */
export const plain32Bit: MicroPythonBuild = {
  label: '32 bits',
  peer: 'micropython-32bit',
  path: () => path32Bit('plain'),
  module: 'ota.py',
  hasThreads: false,
  heap: 128,
  firmwareHeap: 10,
  mqttAsHeap: 30,
};

/** One that refuses what an ESP8266 refuses, with as much heap as that has. */
export const esp8266: MicroPythonBuild = {
  label: 'an ESP8266',
  peer: 'micropython-32bit',
  path: () => path32Bit('esp8266'),
  module: 'ota.mpy',
  hasThreads: false,
  heap: 38,
  firmwareHeap: 10,
  mqttAsHeap: 30,
};

/** Describes the same behaviour of a device on each build. */
export function describeOnEachBuild(
  needed: readonly PeerName[],
  title: string,
  define: (build: MicroPythonBuild) => void,
): void {
  for (const build of [newest, plain32Bit, esp8266]) {
    describeNeeding([build.peer, ...needed], `${title}, on ${build.label}`, () => define(build));
  }
}
