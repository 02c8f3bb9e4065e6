import { says } from '../says';
import type { Release } from './release';
import { availabilityTopic, commandTopic, type HaTopics, stateTopic, uniqueId } from './topics';

/** What Home Assistant's MQTT update schema knows of a state; it drops a message whole that holds anything else. */
export interface EntityState {
  readonly installed_version: string;
  readonly latest_version: string;
  readonly in_progress: boolean;
  /** 0 to 100; null where that is not known. */
  readonly update_percentage: number | null;
}

/** What a press of Install publishes, and one of the button that goes back. */
export type Press = 'install' | 'previous';

/** What was pressed; undefined: nothing that we know. */
export function readPress(payload: Buffer): Press | undefined {
  return (['install', 'previous'] as const).find((press) => says(payload, press));
}

/** On the topic that says whether there is a version to go back to: Home Assistant's own words. */
export type Availability = 'online' | 'offline';

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
    default_entity_id: `update.${entityName(target)}_firmware`,
    device_class: 'firmware',
    state_topic: stateTopic(topics, target),
    command_topic: commandTopic(topics, target),
    payload_install: 'install' satisfies Press,
    retain: false,
    qos: 1,
    ...ofDevice(id, target),
    ...(title && { title }),
    ...(summary && { release_summary: summary }),
    ...(url && { release_url: url }),
  };
}

/** Makes the button known that goes back to the version before, on the page of the same device. @param name for people */
export function buttonDiscoveryOf(topics: HaTopics, target: string, name: string): object {
  const id = uniqueId(topics.base, target);
  return {
    name,
    unique_id: id,
    default_entity_id: `button.${entityName(target)}_previous_version`,
    icon: 'mdi:backup-restore',
    command_topic: commandTopic(topics, target),
    payload_press: 'previous' satisfies Press,
    availability_topic: availabilityTopic(topics, target),
    retain: false,
    qos: 1,
    ...ofDevice(id, target),
  };
}

function ofDevice(id: string, target: string): object {
  return { device: { identifiers: [id], name: target }, origin: { name: 'node-red-contrib-ota-push' } };
}

/** Home Assistant tells two that look alike apart by itself. */
function entityName(target: string): string {
  return target.toLowerCase().replace(/[^a-z0-9]+/g, '_');
}

/** The same, with another text in its dialog. */
export function withSummary(discovery: object, summary: string): object {
  return { ...discovery, release_summary: summary };
}
