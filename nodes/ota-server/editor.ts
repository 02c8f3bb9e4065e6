import type { EditorNode, NodeDefinition } from '../shared/editor/editor-api';
import { textValidator } from '../shared/editor/validation';
import { readServerSettings, type ServerSettings } from './settings';

/** What the server answers: the key, or what is wrong with the question. */
interface KeyAnswer {
  readonly key?: string;
  readonly problem?: string;
}

const validator = (property: keyof ServerSettings) =>
  textValidator({ label: `ota-server.label.${property}`, error: `ota-server.errors.${property}` }, (text) =>
    readServerSettings({ [property]: text }),
  );

const defaultTopic = '{target}/OTA';
const defaultConcurrency = '100';

/** The key of one device, with the command that gives it to its board; the secret itself stays on the server. */
async function showKey(node: EditorNode): Promise<void> {
  const output = $('#ota-server-key');
  const request = {
    server: node.id,
    hostname: String($('#ota-server-key-hostname').val()).trim(),
    secret: $('#node-config-input-secret').val(),
  };
  try {
    const answer: KeyAnswer = await $.ajax({
      url: 'ota-server/device-key',
      type: 'POST',
      contentType: 'application/json',
      data: JSON.stringify(request),
    });
    const command = `mpremote exec "import ota; ota.set_key('${answer.key}', ${Date.now()})"`;
    output.text(answer.problem ? node._(`ota-server.keyProblem.${answer.problem}`) : command).show();
  } catch {
    // Answered only where the user may change flows.
    output.text(node._('ota-server.keyProblem.forbidden')).show();
  }
}

const definition: NodeDefinition = {
  category: 'config',
  defaults: {
    name: { value: '' },
    broker: { value: '', type: 'mqtt-broker', required: true },
    advertise: { value: '', validate: validator('advertise') },
    bind: { value: '', validate: validator('bind') },
    ports: { value: '', validate: validator('ports') },
    topic: { value: defaultTopic, validate: validator('topic') },
    allow: { value: '', validate: validator('allow') },
    concurrency: { value: defaultConcurrency, validate: validator('concurrency') },
    format: { value: 'basic' },
  },
  credentials: { secret: { type: 'password' } },
  paletteLabel() {
    return this._('ota-server.paletteLabel');
  },
  label() {
    const broker = RED.nodes.node(this.broker);
    const at = this.advertise || broker?.name || broker?.broker || '';
    return String(this.name || [this._('ota-server.paletteLabel'), at].filter(Boolean).join(' '));
  },
  oneditprepare() {
    const { allow, bind, topic, concurrency } = this;
    const isAsDropped = !allow && !bind && topic === defaultTopic && String(concurrency) === defaultConcurrency;
    const details = document.getElementById('ota-server-more') as HTMLDetailsElement | null;
    if (details) details.open = !isAsDropped;
    if (!this.format) $('#node-config-input-format').val('basic');
    $('#ota-server-key-show').on('click', () => void showKey(this));
  },
};

RED.nodes.registerType('ota-server', definition);
