import { randomBytes } from 'node:crypto'
import type { DataPlane } from './data-plane.ts'
import type { EmulatorClock } from './emulator-clock.ts'
import { badRequest, unknown, unprocessable } from './errors.ts'
import { parseLsn } from './lsn.ts'
import type { Branch, Mark, Project } from './model.ts'

/** A point in a branch's history: its head, unless one of these is given. */
export interface HistoryPoint {
  readonly lsn?: string | undefined
  readonly timestamp?: string | undefined
}

/** The databases behind branches: marks, which are frozen copies, and what is cloned from them. */
export class BranchData {
  readonly #dataPlane: DataPlane
  readonly #clock: EmulatorClock

  constructor(dataPlane: DataPlane, clock: EmulatorClock) {
    this.#dataPlane = dataPlane
    this.#clock = clock
  }

  /** Makes the empty database that a project begins with. */
  async create(project: Project, branch: Branch): Promise<void> {
    const owner = branch.roles[0]?.serverName ?? ''
    const name = databaseName(project)
    await this.#dataPlane.createDatabase(name, owner)
    branch.database = name
  }

  /** Gives the branch a database of its own, if it has none. */
  async materialize(project: Project, branch: Branch): Promise<void> {
    if (branch.database === undefined && branch.origin) branch.database = await this.thaw(project, branch.origin)
  }

  /** Clones a mark and returns the database. */
  async thaw(project: Project, mark: Mark): Promise<string> {
    const name = databaseName(project)
    await this.#dataPlane.thaw(mark.copy, name)
    return name
  }

  /** Notes that what is written from now on is written to another database than what was before. */
  async begin(branch: Branch): Promise<void> {
    branch.begins = parseLsn(await this.#dataPlane.currentLsn()) ?? 0n
  }

  /** Copies the branch as it is now. @throws DatabaseBusy */
  async mark(project: Project, branch: Branch): Promise<Mark> {
    if (branch.database === undefined) {
      if (!branch.origin) throw unprocessable('branch not ready yet')
      return branch.origin
    }
    const copy = databaseName(project)
    const lsn = await this.#dataPlane.freeze(branch.database, copy)
    const passwords = new Map(branch.roles.map((it) => [it.name, it.password]))
    const mark = { lsn, at: this.#clock.now(), copy, of: branch.database, passwords, also: new Set<bigint>() }
    branch.history.push(mark)
    return mark
  }

  /**
   * Returns the mark at a point of the branch's history. An LSN is that of a mark, or one after which nothing was written.
   * @throws NeonError for a point outside the history window, and for one that the emulator has no copy of
   */
  async at(project: Project, branch: Branch, { lsn, timestamp }: HistoryPoint): Promise<Mark> {
    if (lsn !== undefined && timestamp !== undefined) throw unknown('an LSN and a timestamp in one request')
    if (timestamp !== undefined) return this.#atTime(project, branch, new Date(timestamp))
    if (lsn !== undefined) return this.#atLsn(project, branch, lsn)
    return this.mark(project, branch)
  }

  /** Drops the copies that nothing can ask for any more: no branch begins there, and the window has left them behind. */
  async collect(project: Project): Promise<void> {
    const branches = [...project.branches.values()]
    const marks = new Set(branches.flatMap((it) => it.history))
    for (const branch of branches) {
      const last = branch.history.findLast((it) => this.#isOutside(project, it.at))
      if (last) branch.horizon = positionOf(last)
      branch.history = branch.history.filter((it) => !this.#isOutside(project, it.at))
    }
    const needed = new Set(
      branches.flatMap((it) => [...it.history, ...(it.database === undefined && it.origin ? [it.origin] : [])]),
    )
    for (const mark of marks) if (!needed.has(mark)) await this.#dataPlane.dropDatabase(mark.copy)
  }

  /** Drops the branch's own database, and the copies that only its history had. The project no longer has the branch. */
  async drop(project: Project, branch: Pick<Branch, 'database' | 'origin' | 'history'>): Promise<void> {
    const others = [...project.branches.values()]
    const needed = new Set(others.flatMap((it) => [...it.history, ...(it.origin ? [it.origin] : [])]))
    const own = new Set([...branch.history, ...(branch.origin ? [branch.origin] : [])])
    if (branch.database !== undefined && !others.some((it) => it.database === branch.database)) {
      await this.#dataPlane.dropDatabase(branch.database)
    }
    for (const mark of own) if (!needed.has(mark)) await this.#dataPlane.dropDatabase(mark.copy)
  }

  /** Of its database, in bytes; undefined while it has none. */
  async size(branch: Branch): Promise<number | undefined> {
    return branch.database === undefined ? undefined : this.#dataPlane.databaseSize(branch.database)
  }

  async #atLsn(project: Project, branch: Branch, lsn: string): Promise<Mark> {
    const position = parseLsn(lsn)
    if (position === undefined) throw badRequest(`invalid LSN: ${lsn}`)
    if (branch.horizon !== undefined && position <= branch.horizon) throw outsideWindow()
    const end = parseLsn(await this.#dataPlane.currentLsn()) ?? 0n
    if (position > end) throw unprocessable(`LSN ${lsn} is ahead of the branch`)
    const known = await this.#findMark(branch, lsn, position)
    if (known && this.#isOutside(project, known.at)) throw outsideWindow()
    // Asked for again, it is the same: also once the branch has another database.
    known?.also.add(position)
    if (known) return known
    if (branch.database === undefined || position < (branch.begins ?? 0n)) throw noCopy(lsn)
    const mark = await this.mark(project, branch)
    mark.also.add(position)
    // Asked after the copy was made: what is written in between makes this refuse, and never makes it copy too much.
    if (!(await this.#dataPlane.isWrittenSince(branch.database, lsn, mark.lsn))) return mark
    branch.history.splice(branch.history.indexOf(mark), 1)
    await this.#dataPlane.dropDatabase(mark.copy)
    throw noCopy(lsn)
  }

  /** Finds the copy that was made at this position, or the nearest before or after it, if nothing was written in between. */
  async #findMark(branch: Branch, lsn: string, position: bigint): Promise<Mark | undefined> {
    const exact = branch.history.find((it) => positionOf(it) === position || it.also.has(position))
    if (exact || position < (branch.begins ?? 0n)) return exact
    // Of the databases that the branch had before a restore, the log does not tell when they were its own.
    const marks = branch.history.filter((it) => it.of === branch.database)
    const before = marks.findLast((it) => positionOf(it) <= position)
    if (before && !(await this.#dataPlane.isWrittenSince(before.of, before.lsn, lsn))) return before
    const after = marks.find((it) => positionOf(it) > position)
    return after && !(await this.#dataPlane.isWrittenSince(after.of, lsn, after.lsn)) ? after : undefined
  }

  #atTime(project: Project, branch: Branch, time: Date): Mark {
    if (time > this.#clock.now()) throw unprocessable('timestamp is in the future')
    if (this.#isOutside(project, time)) throw outsideWindow()
    const mark = branch.history.findLast((it) => it.at <= time)
    if (!mark) throw unknown('a timestamp before the first copy of the branch')
    return mark
  }

  #isOutside(project: Project, time: Date): boolean {
    return time.getTime() < this.#clock.now().getTime() - project.historySeconds * 1000
  }
}

const outsideWindow = () => unprocessable('requested point in time is outside of the history retention window')
const noCopy = (lsn: string) =>
  unknown(`the branch was written to since ${lsn}, and it was not copied there; mark() it before it is written to`)

const positionOf = (mark: Mark) => parseLsn(mark.lsn) ?? 0n

/** Short enough for PostgreSQL, whatever the project is called. */
function databaseName(project: Project): string {
  return `${project.id}__${randomBytes(6).toString('hex')}`
}
