// Refuses to publish while package.json does not say where the project lives: npm shows these links, and the provenance of a
// release is checked against the repository.
import { readFileSync } from 'node:fs';

/** What sets each field, with words to replace in capitals. */
const commands = {
  repository: 'npm pkg set repository.type=git repository.url=git+https://HOST/OWNER/REPOSITORY.git',
  bugs: 'npm pkg set bugs.url=https://HOST/OWNER/REPOSITORY/issues',
  homepage: 'npm pkg set homepage=https://HOST/OWNER/REPOSITORY#readme',
};

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const missing = Object.keys(commands).filter((field) => !manifest[field]);
if (missing.length > 0) {
  console.error(
    `Not published: package.json does not say where the project lives (${missing.join(', ')}). Set it with:`,
  );
  for (const field of missing) console.error(`  ${commands[field]}`);
  process.exit(1);
}
