import type { Scale } from './scale';
import { ms } from './statistics';

const width = 640;
const barHeight = 28;
const left = 110;

/** The time per device as bars, one for each size of a rollout: an SVG that is read on light and dark pages. */
export function chartOf(scales: readonly Scale[], title: string): string {
  const longest = Math.max(...scales.map(({ msPerDevice }) => msPerDevice));
  const rows = scales.map(({ devices, msPerDevice }, row) => {
    const y = 50 + row * (barHeight + 12);
    const length = Math.round(((width - left - 120) * msPerDevice) / longest);
    return [
      `  <text x="${left - 10}" y="${y + 19}" text-anchor="end">${devices.toLocaleString('en')} devices</text>`,
      `  <rect x="${left}" y="${y}" width="${length}" height="${barHeight}" rx="3" fill="#3f8f79"/>`,
      `  <text x="${left + length + 8}" y="${y + 19}">${ms(msPerDevice)}</text>`,
    ].join('\n');
  });
  const height = 50 + scales.length * (barHeight + 12);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="14" fill="#808080">`,
    `  <text x="0" y="22" font-weight="bold">${title}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n');
}
