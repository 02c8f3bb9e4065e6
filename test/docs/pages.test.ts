import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { isThere, pages, sources, table, textOf, wordsOf } from '../peers/pages';

/** One section of the protocol, such as `1`, `1.6` or `4a`; and some of them: `1.2, 6.2`, `1 to 4`. */
const section = String.raw`\d+(?:\.\d+|[a-z])?`;
const sections = String.raw`${section}(?:(?:, | to | and )${section})*\b`;

const citation = new RegExp(String.raw`\bprotocol(?:'s sections?)? (${sections})`, 'g');
/** As it stands where nothing but the protocol is cited: `(6.4)`. */
const shortCitation = new RegExp(String.raw`\((?:section )?(${sections})\)`, 'g');
/** What looks like one, in whichever form. */
const likeCitation = /\b(?:protocol[^\w\n]{1,3}|sections? )\d/gi;

describe('The README', () => {
  it('is read in one go: it has under 150 lines', () => {
    const lines = textOf('README.md').trimEnd().split('\n').length;
    assert.ok(lines < 150, `${lines} lines`);
  });
});

describe('The pages', () => {
  it('lead somewhere by each link to a file or a heading', () => {
    const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, link })));
    assert.ok(links.length > 40, `${links.length} links were found`);
    const broken = links.filter(({ page, link }) => !leadsSomewhere(page, link));
    assert.deepEqual(broken, []);
  });

  it('are there where the code names one', () => {
    const named = sources.flatMap((file) =>
      [...textOf(file).matchAll(/\bdocs\/[\w-]+\.(?:md|svg|png)\b/g)].map(([page]) => ({ file, page })),
    );
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter(({ page }) => !isThere(page)),
      [],
    );
  });
});

describe('The sections of the protocol', () => {
  const protocol = textOf('docs/protocol.md');
  const numbers = [...protocol.matchAll(new RegExp(`^(?:## |- \\*\\*)(${section})(?:\\.|\\*\\*) `, 'gm'))].map(at(1));

  it('have a number of their own', () => {
    assert.ok(numbers.length > 30, `${numbers.length} sections were found`);
    assert.equal(new Set(numbers).size, numbers.length, numbers.join());
  });

  it('are there for everyone who cites them', () => {
    const cited = [...sources, ...pages].flatMap((file) =>
      citationsIn(file).flatMap((list) => list.split(/, | to | and /).map((number) => ({ file, number }))),
    );
    assert.ok(cited.length > 100, `${cited.length} citations were found`);
    assert.deepEqual(
      cited.filter(({ number }) => !numbers.includes(number)),
      [],
    );
  });

  it('are cited in a form that is looked up here', () => {
    const unread = sources.flatMap((file) => {
      const rest = textOf(file).replace(citation, '');
      return [...rest.matchAll(likeCitation)].map(([text]) => ({ file, text }));
    });
    assert.deepEqual(unread, []);
  });

  it('have each state and each error of a report', () => {
    const words = (heading: string) => table(protocol, heading).map(([word = '']) => word.replaceAll('`', ''));
    assert.deepEqual(words('state'), wordsOf('states'));
    assert.deepEqual(words('error'), wordsOf('reportErrors'));
  });
});

function citationsIn(file: string): string[] {
  const text = textOf(file);
  const citations = [...text.matchAll(citation)].map(at(1));
  if (file === 'docs/protocol.md') return [...citations, ...[...text.matchAll(shortCitation)].map(at(1))];
  if (!/^examples\/micropython\/.*\.py$/.test(file)) return citations;
  const comments = [...text.matchAll(/#.*/g)].join('\n');
  return [...citations, ...[...comments.matchAll(shortCitation)].map(at(1))];
}

function linksOf(page: string): string[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(at(1)).filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!isThere(file)) return false;
  return anchor === undefined || (file.endsWith('.md') && anchorsOf(file).includes(anchor));
}

/** The headings of a page as GitHub names them. */
function anchorsOf(page: string): string[] {
  return [...withoutBlocks(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutBlocks(page: string): string {
  return textOf(page).replace(/^( *)```.*?^\1```$/gms, '');
}

/** What is read as a text, not shown as code. */
function prose(page: string): string {
  return withoutBlocks(page).replace(/`[^`\n]*`/g, '');
}

function at(group: number): (match: RegExpMatchArray) => string {
  return (match) => match[group] ?? '';
}
