import { hostResults } from '@keyline/matter/pxp'
import type { ManagerOutcome } from '../port/manager.ts'

/** How a manager may end other than by its own word. Each ends its own board alone. */
export const managerFaults = {
  'not-started': 'its program could not be started',
  crashed: 'it ended by an error of its own',
  'time-out': 'it did not end within its limit',
  flood: 'it printed more than a run may have',
  protocol: 'it said what the protocol of managers does not have',
  'no-result': 'it ended without a result',
} as const satisfies Readonly<Record<string, string>>

export type ManagerFault = keyof typeof managerFaults

export function managerFailed(fault: ManagerFault, detail: string): ManagerOutcome {
  const message = `the provisioning manager failed: ${managerFaults[fault]} (${detail})`
  return { ok: false, code: hostResults.unknownCode.code, reason: fault, message }
}
