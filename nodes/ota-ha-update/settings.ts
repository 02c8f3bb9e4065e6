import type { HaTopics } from '../../lib/home-assistant/topics';
import { BadInput } from '../shared/bad-input';

/** The properties of an `ota-ha-update` that say where it meets Home Assistant. */
export interface HaSettings {
  readonly prefix?: string;
  readonly baseTopic?: string;
}

/** @throws BadInput naming the property */
export function readHaTopics({ prefix = '', baseTopic = '' }: HaSettings): HaTopics {
  return {
    prefix: parseTopic('discovery prefix', prefix.trim() || 'homeassistant'),
    base: parseTopic('base topic', baseTopic.trim() || 'ota-push'),
  };
}

function parseTopic(what: string, topic: string): string {
  if (/^[^+#\0\s$/]+(\/[^+#\0\s/]+)*$/.test(topic)) return topic;
  throw BadInput.expected(`Expected the ${what} as levels split by /, without + # or space`, topic);
}
