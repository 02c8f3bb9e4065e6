import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a house is made of. */
export interface HouseSettings {
  /** Where its MQTT integration connects to, on this machine. */
  readonly brokerPort: number;
  /** A list of automations in YAML. */
  readonly automations?: string;
  /** More of configuration.yaml: further top-level keys. */
  readonly configuration?: string;
  /** More files of its config folder, such as blueprints. */
  readonly files?: Readonly<Record<string, string>>;
}

const BORN = '2026-01-01T00:00:00+00:00';

/** Writes what a first start finds: settled, and connected to the broker. @param port of its pages and its API */
export async function writeConfig(folder: string, port: number, settings: HouseSettings): Promise<void> {
  const { brokerPort, automations = '[]', configuration = '', files = {} } = settings;
  const all = {
    'configuration.yaml': `${configurationYaml(port)}${configuration}`,
    'automations.yaml': automations,
    '.storage/core.config_entries': stored('core.config_entries', 1, 5, { entries: [mqttEntry(brokerPort)] }),
    // The step that is left makes the user. The others would set up the weather and radios of the internet.
    '.storage/onboarding': stored('onboarding', 4, 1, { done: ['core_config', 'integration', 'analytics'] }),
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

function configurationYaml(port: number): string {
  return `
homeassistant:
  name: Test house
  country: DE
  time_zone: Europe/Berlin
http:
  server_host: 127.0.0.1
  server_port: ${port}
api:
websocket_api:
config:
frontend:
script:
automation: !include automations.yaml
logger:
  default: info
`;
}

/** A file of its own storage. */
function stored(key: string, version: number, minorVersion: number, data: object): string {
  return JSON.stringify({ key, version, minor_version: minorVersion, data });
}

/** What the dialog "Add integration" leaves behind. */
function mqttEntry(port: number): object {
  return {
    domain: 'mqtt',
    title: 'MQTT',
    entry_id: 'mqtt',
    unique_id: null,
    source: 'user',
    version: 1,
    minor_version: 2,
    data: { broker: '127.0.0.1', port, discovery: true },
    options: {},
    subentries: [],
    discovery_keys: {},
    disabled_by: null,
    pref_disable_new_entities: false,
    pref_disable_polling: false,
    created_at: BORN,
    modified_at: BORN,
  };
}
