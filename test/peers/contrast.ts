import type { Page } from 'playwright-core';

/** What small print needs to be read (WCAG 2, AA). */
const least = 4.5;

/** The texts of a form, but for Node-RED's own buttons, that are to be seen and stand out too little from what is behind them, with their contrast. */
export function faintTexts(page: Page, form: string): Promise<string[]> {
  return page.evaluate(
    `(() => {
      const numbers = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
      const isOpaque = (element) => (numbers(getComputedStyle(element).backgroundColor)[3] ?? 1) === 1;
      const behind = (element) => (element.parentElement && !isOpaque(element) ? behind(element.parentElement) : element);
      const luminance = ([red, green, blue]) => {
        const [r, g, b] = [red, green, blue].map((part) => part / 255).map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (element) => {
        const colors = [getComputedStyle(element).color, getComputedStyle(behind(element)).backgroundColor];
        const [dark, light] = colors.map((color) => luminance(numbers(color))).sort((one, other) => one - other);
        return (light + 0.05) / (dark + 0.05);
      };
      const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || ['INPUT', 'SELECT'].includes(element.tagName);
      return [...document.querySelectorAll('${form} *:not(button)')]
        .filter((element) => element.offsetHeight > 0 && hasText(element) && contrast(element) < ${least})
        .map((element) => (element.innerText || element.id || element.className) + ': ' + contrast(element).toFixed(1));
    })()`,
  );
}
