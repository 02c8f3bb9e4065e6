import type { Resources } from './resources';

/** Sets a variable of the environment until the end of the resources. */
export function setVariable(resources: Resources, name: string, value: string): void {
  const before = process.env[name];
  resources.defer(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
  process.env[name] = value;
}
