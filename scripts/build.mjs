import { runCommand } from './command.mjs';
import { buildPackage } from './package.mjs';

await runCommand(buildPackage);
