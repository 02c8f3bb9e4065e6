import { createHash } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import type { MqttClient } from 'mqtt';

/**
 * The least that pushes a file to a device: hash, listen, announce, serve, until the device's FIN. What the node is
 * measured against, so nothing is checked, limited or cleaned up that this does not need, and nobody slows it down.
 */
export function floorPush(client: MqttClient, target: string, filename: string, bytes: Buffer, done: () => void): void {
  const hash = createHash('sha1').update(bytes).digest('hex');
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.end(bytes);
    socket.on('end', done).resume();
    server.close();
  });
  server.listen(0, () => {
    const { port } = server.address() as AddressInfo;
    client.publish(`${target}/OTA`, `127.0.0.1|${port}|${filename}|${hash}`, { qos: 1 });
  });
}
