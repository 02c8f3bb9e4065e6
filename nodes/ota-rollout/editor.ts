import type { NodeDefinition, Validate } from '../shared/editor/editor-api';
import { completeLastHostname } from '../shared/editor/known-hostnames';
import { findBySearchWords } from '../shared/editor/palette';
import { fileDefaults, moreDefaults, prepareForm, unfoldChanged } from '../shared/editor/push-form';
import { isTaken, isVariable } from '../shared/editor/validation';
import { type RolloutSettings, readRolloutSettings } from './settings';

const outputs = ['device', 'end', 'progress'];

/** By what reads it at run time; nodes without the property do as new ones. */
function validator(property: keyof RolloutSettings): Validate {
  return function (value, options) {
    const text = String(value);
    const isRight = value === undefined || isVariable(text) || isTaken(() => readRolloutSettings({ [property]: text }));
    if (isRight) return true;
    return options ? `${this._(`ota-rollout.label.${property}`)}: ${this._(`ota-rollout.errors.${property}`)}` : false;
  };
}

const definition: NodeDefinition = {
  category: 'OTA',
  color: '#78b8a4',
  icon: 'ota-rollout.svg',
  defaults: {
    name: { value: '' },
    server: { value: '', type: 'ota-server', required: true },
    targets: { value: '', validate: validator('targets') },
    waves: { value: '100%', validate: validator('waves') },
    pause: { value: '0', validate: validator('pause') },
    stopAfter: { value: '', validate: validator('stopAfter') },
    ...fileDefaults,
    ...moreDefaults,
  },
  inputs: 1,
  outputs: moreDefaults.outputs.value,
  outputLabels(index) {
    return this._(`ota-rollout.output.${outputs[index]}`);
  },
  paletteLabel() {
    return this._('ota-rollout.paletteLabel');
  },
  label() {
    return String(this.name || this._('ota-rollout.paletteLabel'));
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  onpaletteadd() {
    findBySearchWords('ota-rollout');
  },
  oneditprepare() {
    $('#node-input-targets').autoComplete({ search: completeLastHostname });
    prepareForm(this, ['file', 'filename', 'reboot', 'timeout'], moreDefaults);
    unfoldChanged('ota-rollout-more', this, moreDefaults);
  },
};

RED.nodes.registerType('ota-rollout', definition);
