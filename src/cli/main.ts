#!/usr/bin/env node
import '../lib/simple-wasm.ts'
import { refuseOldNode } from './refuse-old-node.ts'

const refusal = refuseOldNode(process.versions.node)
if (refusal === undefined) {
  // Imported only now: an old Node fails on the first thing in it that it does not know, with a stack.
  const { runProgram } = await import('./run-program.ts')
  await runProgram(process.argv.slice(2))
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 2
}
