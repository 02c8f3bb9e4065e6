/** The row that all dialogs have that send or offer files. */

import type { EditorNode, Properties } from './editor-api';

export const checkDefaults = { check: { value: true } } satisfies Properties;

/** Ticks it for nodes of an older version, which do as new ones. */
export function prepareCheck(node: EditorNode): void {
  if (node.check === undefined) $('#node-input-check').prop('checked', true);
}
