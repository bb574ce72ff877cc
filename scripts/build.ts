/** Builds the package into `dist/`: `npm run build`. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

// What a file of another name left behind would be published.
rmSync(dist, { recursive: true, force: true })
// By Node itself and not by node_modules/.bin: the compiler then runs on the Node that runs this, on every system.
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
execFileSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
// The demonstration's files are copied to where it runs, so they are shipped as they are.
cpSync(join(root, 'src/cli/demo'), join(dist, 'cli/demo'), { recursive: true })
chmodSync(join(dist, 'cli/main.js'), 0o755)
