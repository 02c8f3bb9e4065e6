import type { Node, NodeAPI, NodeDef } from 'node-red';
import { DeviceChanges } from '../../lib/devices/device-changes';
import { targetParser } from '../shared/link-call';
import { asksFor, type Message } from '../shared/message';
import { onInput, type Send } from '../shared/on-input';
import { Readiness } from '../shared/readiness';
import { requireServer, serverOf } from '../shared/server-node';
import type { Translate } from '../shared/throttled-status';
import { refuseVariables } from '../shared/variables';
import { readFilter } from './filter-input';
import { toAnswer, toChange } from './output';
import { DevicesStatus } from './status';

interface OtaDevicesDef extends NodeDef {
  readonly server: string;
  readonly watch?: boolean;
}

function register(RED: NodeAPI): void {
  function OtaDevices(this: Node, config: OtaDevicesDef): void {
    RED.nodes.createNode(this, config);
    const server = serverOf(RED, config.server);
    const parseTarget = targetParser(RED);
    const translate: Translate = (key, values) => RED._(`ota-devices.status.${key}`, values);
    const state = server?.state;
    const book = state && !('problem' in state) ? state.book : undefined;
    const status = new DevicesStatus(this, translate, new Readiness(RED, server, config.server), book);

    const run = async (message: Message, send: Send): Promise<void> => {
      refuseVariables(config);
      const { book } = requireServer(RED, server, config.server);
      if (asksFor(message, 'forget')) {
        book.forget(parseTarget(message.target, 'msg.target'));
        send(toAnswer(message, book.devices(), 'all'));
      } else {
        const filter = readFilter(message, parseTarget);
        send(toAnswer(message, book.devices(filter), filter ? 'some' : 'all'));
      }
      status.goodInput();
    };

    onInput(this, run, () => status.badInput());

    const stopWatching = book?.watch(() => status.update());
    const changes =
      book && config.watch
        ? new DeviceChanges(book, (target, change, device) => this.send(toChange(target, change, device)))
        : undefined;

    this.on('close', () => {
      stopWatching?.();
      changes?.close();
      status.close();
    });
  }

  RED.nodes.registerType('ota-devices', OtaDevices);
}

export = register;
