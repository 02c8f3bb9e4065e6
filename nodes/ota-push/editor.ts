import type { NodeDefinition, Properties } from '../shared/editor/editor-api';
import { findBySearchWords } from '../shared/editor/palette';
import {
  fileDefaults,
  moreDefaults,
  numberValidator,
  prepareForm,
  showWhile,
  subscriptionValidator,
  typedValidator,
  unfoldChanged,
} from '../shared/editor/push-form';
import { parseWaitMs } from '../shared/validation';

const folded = {
  ...moreDefaults,
  announceOn: { value: '', validate: subscriptionValidator('announceOn', () => false) },
  waitHours: { value: '24', validate: numberValidator('waitHours', parseWaitMs) },
} satisfies Properties;

const outputs = ['success', 'noSuccess', 'progress'];

const definition: NodeDefinition = {
  category: 'OTA',
  color: '#78b8a4',
  icon: 'ota-push.svg',
  defaults: {
    name: { value: '' },
    server: { value: '', type: 'ota-server', required: true },
    target: { value: 'target', validate: typedValidator('target') },
    targetType: { value: 'msg' },
    ...fileDefaults,
    ...folded,
  },
  inputs: 1,
  outputs: moreDefaults.outputs.value,
  outputLabels(index) {
    return this._(`ota-push.output.${outputs[index]}`);
  },
  paletteLabel() {
    return this._('ota-push.paletteLabel');
  },
  label() {
    const fixedTarget = this.targetType === 'str' ? this.target : '';
    return String(this.name || fixedTarget || this._('ota-push.paletteLabel'));
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  onpaletteadd() {
    findBySearchWords('ota-push');
  },
  oneditprepare() {
    prepareForm(this, ['target', 'file', 'filename', 'reboot', 'timeout'], folded);
    showWhile('.ota-push-asleep', 'announceOn', (topic) => topic !== '');
    unfoldChanged('ota-push-more', this, folded);
  },
};

RED.nodes.registerType('ota-push', definition);
