import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openssl, present } from './peers';

/** A key and a certificate that nobody has signed, for one day: what a broker needs to speak TLS. In PEM, one after the other. */
export async function makeCertificate(): Promise<string> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '-'];
  const certificate = ['-x509', '-days', '1', '-subj', '/CN=broker', '-out', '-'];
  const { stdout } = await promisify(execFile)(present(openssl(), 'openssl'), ['req', ...key, ...certificate]);
  return stdout;
}
