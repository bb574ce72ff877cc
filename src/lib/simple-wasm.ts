import { setFlagsFromString } from 'node:v8'

// Whoever imports this compiles WebAssembly that it loads afterwards once, simply, and does not optimize it later. The parser of SQL
// is mostly one function, so large that optimizing it takes half a second of a processor: 0.6 s for the first statement of a process
// instead of 0.1 s (measured with V8 13.6). A process that parses a few statements and ends never wins that back. For programs
// alone, never for the library: whose process it is may have other WebAssembly.
for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
