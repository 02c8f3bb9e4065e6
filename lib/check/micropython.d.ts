/** What is used of MicroPython as WebAssembly, whose package has no types. */
declare module '@micropython/micropython-webassembly-pyscript' {
  interface MicroPython {
    /** Its files, in memory. */
    readonly FS: { writeFile(path: string, bytes: Uint8Array): void };
    readonly globals: { get<T>(name: string): T };
    runPython(this: void, program: string): unknown;
  }
  export function loadMicroPython(options: { readonly heapsize?: number }): Promise<MicroPython>;
}
