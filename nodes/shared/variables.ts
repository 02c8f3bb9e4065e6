import { BadInput } from './bad-input';

/** A variable of the environment in a text: `${NAME}`, or `$(NAME)` as old flows have it. */
const variable = /\$\{[^}]*\}|\$\([^)]*\)/;

/** What reads its variables itself, or may look like one: `${"a": 1}` is JSONata. */
const typesOfTheirOwn: ReadonlySet<unknown> = new Set(['env', 'jsonata']);
/** Nobody acts by them. */
const forPeople: ReadonlySet<string> = new Set(['name', 'info']);

/**
 * What is wrong with a configured text that still holds a variable of the environment, as the end of a sentence; undefined when
 * nothing is. Node-RED leaves the text as it is where the variable is not set: taken for a value it would be one that everybody knows.
 */
export function variableProblem(text: string): string | undefined {
  const [found] = variable.exec(text) ?? [];
  return found && `it holds the variable ${found}, which is not set, or not all of the text, as it has to be`;
}

/** Refuses a node's configuration where a variable in it was not replaced. @throws BadInput naming the property */
export function refuseVariables(config: object): void {
  const settings = config as Readonly<Record<string, unknown>>;
  for (const [property, value] of Object.entries(settings)) {
    if (typeof value !== 'string' || forPeople.has(property) || typesOfTheirOwn.has(settings[`${property}Type`]))
      continue;
    const problem = variableProblem(value);
    if (problem) throw new BadInput(`The property ${property}: ${problem}.`);
  }
}
