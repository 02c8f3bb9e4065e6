/** What the validators need of `node:net`, for the browser: the bundler puts this in its place. */

/** 4 or 6 for an address of that version, of IPv6 with its zone too (`fe80::1%eth0`); 0 for anything else. */
export function isIP(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return isIPv6(text.replace(/%[0-9a-z.:-]+$/i, '')) ? 6 : 0;
}

function isIPv4(text: string): boolean {
  if (!/^(\d{1,3})(\.\d{1,3}){3}$/.test(text)) return false;
  return text.split('.').every((part) => Number(part) <= 255 && String(Number(part)) === part);
}

function isIPv6(text: string): boolean {
  if (!/^[0-9a-f:.]+$/i.test(text) || !text.includes(':')) return false;
  try {
    return new URL(`http://[${text}]/`).hostname.length > 2;
  } catch {
    // What no address is made of.
    return false;
  }
}
