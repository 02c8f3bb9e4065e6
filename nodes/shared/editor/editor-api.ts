/** The parts of Node-RED's editor that the dialogs use. */

/** A node in the editor: its properties, and its catalogue's words. */
export interface EditorNode {
  readonly id: string;
  readonly type: string;
  /** Known to the editor as soon as the dialog was open once; in `_` as Node-RED has them, by which the editor sees what was changed. */
  credentials?: { readonly secret?: string; readonly has_secret?: boolean; readonly _?: object };
  readonly [property: string]: unknown;
  _(key: string, values?: Readonly<Record<string, string>>): string;
}

/** A problem is a text where one is asked for, else `false`. */
export type Validate = (this: EditorNode, value: unknown, options?: object) => boolean | string;

export interface Property {
  readonly value: string | number | boolean;
  /** Of a config node that is chosen. */
  readonly type?: string;
  readonly required?: boolean;
  readonly validate?: Validate;
}

export type Properties = Readonly<Record<string, Property>>;

export interface NodeDefinition {
  readonly category: string;
  readonly color?: string;
  readonly icon?: string;
  readonly defaults: Properties;
  readonly credentials?: Readonly<Record<string, { readonly type: 'password' | 'text'; readonly validate?: Validate }>>;
  readonly inputs?: number;
  /** Of a node that was just dropped: by it the editor tells whether one fits into a wire, before there is a node. */
  readonly outputs?: number;
  outputLabels?(this: EditorNode, index: number): string;
  paletteLabel(this: EditorNode): string;
  label(this: EditorNode): string;
  labelStyle?(this: EditorNode): string;
  /** Called when the node is in the palette, without a node. */
  onpaletteadd?(): void;
  oneditprepare(this: EditorNode): void;
}

/** What the editor asks for a list below a field; it waits for `done` only where there are two parameters. */
export type Search = (typed: string, done: (completions: Completions) => void) => void;

/** For each what is put into the field, and what is shown for it. */
export type Completions = readonly { readonly value: string; readonly label: string }[];

/** A type of a typed input: one of Node-RED's own by its name, or a variant of it. */
export type InputType =
  | string
  | { readonly value: string; readonly label: string; readonly icon: string; readonly autoComplete: Search };

interface EditorApi {
  /** A word of the editor's own. */
  _(key: string): string;
  readonly nodes: {
    registerType(type: string, definition: NodeDefinition): void;
    node(id: unknown): (EditorNode & { readonly name?: string; readonly broker?: string }) | null;
  };
  readonly editor: {
    /** Looks again whether the values of a node are right. */
    validateNode(node: EditorNode): void;
  };
  readonly view: { redraw(): void };
  readonly clipboard: {
    /** Also where a page may not use the clipboard: without TLS. @param message the key of what is shown at the element */
    copyText(text: string, element: JQuery, message: string): boolean;
  };
  readonly sidebar: { readonly help: { show(type: string): void } };
  readonly utils: {
    validateTypedProperty(value: string, type: unknown, options?: object): boolean | string;
  };
}

declare global {
  const RED: EditorApi;
  interface JQuery {
    typedInput(options: { readonly types: readonly InputType[]; readonly typeField: JQuery }): JQuery;
    typedInput(method: 'value', value: string): JQuery;
    /** Shows a list below a text field while somebody types. */
    autoComplete(options: { readonly search: Search }): JQuery;
  }
}
