import { describe, expect, test } from 'vitest'
import type { NeonError } from './errors.ts'
import {
  type BranchCounts,
  decideRestore,
  type LineageBranch,
  type RestoreOutcome,
  type RestoreRequest,
  refuseCreate,
  refuseDelete,
  refuseUpdate,
} from './lineage.ts'

const LIMITS: BranchCounts = { branches: 10, rootBranches: 3, protectedBranches: 2 }

const branch = (id: string, parentId?: string, more: Partial<LineageBranch> = {}): LineageBranch => ({
  id,
  name: `the ${id}`,
  parentId,
  isDefault: false,
  isOriginalRoot: false,
  isProtected: false,
  isExpiring: false,
  isReady: true,
  ...more,
})
const root = (more: Partial<LineageBranch> = {}) =>
  branch('main', undefined, { isDefault: true, isOriginalRoot: true, ...more })

const say = (refusal: NeonError | undefined) => refusal && `${refusal.status} ${refusal.code || refusal.message}`

describe('creating a branch', () => {
  const create = (branches: readonly LineageBranch[], parent: string, name = 'new', limits = LIMITS) =>
    say(refuseCreate(branches, { parent, name }, limits))

  test('any branch that is ready and does not expire can be a parent', () => {
    const branches = [root(), branch('child', 'main'), branch('kept'), branch('safe', 'main', { isProtected: true })]
    expect(branches.map((it) => create(branches, it.id))).toEqual([undefined, undefined, undefined, undefined])
  })

  test.each([
    ['a parent that is still made', [root({ isReady: false })], '422 branch not ready yet'],
    ['a name that is taken', [root({ name: 'new' })], '409 BRANCH_ALREADY_EXISTS'],
    ['a parent that expires', [root({ isExpiring: true })], /^422 .*cannot have children/],
  ])('%s is refused', (_, branches, answer) => {
    expect(create(branches, 'main')).toMatch(answer)
  })

  test('the plan counts all branches, roots included', () => {
    const branches = [root(), branch('kept')]
    expect(create(branches, 'main', 'new', { ...LIMITS, branches: 3 })).toBeUndefined()
    expect(create(branches, 'main', 'new', { ...LIMITS, branches: 2 })).toBe('422 BRANCHES_LIMIT_EXCEEDED')
  })
})

describe('deleting a branch', () => {
  /** Every combination of what is looked at. */
  const cases = [false, true].flatMap((isRoot) =>
    [false, true].flatMap((isDefault) =>
      [false, true].flatMap((isOriginalRoot) =>
        [false, true].flatMap((isProtected) =>
          [false, true].map((hasChild) => ({ isRoot, isDefault, isOriginalRoot, isProtected, hasChild })),
        ),
      ),
    ),
  )

  test.each(cases)(
    '$isRoot, default $isDefault, original $isOriginalRoot, protected $isProtected, parent $hasChild',
    ({ isRoot, hasChild, ...flags }) => {
      const branches = [
        root(),
        branch('it', isRoot ? undefined : 'main', flags),
        ...(hasChild ? [branch('child', 'it')] : []),
      ]
      const isFree = !flags.isDefault && !flags.isOriginalRoot && !flags.isProtected && !hasChild
      const refusal = refuseDelete(branches, 'it')
      expect(refusal === undefined).toBe(isFree)
      if (!isFree) expect(refusal?.status).toBe(422)
    },
  )

  test('the reason is told, protection first', () => {
    const child = branch('child', 'main')
    const answer = (it: LineageBranch) => refuseDelete([it, child], 'main')?.message
    expect(answer(root({ isProtected: true }))).toBe('cannot delete protected branch')
    expect(answer(root())).toBe('cannot delete default branch')
    expect(answer(root({ isDefault: false }))).toBe('cannot delete root branch')
    expect(answer(branch('main'))).toBe('cannot delete branch that has children')
  })
})

describe('changing a branch', () => {
  const update = (branches: readonly LineageBranch[], change: Partial<Parameters<typeof refuseUpdate>[2]>) =>
    say(refuseUpdate(branches, 'it', { isProtected: false, isExpiring: false, ...change }, LIMITS))
  const it = branch('it', 'main')

  test('a name is changed unless another branch has it', () => {
    expect(update([root(), it], { name: 'the it' })).toBeUndefined()
    expect(update([root(), it], { name: 'fresh' })).toBeUndefined()
    expect(update([root(), it], { name: 'the main' })).toBe('409 BRANCH_ALREADY_EXISTS')
  })

  test('no default, protected or parent branch expires', () => {
    expect(update([root(), it], { isExpiring: true })).toBeUndefined()
    expect(update([root(), it], { isExpiring: true, isProtected: true })).toMatch(/protected branch$/)
    expect(update([root(), it, branch('child', 'it')], { isExpiring: true })).toMatch(/has children$/)
    expect(update([{ ...it, isDefault: true }], { isExpiring: true })).toMatch(/default branch$/)
  })

  test('only so many are protected, and one that is stays it', () => {
    const others = [root({ isProtected: true }), branch('two', 'main', { isProtected: true })]
    expect(update([root({ isProtected: true }), it], { isProtected: true })).toBeUndefined()
    expect(update([...others, it], { isProtected: true })).toBe('422 BRANCHES_PROTECTED_LIMIT_EXCEEDED')
    expect(update([...others, { ...it, isProtected: true }], { isProtected: true })).toBeUndefined()
  })
})

describe('restoring a branch', () => {
  const restore = (branches: readonly LineageBranch[], request: Partial<RestoreRequest>, limits = LIMITS) =>
    decideRestore(branches, { target: 'main', source: 'main', toPoint: true, ...request }, limits)
  const refusal = (...args: Parameters<typeof restore>) => {
    const decision = restore(...args)
    return 'refusal' in decision ? say(decision.refusal) : undefined
  }
  /** The branches afterwards, as `name: parent`, so that recipes can be read. */
  const changed = (
    branches: readonly LineageBranch[],
    target: string,
    decision: RestoreOutcome,
  ): readonly LineageBranch[] => [
    ...branches.map((it) => ({
      ...it,
      ...(decision.movedChildren.includes(it.id) && { parentId: 'preserved' }),
      ...(it.id === target && {
        parentId: decision.targetParentId,
        isOriginalRoot: it.isOriginalRoot && decision.targetParentId === undefined,
      }),
    })),
    ...(decision.preserved ? [branch('preserved', decision.preserved.parentId, decision.preserved)] : []),
  ]
  const outcome = (branches: readonly LineageBranch[], request: Partial<RestoreRequest>) => {
    const decision = restore(branches, request)
    if ('refusal' in decision) throw decision.refusal
    return changed(branches, request.target ?? 'main', decision)
  }
  const parentsOf = (branches: readonly LineageBranch[]) =>
    Object.fromEntries(branches.map((it) => [it.id, it.parentId ?? null]))

  test('to its own history a root stays one, the preserved branch is another, has the children, and can be deleted after them', () => {
    const before = [root(), branch('marker', 'main'), branch('grandchild', 'marker')]
    const result = outcome(before, { preserveUnderName: 'undo' })
    expect(parentsOf(result)).toEqual({ main: null, marker: 'preserved', grandchild: 'marker', preserved: null })
    expect(say(refuseDelete(result, 'preserved'))).toMatch(/has children/)
    const without = result.filter((it) => it.id !== 'marker')
    expect(refuseDelete(without, 'preserved')).toBeUndefined()
    expect(say(refuseDelete(result, 'main'))).toMatch(/default branch/)
  })

  test('a child from its own child: the ancestors have children for good', () => {
    const before = [root(), branch('dev', 'main'), branch('backup', 'dev')]
    const result = outcome(before, { target: 'dev', source: 'backup', toPoint: false, preserveUnderName: 'dev_old' })
    expect(parentsOf(result)).toEqual({ main: null, dev: 'backup', backup: 'preserved', preserved: 'main' })
    for (const id of ['preserved', 'backup']) expect(say(refuseDelete(result, id))).toMatch(/has children/)
  })

  test('a root from another root: it is one no more, and what it was can never be deleted', () => {
    const before = [root(), branch('undo')]
    const result = outcome(before, { source: 'undo', toPoint: false, preserveUnderName: 'redo' })
    expect(parentsOf(result)).toEqual({ main: 'undo', undo: null, preserved: null })
    expect(say(refuseDelete(result, 'preserved'))).toMatch(/cannot delete root branch/)
    expect(say(refuseDelete(result, 'undo'))).toMatch(/has children/)
  })

  test('a child from its parent, with nothing preserved, stays where it is', () => {
    expect(parentsOf(outcome([root(), branch('dev', 'main')], { target: 'dev', toPoint: false }))).toEqual({
      main: null,
      dev: 'main',
    })
  })

  const child = branch('dev', 'main')
  test.each<[string, readonly LineageBranch[], Partial<RestoreRequest>, string | RegExp]>([
    ['a protected target', [root({ isProtected: true })], {}, '422 cannot reset protected branch'],
    ['a target that is still made', [root({ isReady: false })], {}, '422 branch not ready yet'],
    ['a source that is still made', [root(), branch('b', undefined, { isReady: false })], { source: 'b' }, /not ready/],
    ['its own head', [root()], { toPoint: false }, /^501 emulator: /],
    ['a point for a child', [root(), child], { target: 'dev', source: 'dev', preserveUnderName: 'x' }, /^422 .*root/],
    ['a point of a child', [root(), child], { source: 'dev', preserveUnderName: 'x' }, /^422 .*root/],
    ['own history with no name', [root()], {}, /^422 .*preserve_under_name is required/],
    [
      'children with no name',
      [root(), child, branch('leaf', 'dev')],
      { target: 'dev', toPoint: false },
      /^422 .*preserve_under_name is required/,
    ],
    ['the original root with no name', [root(), branch('b')], { source: 'b', toPoint: false }, /^501 emulator: /],
    ['a name that is taken', [root(), child], { preserveUnderName: 'the dev' }, '409 BRANCH_ALREADY_EXISTS'],
    [
      'a source that expires',
      [root(), branch('b', 'main', { isExpiring: true })],
      { source: 'b', toPoint: false, preserveUnderName: 'x' },
      /cannot have children/,
    ],
  ])('%s is refused', (_, branches, request, answer) => {
    expect(refusal(branches, request)).toMatch(answer)
  })

  test('each preserved root takes a slot, and the last one is told', () => {
    let branches: readonly LineageBranch[] = [root()]
    for (const name of ['first', 'second']) {
      const result = outcome(branches, { preserveUnderName: name })
      branches = result.map((it) => (it.id === 'preserved' ? { ...it, id: name } : it))
    }
    expect(refusal(branches, { preserveUnderName: 'third' })).toBe('422 ROOT_BRANCHES_LIMIT_EXCEEDED')
    // Restored from another root it takes none: it stops being one itself.
    expect(refusal(branches, { source: 'first', toPoint: false, preserveUnderName: 'third' })).toBeUndefined()
    expect(refusal(branches, { preserveUnderName: 'third' }, { ...LIMITS, branches: 3 })).toBe(
      '422 BRANCHES_LIMIT_EXCEEDED',
    )
  })

  test('whatever is restored from whatever, nobody becomes an ancestor of itself, and there is a root', () => {
    const forest = [root(), branch('a', 'main'), branch('b', 'a'), branch('c', 'b'), branch('d', 'a'), branch('r')]
    const answers = forest.flatMap((target) =>
      forest.flatMap((source) =>
        [true, false].flatMap((toPoint) =>
          [undefined, 'kept'].map((preserveUnderName) => {
            const request = { target: target.id, source: source.id, toPoint, preserveUnderName }
            const decision = restore(forest, request)
            if ('refusal' in decision) return 'refused'
            const result = changed(forest, target.id, decision)
            const byId = new Map(result.map((it) => [it.id, it]))
            for (const it of result) {
              const seen = new Set<string>()
              for (let at: LineageBranch | undefined = it; at; at = byId.get(at.parentId ?? '')) {
                expect(seen).not.toContain(at.id)
                seen.add(at.id)
              }
            }
            expect(result.filter((it) => it.parentId === undefined).length).toBeGreaterThan(0)
            expect(result.filter((it) => it.isOriginalRoot)).toHaveLength(1)
            return 'done'
          }),
        ),
      ),
    )
    expect(new Set(answers)).toEqual(new Set(['refused', 'done']))
  })
})
