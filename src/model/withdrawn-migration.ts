/** A migration that an undo has taken back, and that nobody has wanted again since. */
export interface WithdrawnMigration {
  readonly name: string
  /** Of the file that was taken back: another one is another migration. */
  readonly checksum: string
  /** Number of the undo. */
  readonly by: number
}
