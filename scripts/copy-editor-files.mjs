// Node-RED looks for a node's html, locales and icons beside its .js: they are copied to where tsc puts that.
import { cpSync } from 'node:fs';

cpSync('nodes', 'dist', { recursive: true, filter: (path) => !path.endsWith('.ts') });
cpSync('icons', 'dist/icons', { recursive: true });
