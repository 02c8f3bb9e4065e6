import type { NodeDefinition } from '../shared/editor/editor-api';
import { linkHelp } from '../shared/editor/help-link';
import { countOutputs } from '../shared/editor/outputs';
import { findBySearchWords } from '../shared/editor/palette';

const outputs = ['devices', 'changes'];

const definition: NodeDefinition = {
  category: 'OTA',
  color: '#78b8a4',
  icon: 'ota-devices.svg',
  defaults: {
    name: { value: '' },
    server: { value: '', type: 'ota-server', required: true },
    watch: { value: false },
    outputs: { value: 1 },
  },
  inputs: 1,
  outputs: 1,
  outputLabels(index) {
    return this._(`ota-devices.output.${outputs[index]}`);
  },
  paletteLabel() {
    return this._('ota-devices.paletteLabel');
  },
  label() {
    return String(this.name || this._('ota-devices.paletteLabel'));
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  onpaletteadd() {
    findBySearchWords('ota-devices');
  },
  oneditprepare() {
    linkHelp(this.type, 'dialog-form');
    countOutputs('watch', 1);
  },
};

RED.nodes.registerType('ota-devices', definition);
