import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { 'kysely-fleet': new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    // Tests start servers and processes, on machines that may have little to spare.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    // They also wait, for servers and processes: there is room for more than there are cores.
    maxWorkers: 4,
    // Each file has a process of its own, and most of them parse a little SQL.
    setupFiles: 'src/lib/simple-wasm.ts',
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: '.vitest/report.json' },
  },
})
