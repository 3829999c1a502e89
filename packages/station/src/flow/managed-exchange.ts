import type { Evidence } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import { modeOf } from '../evidence/key-store.ts'
import type { ManagerOutcome, ProvisioningManager } from '../port/manager.ts'
import { certificateId, certify } from './certify.ts'
import { portName } from './open-port.ts'
import type { UnitWork } from './unit-work.ts'

/**
 * Lets a manager conduct the exchange. What it says is believed as little as what a board says: without a request that
 * went through the station, nothing proves the key but the device check. Source: provisioning-station section 6.6.
 * @throws StationError `STATION_MANAGER` when it does not report success
 */
export async function managedExchange(
  work: UnitWork,
  manager: ProvisioningManager,
  signal: AbortSignal,
): Promise<readonly Evidence[]> {
  const { order } = work.matter
  const { serialNumber } = work.reserved.unit
  const evidence: Evidence[] = []
  const port = await portName(work, signal)
  const request = {
    port,
    mode: modeOf(order) === 'production' ? 1 : 0,
    header: `[${port} ${work.probe.serialNumber.slice(-4)}] `,
    serialNumber,
    job: work.run,
    certificateFor: async (csr: Uint8Array) => {
      const certified = await certify(work, csr, signal)
      evidence.splice(0, evidence.length, ...certified.evidence)
      work.credentials = certified.credentials
      // From here on the manager has what a board may store.
      work.credentialsMayBeOnBoard = true
      await work.record('intent', 'commit', { certificate: certificateId(work) })
      return certified.credentials
    },
    onLog: work.onLog,
  } as const
  const outcome = await manager.provision(request, { signal })
  await work.note('outcome', 'manager', { name: manager.name, code: outcome.code })
  if (!outcome.ok) throw managerFailed(manager, outcome)
  if (work.credentials === undefined) {
    // Nothing was issued: what the board holds now came with its firmware, or from elsewhere.
    work.requireDemoAllowed(`of ${manager.name}`)
    work.isDemo = true
  }
  if (work.credentials === undefined) {
    // Firmware that made no request can only have stored what it brought along.
    work.credentialsMayBeOnBoard = true
    work.requireDemoAllowed('L0 or L1: no request came')
    work.isDemo = true
  }
  evidence.push({ kind: 'exchange', ok: true, facts: { by: manager.name, code: outcome.code } })
  return evidence
}

/** A manager may stand between station and board: what it reports says nothing sure of the board. */
function managerFailed({ name }: ProvisioningManager, outcome: ManagerOutcome): StationError {
  const code = `0x${outcome.code.toString(16).toUpperCase().padStart(4, '0')}`
  return new StationError(
    'STATION_MANAGER',
    `the manager ${name} ended with ${code} ${outcome.reason}: ${outcome.message}`,
    { details: { code: outcome.code, reason: outcome.reason } },
  )
}
