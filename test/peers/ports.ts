/** The ports that boards have in the field, as far as tests can be like them: docs/boards.md tells what was read of each. */

import type { BoardSettings } from './board';
import { esp8266, plain32Bit } from './micropython-builds';

export interface Port {
  readonly manners: Omit<BoardSettings, 'files'>;
  /** Whether its boards can have a guard. */
  readonly isGuarded: boolean;
}

/** Erases and writes that take as long as on most boards. */
const littlefs = { kind: 'VfsLfs2', pause: 5 } as const;
const fat = { kind: 'VfsFat', pause: 5 } as const;

const esp32 = { build: plain32Bit, platform: 'esp32', filesystem: littlefs } as const;

export const ports: Readonly<Record<string, Port>> = {
  'an ESP8266': { manners: { build: esp8266, platform: 'esp8266', filesystem: littlefs }, isGuarded: true },
  'an ESP8266 to 1.23': {
    manners: { build: esp8266, platform: 'esp8266', filesystem: littlefs, lwipWindow: 4 * 536 },
    isGuarded: true,
  },
  'an ESP32 to 1.24': { manners: { ...esp32, timers: 'shared' }, isGuarded: true },
  'an ESP32 from 1.25 to 1.28': { manners: { ...esp32, timers: 'hardware' }, isGuarded: true },
  'an ESP32 from 1.29 on': { manners: esp32, isGuarded: true },
  'an ESP32-C3 of 1.17': { manners: { ...esp32, timers: 'refused' }, isGuarded: false },
  'an ESP32-C3 of 1.22': { manners: { ...esp32, timers: 'panic' }, isGuarded: false },
  'a Pico W': { manners: { build: plain32Bit, platform: 'rp2', filesystem: littlefs }, isGuarded: true },
  'a Pico W to 1.23': {
    manners: { build: plain32Bit, platform: 'rp2', filesystem: littlefs, lwipWindow: 8 * 1460 },
    isGuarded: true,
  },
  'a Pico W with a slow flash': {
    manners: { build: plain32Bit, platform: 'rp2', filesystem: { ...littlefs, pause: 60 } },
    isGuarded: true,
  },
  'an stm32 without TLS': {
    manners: { build: plain32Bit, platform: 'pyboard', root: '/flash', filesystem: fat, hasSha1: false },
    isGuarded: true,
  },
  'a mimxrt': {
    manners: { build: plain32Bit, platform: 'mimxrt', root: '/flash', filesystem: littlefs },
    isGuarded: true,
  },
};
