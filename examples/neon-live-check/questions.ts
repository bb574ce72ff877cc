/** Something that the provider relies on and that no account has answered yet. */
export interface Question {
  readonly asks: string
  /** What the emulator does. */
  readonly emulator: string
  /** What Neon is expected to do where the emulator is known to do otherwise. */
  readonly expected?: string
}

/** In the order in which they are asked. */
export const QUESTIONS = {
  found: {
    asks: 'Is a new project found by its name, with the slashes in it, right after the answer that made it?',
    emulator: 'at once',
  },
  roles: {
    asks: 'May the owner make a login role with SQL that is no member of neon_superuser?',
    emulator: 'yes',
  },
  hashed: { asks: 'What does a statement get that sets a hashed password?', emulator: 'XX000' },
  marker: {
    asks: 'Is the position that the server names accepted for a branch, at once and exactly?',
    emulator: 'yes',
  },
  children: { asks: 'May a branch that expires have a child?', emulator: 'refused: 422' },
  look: { asks: 'Does a branch at that position hold the rows of then?', emulator: 'yes' },
  childHistory: { asks: 'Is a child branch restored to its own history?', emulator: 'refused: 422' },
  busy: { asks: 'Two branches of one project at the same time: what does one of them get?', emulator: '423' },
  lasting: { asks: 'Is an expiry taken back in the call that renames a branch?', emulator: 'yes' },
  ownPassword: {
    asks: "Is the owner's password on a child its own once it is reset, while the parent's stays?",
    emulator: 'yes',
  },
  childMarker: {
    asks: 'Is the position that the server names accepted for a child of a child, at once and exactly?',
    emulator: 'yes',
  },
  exchanged: {
    asks: '… can the two exchange their names, and keep their annotations?',
    emulator: 'yes',
  },
  newHost: { asks: '… does the lower one hold the rows of then, once it is given a compute?', emulator: 'yes' },
  oldHost: {
    asks: '… what does who connects to a compute get that was deleted?',
    emulator: 'nobody listens',
    expected: 'XX000',
  },
  upperBlocked: { asks: '… is the upper one deleted while the other hangs under it?', emulator: 'refused: 422' },
  freeName: { asks: '… is the name of a deleted branch free at once?', emulator: 'yes' },
  rows: { asks: 'Does a restore to its own history return the rows of then?', emulator: 'yes' },
  ids: { asks: '… do branch, compute and connection stay the same?', emulator: 'yes' },
  roots: { asks: '… is it a root after it, and what was kept one as well?', emulator: 'both' },
  annotations: { asks: '… which of the two has the annotations?', emulator: 'the restored one' },
  moved: { asks: '… do older markers move under what was kept, and still expire?', emulator: 'yes' },
  earlier: {
    asks: '… does it still have an earlier position in its own history, with the rows of then?',
    emulator: 'yes',
  },
  passwords: {
    asks: '… which password of an SQL role is valid, if it was changed in between?',
    emulator: 'the new one',
    expected: 'the old one',
  },
  keptBlocked: { asks: 'Is what was kept deleted while a marker hangs under it?', emulator: 'refused: 422' },
  keptDeleted: { asks: '… and after the marker was deleted?', emulator: 'accepted' },
  takenName: {
    asks: 'Is a restore accepted that would keep the state before under a name that is taken?',
    emulator: 'refused: 409',
  },
  protected: { asks: 'Is a protected branch restored?', emulator: 'refused: 422' },
  writing: { asks: 'What does a session get that writes while its branch is restored?', emulator: '57P01' },
  undoRows: { asks: 'Does a return to what was kept bring its rows back?', emulator: 'yes' },
  undoRoot: { asks: '… is the branch a root after that?', emulator: 'no' },
  undoHistory: { asks: '… is it restored to its own history after that?', emulator: 'refused: 422' },
  undoDelete: { asks: '… can the root be deleted that it was before?', emulator: 'refused: 422' },
  cut: { asks: 'What does an open session get when its compute is suspended?', emulator: '57P01' },
  wake: { asks: '… does the next connection wake it, without a call of the API?', emulator: 'yes' },
  protectedProject: { asks: 'Is a project deleted that has a protected branch?', emulator: 'refused: 422' },
  recoverable: { asks: 'For how long is a deleted project listed as one that can be recovered?', emulator: '7 days' },
} as const satisfies Record<string, Question>

export type QuestionName = keyof typeof QUESTIONS
