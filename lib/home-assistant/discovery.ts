import type { Release } from './release';
import { commandTopic, type HaTopics, stateTopic, uniqueId } from './topics';

/** What Home Assistant's MQTT update schema knows of a state; it drops a message whole that holds anything else. */
export interface EntityState {
  readonly installed_version: string;
  readonly latest_version: string;
  readonly in_progress: boolean;
  /** 0 to 100; null where that is not known. */
  readonly update_percentage: number | null;
}

/** What a press of Install publishes. */
export const installPayload = 'install';

/** Installed, but nobody knows what: so Home Assistant offers to install. Without a version there would be no button. */
export const unknownVersion = 'unknown';

/** Makes the entity known, with a device of its own. What is left out is cleared: a key that is null would be refused. */
export function discoveryOf(
  topics: HaTopics,
  target: string,
  { title, summary, url }: Pick<Release, 'title' | 'summary' | 'url'>,
): object {
  const id = uniqueId(topics.base, target);
  return {
    name: 'Firmware',
    unique_id: id,
    // Home Assistant tells two that look alike apart by itself.
    default_entity_id: `update.${target.toLowerCase().replace(/[^a-z0-9]+/g, '_')}_firmware`,
    device_class: 'firmware',
    state_topic: stateTopic(topics, target),
    command_topic: commandTopic(topics, target),
    payload_install: installPayload,
    retain: false,
    qos: 1,
    device: { identifiers: [id], name: target },
    origin: { name: 'node-red-contrib-ota-push' },
    ...(title && { title }),
    ...(summary && { release_summary: summary }),
    ...(url && { release_url: url }),
  };
}

/** The same, with another text in its dialog. */
export function withSummary(discovery: object, summary: string): object {
  return { ...discovery, release_summary: summary };
}
