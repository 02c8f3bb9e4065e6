import { connect as connectTcp } from 'node:net';
import { connect } from 'mqtt';

/** One buffer for all of them: what is read is not kept. */
const onread = { buffer: Buffer.alloc(64 * 1024), callback: () => true };

/**
 * Every device of the benchmark, in a process of its own: fetches what is announced, and closes its side after the FIN.
 * Those whose name begins with `absent` never come.
 */
function main(brokerUrl = ''): void {
  const client = connect(brokerUrl);
  client.on('message', (topic, announcement) => {
    if (topic.startsWith('absent')) return;
    const [host = '', port] = announcement.toString('latin1').split('|', 2);
    connectTcp({ host, port: Number(port), onread }).on('error', (error) => console.error('A device:', error.message));
  });
  client.subscribe('+/OTA', (error) => {
    if (error) throw error;
    process.send?.('ready');
  });
  // It ends with the process that started it, however that ends.
  process.once('disconnect', () => process.exit());
}

main(process.argv[2]);
