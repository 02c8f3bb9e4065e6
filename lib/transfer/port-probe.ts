import { createServer } from 'node:net';
import { Ending } from '../ending';
import { type Ports, StoppedWaiting } from './ports';

/** Whether devices could be served on the ports of a server, as far as this machine decides it. */
export type PortProbe =
  /** One was opened, and is closed again. */
  | { readonly result: 'opens'; readonly port: number }
  /** Those that no other program has are in use by pushes of this process: so they open. */
  | { readonly result: 'in-use' }
  | {
      /** By other programs; only for administrators; the address to listen on is none of this machine's; anything else. */
      readonly result: 'taken' | 'forbidden' | 'no-address' | 'other';
      /** The system's own words. */
      readonly detail: string;
    };

const results: Readonly<Record<string, 'taken' | 'forbidden' | 'no-address'>> = {
  EADDRINUSE: 'taken',
  EACCES: 'forbidden',
  EADDRNOTAVAIL: 'no-address',
};

/** Opens a port as a push would, and closes it again; it waits for none. */
export async function probePorts(ports: Ports): Promise<PortProbe> {
  const server = createServer((socket) => socket.destroy());
  let release = (): void => undefined;
  const ending = new Ending();
  ending.abort('it waits for none');
  try {
    const listening = await ports.listen(server, ending);
    release = listening.release;
    return { result: 'opens', port: listening.port };
  } catch (error) {
    if (error instanceof StoppedWaiting) return { result: 'in-use' };
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { result: results[code] ?? 'other', detail: message };
  } finally {
    server.close();
    release();
  }
}
