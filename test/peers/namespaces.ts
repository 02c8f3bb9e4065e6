/**
 * The arguments of `unshare` that run a command with namespaces of its own. An ordinary user needs a user namespace for that; root
 * does not, and may not make one in a chroot.
 */
export function ownNamespaces(kinds: readonly ('net' | 'mount')[], command: readonly string[]): string[] {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return [...asRoot, ...kinds.map((kind) => `--${kind}`), ...command];
}
