import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';

const CLOSED = 'Home Assistant has closed the connection.';

/** What Home Assistant says. Only answers and events of a subscription have the id of a command. */
interface Message {
  readonly id?: number;
  readonly type: string;
  readonly success?: boolean;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly event?: { readonly data: unknown };
}

/** Home Assistant's WebSocket API, with a login. */
export class Connection {
  readonly #socket: WebSocket;
  /** Emits each message by its type and id, and `error` when no more will come. */
  readonly #messages = new EventEmitter().setMaxListeners(0);
  #lastId = 0;

  static async open(url: string, token: string): Promise<Connection> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/websocket`);
    await once(socket, 'open');
    const connection = new Connection(socket);
    const welcomed = once(connection.#messages, 'auth_ok');
    socket.send(JSON.stringify({ type: 'auth', access_token: token }));
    await welcomed;
    return connection;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message;
      this.#messages.emit([message.type, message.id].join(' ').trim(), message);
    });
    this.whenClosed((reason) => {
      if (this.#messages.listenerCount('error') > 0) this.#messages.emit('error', reason);
    });
  }

  /** Resolves to the command's result; an error has Home Assistant's own words. */
  async command<Result>(type: string, data: object = {}): Promise<Result> {
    return (await this.#ask(type, data)).result as Result;
  }

  /** Hears all events of a type from the moment it resolves. */
  async subscribe<Data>(eventType: string, hear: (data: Data) => void): Promise<void> {
    const { id } = await this.#ask('subscribe_events', { event_type: eventType });
    this.#messages.on(`event ${id}`, ({ event }: Message) => hear(event?.data as Data));
  }

  /** Tells when Home Assistant has left. */
  whenClosed(tell: (reason: Error) => void): void {
    this.#socket.once('close', () => tell(new Error(CLOSED)));
  }

  async #ask(type: string, data: object): Promise<Message> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error(CLOSED);
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = once(this.#messages, `result ${id}`) as Promise<[Message]>;
    this.#socket.send(JSON.stringify({ id, type, ...data }));
    const [answer] = await answered;
    if (!answer.success) throw new Error(`${type} ${JSON.stringify(data)}: ${answer.error?.message}`);
    return answer;
  }
}
