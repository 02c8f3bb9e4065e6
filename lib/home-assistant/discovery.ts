import type { Release } from './release';

/** Where Home Assistant looks for entities, and where theirs and ours meet. */
export interface HaTopics {
  /** Home Assistant's discovery prefix. */
  readonly prefix: string;
  /** State and command topics live below it. */
  readonly base: string;
}

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

export function discoveryTopic({ prefix, base }: HaTopics, target: string): string {
  return `${prefix}/update/${uniqueId(base, target)}/config`;
}

export function stateTopic({ base }: HaTopics, target: string): string {
  return `${base}/update/${target}/state`;
}

/** @param target a hostname, or `+` for those of all devices */
export function commandTopic({ base }: HaTopics, target: string): string {
  return `${base}/update/${target}/install`;
}

/** The hostname in a command's topic. */
export function targetOf({ base }: HaTopics, topic: string): string | undefined {
  return topic.split('/')[base.split('/').length + 1];
}

/** Makes the entity known, with a device of its own. What is left out is cleared: a key that is null would be refused. */
export function discoveryOf(topics: HaTopics, target: string, { title, summary, url }: Release): object {
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

/**
 * Topics of discovery allow letters, digits, `_` and `-` only, and no two hostnames may be one: any other character, and
 * `_` itself, becomes `_` and its code. The base topic is in it, since two may serve one device.
 */
function uniqueId(base: string, target: string): string {
  return `${encoded(base)}__${encoded(target)}`;
}

function encoded(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
