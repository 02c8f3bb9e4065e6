import { createSocket, type SocketType } from 'node:dgram';

/** Any port: nothing is sent there. */
const discard = 9;

/**
 * The address of this machine from which it would reach a host, given by its name or address; undefined where there is no way, or
 * nobody knows the name. Asks the kernel, and sends nothing to the host.
 */
export async function addressTowards(host: string): Promise<string | undefined> {
  return (await addressFrom('udp4', host)) ?? addressFrom('udp6', host);
}

async function addressFrom(type: SocketType, host: string): Promise<string | undefined> {
  const socket = createSocket(type);
  try {
    const failed = await new Promise<unknown>((resolve) => {
      socket.once('error', resolve);
      socket.connect(discard, host, (...error: unknown[]) => resolve(error[0]));
    });
    return failed ? undefined : socket.address().address;
  } finally {
    socket.close();
  }
}
