import { spawn } from 'node:child_process';
import { once } from 'node:events';

const mark = 'OTA_PUSH_BENCH_INSIDE';

/** Few enough that rounds which come after thousands of closed connections are as fast as the first. */
const mostTimeWaits = 500;

/**
 * Runs the benchmark in a network namespace of its own, where closed connections don't pile up; where none can be made,
 * here, and says so. Resolves to the exit code.
 */
export async function insideNamespace(main: () => Promise<void>): Promise<number> {
  if (process.env[mark]) {
    await main();
    return 0;
  }
  const prepare = `ip link set lo up && sysctl -qw net.ipv4.tcp_max_tw_buckets=${mostTimeWaits} || exit 77; exec "$@"`;
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', ['-rn', 'sh', '-c', prepare, 'sh', ...program], {
    stdio: 'inherit',
    env: { ...process.env, [mark]: 'yes' },
  });
  const [code] = (await once(child, 'exit').catch(() => [77])) as [number | null];
  if (code !== 77) return code ?? 1;
  console.log('No network namespace can be made here: closed connections pile up, later rounds are slower.');
  await main();
  return 0;
}
