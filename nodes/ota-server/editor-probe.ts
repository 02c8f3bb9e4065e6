import type { EditorNode } from '../shared/editor/editor-api';
import type { ProbeProblem, ServerProbe } from './server-probe-answer';
import { type Line, linesOf } from './server-probe-words';

/** What the dialog shows for each mark: an icon, and its colour in the editor's theme. */
const icons: Readonly<Record<Line['mark'], string>> = {
  good: 'fa-check-circle',
  bad: 'fa-exclamation-triangle',
  hint: 'fa-info-circle',
};

const tested = ['broker', 'advertise', 'bind', 'ports', 'allow'] as const;

/** Wires the button that tests what is typed. */
export function prepareProbe(node: EditorNode): void {
  $('#ota-server-test').on('click', () => void runProbe(node));
  // What was found is true of what was typed.
  for (const property of tested)
    $(`#node-config-input-${property}`).on('input change', () => $('#ota-server-test-answer').empty());
}

async function runProbe(node: EditorNode): Promise<void> {
  const button = $('#ota-server-test').prop('disabled', true);
  show([{ mark: 'hint', text: node._('ota-server.test.running') }]);
  const question = questionAbout(node);
  const answer = await ask(question);
  button.prop('disabled', false);
  // Meanwhile something else was typed, or the dialog of another server was opened.
  if (!button[0]?.isConnected || questionAbout(node) !== question) return;
  if ('problem' in answer) show([{ mark: 'bad', text: node._(`ota-server.test.problem.${answer.problem}`) }]);
  else show(linesOf(answer, (key, values) => node._(key, values)));
}

/** What is typed now, as JSON. */
function questionAbout(node: EditorNode): string {
  const values = Object.fromEntries(tested.map((property) => [property, typed(property)]));
  // This stands in the list for a new one.
  const broker = values.broker === '_ADD_' ? '' : values.broker;
  return JSON.stringify({ ...values, broker, server: node.id });
}

async function ask(question: string): Promise<ServerProbe | { readonly problem: ProbeProblem | 'forbidden' }> {
  try {
    return await $.ajax({
      url: 'ota-server/test',
      type: 'POST',
      contentType: 'application/json',
      data: question,
    });
  } catch {
    // Answered only where the user may read flows.
    return { problem: 'forbidden' };
  }
}

function typed(property: string): string {
  return String($(`#node-config-input-${property}`).val() ?? '').trim();
}

function show(lines: readonly Line[]): void {
  const list = $('#ota-server-test-answer').empty();
  for (const { mark, text, code } of lines) {
    const item = $('<li>').addClass(`ota-test-${mark}`).appendTo(list);
    $('<i>').addClass(`fa fa-fw ${icons[mark]}`).attr('aria-hidden', 'true').appendTo(item);
    const words = $('<div>').appendTo(item);
    $('<span>').text(text).appendTo(words);
    if (code) $('<pre>').text(code).appendTo(words);
  }
}
