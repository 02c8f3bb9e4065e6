/** What the dialogs of OTA push and OTA rollout have in common. */

import { filenameProblem, hostnameProblem } from '../../../lib/protocol/names';
import { defaultVerifyTimeout, parseRetries, parseRetryDelayMs, parseTimeoutMs } from '../validation';
import { checkDefaults, prepareCheck } from './check-form';
import type { EditorNode, InputType, Properties, Validate } from './editor-api';
import { linkHelp } from './help-link';
import { completeHostname } from './known-hostnames';
import { countOutputs } from './outputs';
import { canSign, editorSecretOf, learnSecret } from './server-secret';
import { isTaken, isVariable } from './validation';

/** Their words are those of the OTA push. */
const catalogue = 'node-red-contrib-ota-push/ota-push:ota-push';

const anyText = ['msg', 'str', 'env', 'flow', 'global', 'jsonata'];
const typesOf = {
  target: anyText,
  file: ['msg', 'flow', 'global', 'jsonata'],
  filename: anyText,
  reboot: ['bool', 'msg', 'env', 'flow', 'global', 'jsonata'],
  timeout: ['num', 'msg', 'env'],
} as const;

export type TypedProperty = keyof typeof typesOf;

/** Where the value is typed in, and not brought by a message: by the type that says so. */
const checksOfFixed: Readonly<Record<string, Readonly<Record<string, (text: string) => boolean>>>> = {
  target: { str: (text) => hostnameProblem(text) === undefined },
  filename: { str: (text) => filenameProblem(text) === undefined },
  timeout: { num: (text) => isTaken(() => parseTimeoutMs('timeout', text)) },
};

/** The node in the open dialog: only its types are read from there; others may be checked meanwhile. */
let edited: EditorNode | undefined;

function problemOf(node: EditorNode, property: string): string {
  return `${node._(`${catalogue}.label.${property}`)}: ${node._(`${catalogue}.errors.${property}`)}`;
}

/** A subscription may hold wildcards, each as a level of its own. */
function isSubscription(text: string): boolean {
  return text.split('/').every((level, index, levels) => {
    return level === '+' || (level === '#' && index === levels.length - 1) || !/[+#\0]/.test(level);
  });
}

/**
 * Validates a number that is always typed in; nodes of an older version have none, and do as new ones.
 * @param parse throws where the run time would not take it
 */
export function numberValidator(property: string, parse: (text: string) => unknown): Validate {
  return function (value, options) {
    const text = String(value);
    if (value === undefined || isVariable(text) || isTaken(() => parse(text))) return true;
    return options ? problemOf(this, property) : false;
  };
}

/** Validates a topic of a subscription. @param isNeeded whether it may not be empty */
export function subscriptionValidator(property: string, isNeeded: (node: EditorNode) => boolean): Validate {
  return function (value, options) {
    const text = String(value || '');
    if (isSubscription(text) && (text !== '' || !isNeeded(this))) return true;
    return options
      ? `${this._(`${catalogue}.label.${property}`)}: ${this._(`${catalogue}.errors.onlineTopic`)}`
      : false;
  };
}

function needsOnlineTopic(node: EditorNode): boolean {
  return chosenIn(node, 'verify') === 'online';
}

function typeOf(node: EditorNode, property: string): unknown {
  return chosenIn(node, `${property}Type`);
}

/** Of the node in the open dialog what is typed or chosen there. */
function chosenIn(node: EditorNode, property: string): unknown {
  const field = node === edited ? fieldOf(property) : undefined;
  return field?.value || node[property];
}

function fieldOf(property: string): HTMLInputElement | null {
  return document.getElementById(`node-input-${property}`) as HTMLInputElement | null;
}

/** Validates the announcement's form: to sign takes a secret, which the server has. */
const formatValidator: Validate = function (value, options) {
  const server = value === 'signed' ? RED.nodes.node(chosenIn(this, 'server')) : null;
  if (server && !server.credentials) void validateLater(this, server);
  if (!server || canSign(editorSecretOf(server))) return true;
  return options ? problemOf(this, 'format') : false;
};

/** As soon as it is known whether the server has a secret. */
async function validateLater(node: EditorNode, server: EditorNode): Promise<void> {
  if (!(await learnSecret(server))) return;
  RED.editor.validateNode(node);
  RED.view.redraw();
}

/** Marks *signed* anew as soon as it is known whether the server that is chosen now has a secret. */
function watchSecret(): void {
  const format = $('#node-input-format');
  const look = async () => {
    const server = format.val() === 'signed' ? RED.nodes.node($('#node-input-server').val()) : null;
    if (server && !server.credentials && (await learnSecret(server))) format.trigger('change');
  };
  format.on('change', () => void look());
  $('#node-input-server').on('change', () => void look());
  void look();
}

/** What is wrong with a value typed in here, '' where nothing is; undefined where a message brings the value. */
function fixedProblem(node: EditorNode, property: string, text: string): string | undefined {
  const isRight = checksOfFixed[property]?.[String(typeOf(node, property))];
  if (!isRight) return undefined;
  return isRight(text) || isVariable(text) ? '' : problemOf(node, property);
}

/** Validates the value of a typed input. */
export function typedValidator(property: TypedProperty): Validate {
  return function (value, options) {
    const problem = fixedProblem(this, property, String(value));
    if (problem) return options ? problem : false;
    if (problem === '') return true;
    const label = this._(`${catalogue}.label.${property}`);
    return RED.utils.validateTypedProperty(String(value), typeOf(this, property), options && { label });
  };
}

export const fileDefaults = {
  file: { value: 'payload', validate: typedValidator('file') },
  fileType: { value: 'msg' },
  filename: { value: 'filename', validate: typedValidator('filename') },
  filenameType: { value: 'msg' },
} satisfies Properties;

/** What is folded away under "More". */
export const moreDefaults = {
  ...checkDefaults,
  reboot: { value: 'true', validate: typedValidator('reboot') },
  rebootType: { value: 'bool' },
  timeout: { value: '30', validate: typedValidator('timeout') },
  timeoutType: { value: 'num' },
  skipUnchanged: { value: false },
  retries: { value: '0', validate: numberValidator('retries', parseRetries) },
  retryDelay: { value: '5', validate: numberValidator('retryDelay', parseRetryDelayMs) },
  verify: { value: 'auto' },
  verifyTimeout: {
    value: String(defaultVerifyTimeout),
    validate: numberValidator('verifyTimeout', (text) => parseTimeoutMs('verify timeout', text)),
  },
  onlineTopic: { value: '', validate: subscriptionValidator('onlineTopic', needsOnlineTopic) },
  onlinePayload: { value: '' },
  format: { value: 'server', validate: formatValidator },
  progress: { value: false },
  outputs: { value: 2 },
} satisfies Properties;

/** Opens what is folded away where anything in it was changed. */
export function unfoldChanged(id: string, node: EditorNode, folded: Properties): void {
  const isChanged = Object.entries(folded).some(([property, { value }]) => {
    const own = node[property];
    return own !== undefined && String(own) !== String(value);
  });
  const details = document.getElementById(id) as HTMLDetailsElement | null;
  if (details) details.open = isChanged;
}

/** Shows rows only while another field makes them count. */
export function showWhile(rows: string, property: string, isShown: (value: string) => boolean): void {
  const field = $(`#node-input-${property}`);
  const show = () => {
    $(rows).toggle(isShown(String(field.val())));
  };
  field.on('change keyup', show);
  show();
}

/** Fills and wires the rows that are shared. @param typed the typed inputs of this dialog */
export function prepareForm(node: EditorNode, typed: readonly TypedProperty[], folded: Properties): void {
  edited = node;
  for (const property of typed) {
    const typeField = $(`#node-input-${property}Type`);
    $(`#node-input-${property}`).typedInput({ types: inputTypesOf(property), typeField });
    if (checksOfFixed[property]) showReason(node, property);
    if (typesOf[property] === anyText) keepNameToMessage(property);
  }
  // Nodes that were saved by an older version have not all of these.
  for (const [property, { value }] of Object.entries(folded)) {
    if (!node[property] && value) $(`#node-input-${property}`).val(String(value));
  }
  prepareCheck(node);
  linkHelp(node.type, 'dialog-form');
  watchSecret();
  countOutputs('progress', moreDefaults.outputs.value);
  showWhile('.ota-retried', 'retries', (retries) => retries !== '0');
  showWhile('.ota-online', 'verify', (verify) => verify === 'online');
  showWhile('.ota-verified', 'verify', (verify) => verify !== 'delivered');
}

/** A hostname that is typed in can be chosen of those that the server knows. */
function inputTypesOf(property: TypedProperty): readonly InputType[] {
  if (property !== 'target') return typesOf[property];
  const label = RED._('typedInput.type.str');
  const text = { value: 'str', label, icon: 'red/images/typedInput/az.svg', autoComplete: completeHostname };
  return typesOf.target.map((type) => (type === 'str' ? text : type));
}

/**
 * The name of the message's property is no hostname and no file's name, though it could be one: Node-RED's typed input would leave
 * it in the field where "string" is chosen, and it would be announced. It is back where the message is chosen again.
 */
function keepNameToMessage(property: TypedProperty): void {
  const field = $(`#node-input-${property}`);
  let type = fieldOf(`${property}Type`)?.value;
  field.on('change', () => {
    const before = type;
    type = fieldOf(`${property}Type`)?.value;
    const text = field.val();
    if (before === 'msg' && type === 'str' && text === property) field.typedInput('value', '');
    if (before === 'str' && type === 'msg' && text === '') field.typedInput('value', property);
  });
}

/** The editor hangs the reason on the input that a typed input hides: here it is where the pointer finds it. */
function showReason(node: EditorNode, property: TypedProperty): void {
  const field = $(`#node-input-${property}`);
  const show = () => {
    const reason = fixedProblem(node, property, String(field.val())) ?? '';
    field.next('.red-ui-typedInput-container').attr('title', reason);
  };
  field.on('change keyup paste', show);
  show();
}
