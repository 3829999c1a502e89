import type { WorkOrder } from '@keyline/ledger/records'
import { findScripts } from '@keyline/station'
import { cause, refusedRun } from './gen-factory-data-refusal.ts'

/**
 * The folder of the scripts that boards with a boot loader need; nothing where none is needed.
 * @param given the folder itself; that of X-CUBE-MATTER above the working directory unless given
 * @throws RefusedInput with CLI-22 when no folder has all of them
 */
export async function scriptFolderOf(
  { platform, security, scripts: setting }: Pick<WorkOrder, 'platform' | 'security' | 'scripts'>,
  given: string | undefined,
): Promise<string | undefined> {
  if (security === 0 || platform === 'wb55') return undefined
  const second = platform === 'u5' ? 'SBSFU_UPDATE' : 'provisioning'
  const scripts =
    setting?.regression === false ? ([second] as const) : (['regression', second] as const)
  const folder = await findScripts({
    given,
    platform,
    security,
    scripts,
    workingFolder: process.cwd(),
  })
  if (folder !== undefined) return folder
  throw refusedRun([cause('CLI-22', '--scripts', `no folder has ${scripts.join(' and ')}`)])
}
