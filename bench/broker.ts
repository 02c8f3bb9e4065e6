import { type AddressInfo, createServer } from 'node:net';

async function main(): Promise<void> {
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1', () => {
    process.send?.(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  process.once('disconnect', () => process.exit());
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
