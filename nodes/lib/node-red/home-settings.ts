import type { HomeTopics } from '../home-assistant/discovery';
import { BadInput } from './bad-input';

/** The properties of an `ota-ha-update` that say where it meets Home Assistant. */
export interface HomeSettings {
  readonly prefix?: string;
  readonly baseTopic?: string;
}

/** @throws BadInput naming the property */
export function readHomeTopics({ prefix = '', baseTopic = '' }: HomeSettings): HomeTopics {
  return {
    prefix: checkedTopic('discovery prefix', prefix.trim() || 'homeassistant'),
    base: checkedTopic('base topic', baseTopic.trim() || 'ota-push'),
  };
}

function checkedTopic(what: string, topic: string): string {
  if (/^[^+#\0\s$/]+(\/[^+#\0\s/]+)*$/.test(topic)) return topic;
  throw BadInput.expected(`Expected the ${what} as levels split by /, without + # or space`, topic);
}
