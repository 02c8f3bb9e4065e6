import type { AddressChoice } from '../../lib/server/advertised-host';
import { probeReach } from '../../lib/server/reach-probe';

/** A program of its own, to be run on a host with other networks: prints what a test finds there. Usage: reach-here.ts CHOICE_AS_JSON */
probeReach(JSON.parse(process.argv[2] ?? '') as AddressChoice).then(
  (test) => console.log(JSON.stringify(test)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
