import type { Diagnosis } from '../../../model/diagnosis.ts'
import { diagnoseNeon } from '../diagnose-neon.ts'
import { explained } from '../explained.ts'
import type { NeonAccount } from '../neon-account.ts'
import { NEARLY } from '../plan-limits.ts'
import type { SharedProjects } from './shared-project.ts'

/** Says of the account what `diagnoseNeon` does, and of each project whose branches are tenants how full it is. */
export async function diagnoseBranches({
  account,
  projects,
}: {
  readonly account: NeonAccount
  readonly projects: SharedProjects
}): Promise<readonly Diagnosis[]> {
  return diagnoseNeon(account, async (known) => {
    const full: Diagnosis[] = []
    for (const { id, name } of await projects.list()) {
      const branches = await explained(`Project ${id} was not looked at`, () => account.api.listBranches(id))
      full.push(fullness({ id, name, branches: branches.length }, known?.plan.branches))
    }
    return full
  })
}

function fullness(
  { id, name, branches }: { readonly id: string; readonly name: string; readonly branches: number },
  most: number | undefined,
): Diagnosis {
  const of = most === undefined ? '' : ` of ${most} that the plan allows`
  const message = `Tenants are branches of project ${id} ("${name}"): it has ${branches}${of}.`
  if (most === undefined || branches < NEARLY * most) return { subject: 'Neon', verdict: 'ok', message }
  return {
    subject: 'Neon',
    verdict: 'warning',
    message,
    remedy: 'Prune restore points, delete tenants, or begin another fleet with a project for each tenant.',
  }
}
