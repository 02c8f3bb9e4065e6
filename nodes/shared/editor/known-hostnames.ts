/** Lets people choose devices that the server knows, while they type a hostname: any other can be typed as well. */

import type { Completions, Search } from './editor-api';

/** Characters (protocol 4a). */
const longestHostname = 64;

/** Completes a hostname that is all of a field. */
export const completeHostname: Search = (typed, done) => void complete('', typed).then(done);

/** Completes the last hostname of a field that holds a list of them, split by commas or spaces. */
export const completeLastHostname: Search = (typed, done) => {
  const [last = ''] = /[^\s,]*$/.exec(typed) ?? [];
  void complete(typed.slice(0, typed.length - last.length), last).then(done);
};

async function complete(before: string, part: string): Promise<Completions> {
  const known = part.length <= longestHostname ? await knownHostnames(part) : [];
  const others = known.filter((hostname) => hostname !== part);
  // The editor takes the first on Tab and Enter: that must not be another device than the one that was typed.
  const offered = part === '' || others.length === 0 ? others : [part, ...others];
  return offered.map((hostname) => ({ value: before + hostname, label: hostname }));
}

/** Those that the server in the open dialog knows and that hold this text. */
async function knownHostnames(part: string): Promise<readonly string[]> {
  try {
    const server = String($('#node-input-server').val());
    const { hostnames }: { hostnames: string[] } = await $.getJSON('ota-server/hostnames', { server, part });
    return hostnames;
  } catch {
    // Nothing is offered without the permission, or a connection: a hostname can be typed all the same.
    return [];
  }
}
