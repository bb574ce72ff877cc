/**
 * V8's options under which WebAssembly is compiled once, simply, and not optimized later. The parser of SQL is mostly one function,
 * so large that optimizing it takes half a second of a processor: 0.6 s for the first statement of a process instead of 0.1 s
 * (measured with V8 13.6). Who parses a few statements and ends never wins that back.
 */
export const WASM_FLAGS: readonly string[] = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
