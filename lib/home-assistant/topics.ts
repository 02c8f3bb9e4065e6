/** Where Home Assistant looks for entities, and where theirs and ours meet. */
export interface HaTopics {
  /** Home Assistant's discovery prefix. */
  readonly prefix: string;
  /** State and command topics live below it. */
  readonly base: string;
}

/** The kinds of a device's entities, as Home Assistant calls them: its update, and the button that goes back. */
export type EntityKind = 'update' | 'button';

/** Where an entity is made known. */
export function discoveryTopic({ prefix, base }: HaTopics, target: string, kind: EntityKind = 'update'): string {
  return `${prefix}/${kind}/${uniqueId(base, target)}/config`;
}

/** The discovery topics of all entities of a kind in a house, those of other programs too. */
export function allDiscoveryTopics({ prefix }: HaTopics, kind: EntityKind): string {
  return `${prefix}/${kind}/+/config`;
}

/** @param target a hostname, or `+` for those of all devices */
export function stateTopic({ base }: HaTopics, target: string): string {
  return `${base}/update/${target}/state`;
}

/** @param target a hostname, or `+` for those of all devices */
export function commandTopic({ base }: HaTopics, target: string): string {
  return `${base}/update/${target}/install`;
}

/** Whether there is a version to go back to. */
export function availabilityTopic({ base }: HaTopics, target: string): string {
  return `${base}/update/${target}/previous`;
}

/** The topics of a device's button on which the broker keeps what it was sent. */
export function buttonTopics(topics: HaTopics, target: string): readonly string[] {
  return [discoveryTopic(topics, target, 'button'), availabilityTopic(topics, target)];
}

/**
 * All topics of a device on which the broker keeps what it was sent, in the order in which they are cleared: a state without discovery
 * would tell of a deletion, should the connection break in between.
 */
export function retainedTopics(topics: HaTopics, target: string): readonly string[] {
  return [stateTopic(topics, target), discoveryTopic(topics, target), ...buttonTopics(topics, target)];
}

/** The hostname in the topic of a state or a command. */
export function targetOf({ base }: HaTopics, topic: string): string | undefined {
  return topic.split('/')[base.split('/').length + 1];
}

/** The hostname in a topic of discovery; undefined where its entity has another base topic. */
export function targetOfDiscovery(topics: HaTopics, topic: string): string | undefined {
  const [id = ''] = topic.split('/').slice(-2);
  const [base, target] = id.split(separator);
  return base === encoded(topics.base) && target !== undefined ? decoded(target) : undefined;
}

/**
 * Topics of discovery allow letters, digits, `_` and `-` only, and no two hostnames may be one: any other character, and
 * `_` itself, becomes `_` and its code. The base topic is in it, since two may serve one device.
 */
export function uniqueId(base: string, target: string): string {
  return `${encoded(base)}${separator}${encoded(target)}`;
}

const separator = '__';

function encoded(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}

function decoded(text: string): string {
  const bytes = text.replace(/_([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
