/**
 * What is wrong with a message that announces a file, read strictly as protocol 1.2, 4 and 4a say, and by nobody else's code;
 * undefined where nothing is.
 */
export function announcementProblem(hostname: string, payload: Buffer): string | undefined {
  const text = payload.toString('latin1');
  if (!/^(?!\$)[!-~]{1,64}$/.test(hostname) || /[+#/\\|]/.test(hostname)) return 'the hostname';
  if (text.length < 46 || text.length > 640) return `${text.length} bytes`;
  if (!/^[ -~]+$/.test(text)) return 'characters';
  const fields = text.split('|');
  const [host = '', port = '', filename = '', hash = '', reboot = '1', size, counter, mac] = fields;
  const isSigned = fields.length === 8;
  const form = isSigned ? signedForm : basicForm;
  if (fields.length !== 4 && fields.length !== 5 && !isSigned) return `${fields.length} fields`;
  if (fields.length === 5 && reboot !== '0') return 'a fifth field other than 0 (protocol 1.3)';
  const tail = isSigned ? `${reboot}|${size}|${counter}|${mac}` : reboot;
  if (!form.hash.test(hash)) return 'the hash';
  if (!form.tail.test(tail)) return 'what follows the hash';
  if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65535) return 'the port';
  if (filename.length > 200 || filename === 'tmp' || filename.includes('\\')) return 'the name';
  if (filename.split('/').some((part) => ['', '.', '..'].includes(part))) return 'a part of the name';
  return isHost(host) ? undefined : 'the host';
}

const basicForm = { hash: /^[0-9a-f]{40}$/, tail: /^[01]$/ };
const signedForm = { hash: /^[0-9a-f]{64}$/, tail: /^[01]\|[0-9]{1,15}\|[0-9]{1,15}\|[0-9a-f]{64}$/ };

function isHost(host: string): boolean {
  if (/^[0-9a-f:.]+$/i.test(host) && host.includes(':')) return true; // IPv6: whoever listens there has parsed it
  return host.length <= 253 && /^[a-z0-9_][a-z0-9_-]*(\.[a-z0-9_][a-z0-9_-]*)*\.?$/i.test(host);
}
