import { checkDefaults, prepareCheck } from '../shared/editor/check-form';
import type { NodeDefinition, Properties } from '../shared/editor/editor-api';
import { linkHelp } from '../shared/editor/help-link';
import { findBySearchWords } from '../shared/editor/palette';
import { textValidator } from '../shared/editor/validation';
import { type HaSettings, readHaTopics } from './settings';

const validator = (property: keyof HaSettings) =>
  textValidator({ label: `ota-ha-update.label.${property}`, error: 'ota-ha-update.errors.topic' }, (text) =>
    readHaTopics({ [property]: text }),
  );

const topics = {
  prefix: { value: 'homeassistant', validate: validator('prefix') },
  baseTopic: { value: 'ota-push', validate: validator('baseTopic') },
} satisfies Properties;

const definition: NodeDefinition = {
  category: 'OTA',
  color: '#78b8a4',
  icon: 'ota-ha-update.svg',
  defaults: {
    name: { value: '' },
    server: { value: '', type: 'ota-server', required: true },
    ...topics,
    ...checkDefaults,
  },
  inputs: 1,
  outputs: 1,
  outputLabels() {
    return this._('ota-ha-update.output.install');
  },
  paletteLabel() {
    return this._('ota-ha-update.paletteLabel');
  },
  label() {
    return String(this.name || this._('ota-ha-update.paletteLabel'));
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  onpaletteadd() {
    findBySearchWords('ota-ha-update');
  },
  oneditprepare() {
    prepareCheck(this);
    linkHelp(this.type, 'dialog-form');
    const areTopicsAsDropped = this.prefix === topics.prefix.value && this.baseTopic === topics.baseTopic.value;
    const isAsDropped = areTopicsAsDropped && this.check !== false;
    const details = document.getElementById('ota-ha-update-more') as HTMLDetailsElement | null;
    if (details) details.open = !isAsDropped;
  },
};

RED.nodes.registerType('ota-ha-update', definition);
