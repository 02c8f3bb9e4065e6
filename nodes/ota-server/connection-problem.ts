import type { ConnectionProblem, ConnectionTrouble } from '../shared/connection';

/** By the error's code: of the system, and of MQTT's CONNACK, 3.1.1 and 5. */
const troubles: Readonly<Record<string, ConnectionTrouble>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'no-answer',
  ECONNRESET: 'broken-off',
  EPIPE: 'broken-off',
  4: 'login',
  5: 'login',
  134: 'login',
  135: 'login',
};

/** As Node.js and OpenSSL call what goes wrong with TLS. */
const ofTls = /CERT|SELF_SIGNED|UNABLE_TO|^ERR_(TLS|SSL|OSSL)|^EPROTO$/;

/** What an error of an MQTT client says about its connection. @param at the broker's host and port */
export function connectionProblem(error: Error, at: string): ConnectionProblem {
  const { code = '', message } = error as Error & { readonly code?: string | number };
  const detail = message || String(code);
  if (message === 'connack timeout') return { trouble: 'no-answer', at, detail };
  const trouble = troubles[code] ?? (ofTls.test(String(code)) ? 'tls' : 'other');
  return { trouble, at, detail };
}
