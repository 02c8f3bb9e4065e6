import { EventEmitter, on } from 'node:events';

const ENTRY = /^\S+ \S+ (?<level>[A-Z]+) \(.*?\) \[(?<part>.+?)\]/;
/** The parts that read what comes by MQTT: their warnings count. */
const READERS = /^homeassistant\.(components\.(mqtt|update)|helpers|util)\b/;

/** What Home Assistant has logged, over all boots. */
export class Log {
  readonly lines: string[] = [];
  readonly #news = new EventEmitter();

  push(line: string): void {
    this.lines.push(line);
    this.#news.emit('line', line);
  }

  /** The next line that is so. */
  async nextLine(pattern: RegExp, signal: AbortSignal): Promise<string> {
    for await (const [line] of on(this.#news, 'line', { signal }))
      if (pattern.test(line as string)) return line as string;
    throw new Error('The log has ended.');
  }

  /** Warnings of those that read what comes by MQTT, and errors of anyone. */
  complaints(): string[] {
    return this.lines.filter((line) => {
      const { level, part = '' } = ENTRY.exec(line)?.groups ?? {};
      if (level === 'WARNING') return READERS.test(part);
      // Who calls a service in vain is told so.
      return (level === 'ERROR' || level === 'CRITICAL') && !part.startsWith('homeassistant.components.websocket_api');
    });
  }
}
