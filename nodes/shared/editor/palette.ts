/** What people type into the palette's search who do not know yet what the nodes are called. */
const searchWords = 'MicroPython ESP8266 ESP32 firmware update OTA';

/** Lets the palette's search find a node by these words too: it looks at nothing but a node's type and its label. */
export function findBySearchWords(type: string): void {
  $(`.red-ui-palette-node[data-palette-type="${type}"]`).attr('data-palette-label', (_index, label) =>
    [label, searchWords].join(' '),
  );
}
