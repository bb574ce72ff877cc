import { expect, test } from 'vitest'
import { serverAccount } from '../../../src/providers/embedded/server-account.ts'

const path = '/p/data'
const of = (uid: number) => ({ path, owner: { uid, gid: uid } })
const none = { path, owner: undefined }
const user = { uid: 1000, platform: 'linux' } as const
const root = { uid: 0, platform: 'linux' } as const

test('a user runs the server himself, and not on the data of another', () => {
  expect(serverAccount(user, none)).toBeUndefined()
  expect(serverAccount(user, of(1000))).toBeUndefined()
  expect(() => serverAccount(user, of(65534))).toThrow('belongs to another user (uid 65534)')
})

test('root hands it to the owner of the data, or to nobody', () => {
  expect(serverAccount(root, none)).toEqual({ uid: 65534, gid: 65534 })
  expect(serverAccount(root, of(1000))).toEqual({ uid: 1000, gid: 1000 })
  expect(() => serverAccount({ uid: 0, platform: 'darwin' }, none)).toThrow('does not run as root on macOS')
})
