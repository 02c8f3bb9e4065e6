import type { EditorNode, NodeDefinition, Validate } from '../shared/editor/editor-api';
import { linkHelp } from '../shared/editor/help-link';
import { canSign, editorSecretOf } from '../shared/editor/server-secret';
import { isVariable, textValidator } from '../shared/editor/validation';
import { unknownToEditor } from '../shared/unknown-credential';
import { prepareProbe } from './editor-probe';
import { secretWeakness } from './secret-strength';
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

const secretField = () => document.getElementById('node-config-input-secret') as HTMLInputElement | null;
const formatField = () => document.getElementById('node-config-input-format') as HTMLSelectElement | null;

/** Of the server in the open dialog what is typed there counts, and not what it was opened with. */
function secretOf(node: EditorNode): string {
  const field = secretField();
  return field && field.dataset.server === node.id ? field.value : editorSecretOf(node);
}

/** Validates that there is a secret to sign with. @param isSigned whether one is needed */
const secretValidator = (isSigned: (node: EditorNode, value: unknown) => boolean): Validate =>
  function (value, options) {
    if (canSign(secretOf(this)) || !isSigned(this, value)) return true;
    return options ? `${this._('ota-server.label.secret')}: ${this._('ota-server.errors.secret')}` : false;
  };

const defaultTopic = '{target}/OTA';
const defaultConcurrency = '100';
const defaultKeep = '3';

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
    output.text(answer.problem ? node._(`ota-server.keyProblem.${answer.problem}`) : command);
    $('#ota-server-key-copy').toggle(!answer.problem);
  } catch {
    // Answered only where the user may change flows.
    output.text(node._('ota-server.keyProblem.forbidden'));
    $('#ota-server-key-copy').hide();
  }
  $('#ota-server-key-answer').show();
}

/** Says what is short or guessable of a secret that was typed; nothing of one that the editor does not know. */
function showWeakness(node: EditorNode): void {
  const secret = String($('#node-config-input-secret').val());
  const isKnown = secret !== '' && secret !== unknownToEditor && !isVariable(secret);
  const weakness = isKnown ? secretWeakness(secret) : undefined;
  const hint = $('#ota-server-secret-hint');
  if (weakness) hint.text(node._(`ota-server.secretHint.${weakness}`)).show();
  else hint.hide();
}

/** A secret that nobody guesses: 32 random bytes, as 43 characters. */
function generateSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
}

/** Shows it, so that it can be copied: Node-RED does not show it again. */
function generate(node: EditorNode): void {
  $('#node-config-input-secret').attr('type', 'text').val(generateSecret()).trigger('change');
  $('#ota-server-secret-hint').text(node._('ota-server.secretHint.generated')).show();
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
    keep: { value: defaultKeep, validate: validator('keep') },
    format: { value: 'basic', validate: secretValidator((_node, format) => format === 'signed') },
  },
  credentials: {
    // Asked for in the open dialog only.
    secret: { type: 'password', validate: secretValidator(() => formatField()?.value === 'signed') },
  },
  paletteLabel() {
    return this._('ota-server.paletteLabel');
  },
  label() {
    const broker = RED.nodes.node(this.broker);
    const at = this.advertise || broker?.name || broker?.broker || '';
    return String(this.name || [this._('ota-server.paletteLabel'), at].filter(Boolean).join(' '));
  },
  oneditprepare() {
    const { allow, bind, topic, concurrency, keep = defaultKeep } = this;
    const areNumbersAsDropped = String(concurrency) === defaultConcurrency && String(keep) === defaultKeep;
    const isAsDropped = !allow && !bind && topic === defaultTopic && areNumbersAsDropped;
    const details = document.getElementById('ota-server-more') as HTMLDetailsElement | null;
    if (details) details.open = !isAsDropped;
    $('#node-config-input-secret').attr('data-server', this.id);
    linkHelp(this.type, 'node-config-dialog-edit-form');
    const format = $('#node-config-input-format');
    if (!this.format) format.val('basic');
    $('#node-config-input-keep').val(String(keep));
    const showSigned = () => {
      $('.ota-signed').toggle(format.val() === 'signed');
    };
    format.on('change', showSigned);
    showSigned();
    $('#node-config-input-secret').on('input', () => showWeakness(this));
    $('#ota-server-secret-generate').on('click', () => generate(this));
    $('#ota-server-key-copy').on('click', (event) => {
      RED.clipboard.copyText($('#ota-server-key').text(), $(event.currentTarget), 'clipboard.copyMessageValue');
    });
    prepareProbe(this);
    $('#ota-server-key-show').on('click', () => void showKey(this));
  },
};

RED.nodes.registerType('ota-server', definition);
