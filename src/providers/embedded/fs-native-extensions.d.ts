/** The part of the package that file-lock.ts uses; it ships no types. */
declare module 'fs-native-extensions' {
  /** Locks the whole file; false when another open file description holds a lock that conflicts. */
  export function tryLock(fd: number, options?: { shared?: boolean }): boolean
}
