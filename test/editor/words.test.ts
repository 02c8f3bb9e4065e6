import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { catalogue, languages, nodesFolder, read, types } from './catalogue';

describe('the words of the editor', () => {
  it('are there for every node in every language, as a catalogue and a help text', () => {
    assert.ok(languages.includes('en-US') && languages.includes('de'));
    for (const type of types) {
      assert.deepEqual(readdirSync(resolve(nodesFolder, type, 'locales')), languages, type);
      for (const language of languages) {
        const files = readdirSync(resolve(nodesFolder, type, 'locales', language)).sort();
        assert.deepEqual(files, [`${type}.html`, `${type}.json`], `${type} ${language}`);
      }
    }
  });

  for (const type of types) {
    for (const language of languages) {
      it(`have all keys that ${type}.html uses: ${language}`, () => {
        const words = { ...catalogue(language, type), ...shared(language) };
        const missing = keysIn(read(`${type}/${type}.html`)).filter((key) => !(key in words));
        assert.deepEqual(missing, []);
      });

      it(`have the same keys and gaps as in English: ${type} ${language}`, () => {
        assert.deepEqual(gapsOf(catalogue(language, type)), gapsOf(catalogue('en-US', type)));
      });

      it(`have a help text for ${type} about the same properties as in English: ${language}`, () => {
        const help = read(`${type}/locales/${language}/${type}.html`);
        assert.match(help, new RegExp(`<script type="text/html" data-help-name="${type}">`));
        assert.deepEqual(namesIn(help), namesIn(read(`${type}/locales/en-US/${type}.html`)));
      });
    }
  }
});

/** Words that dialogs take from the OTA push, with the catalogue's name before each. */
function shared(language: string): Record<string, string> {
  const words = Object.entries(catalogue(language, 'ota-push'));
  return Object.fromEntries(words.map(([key, word]) => [`node-red-contrib-ota-push/ota-push:${key}`, word]));
}

/** What a word leaves open for a value: `__host__`. */
function gapsOf(words: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(words).map(([key, word]) => [key, (word.match(/__\w+__/g) ?? []).sort()]));
}

/** Those of its template, and those that stand in its script as a whole. */
function keysIn(html: string): string[] {
  const keys = [
    ...html.matchAll(
      /data-i18n="(?:\[\w+\])?([^"]+)"|["']((?:node-red-contrib-ota-push\/ota-push:)?ota-[\w-]+(?:\.[\w-]+)+)["']/g,
    ),
  ];
  return keys.map(([, inTemplate, inScript]) => inTemplate ?? inScript ?? '').filter((key) => !key.endsWith('.svg'));
}

/** What is no word of a language in a help text. */
function namesIn(help: string): string[] {
  return [...help.matchAll(/<dt[^>]*>(\w+)|<code>([^<]*)<\/code>/g)].map(
    ([, property, code]) => property ?? code ?? '',
  );
}
