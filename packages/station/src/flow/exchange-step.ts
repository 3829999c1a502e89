import { concat, encodeUtf8, throwIfInterrupted } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import type { Evidence } from '@keyline/ledger/records'
import { proofPrefix } from '@keyline/matter/pxp'
import { runProvisioningDialogue, type ExchangeHost } from '../dialogue/provisioning-dialogue.ts'
import { StationError } from '../errors.ts'
import { keyStoreOf, modeOf } from '../evidence/key-store.ts'
import { certificateId, certify, voidLostCertificate } from './certify.ts'
import { managedExchange } from './managed-exchange.ts'
import { openPort } from './open-port.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** Certificates whose key a restart has lost are void before anything else is issued. */
const restartReason = 'the board restarted before COMMIT; its key is lost'

/** How long firmware without a serial line gets. Source: provisioning-station section 6.3. */
const silentMs = 5000

/**
 * The serial dialogue: request, certificate, COMMIT, proof. Storing and proving are journaled before and after,
 * since COMMIT cannot be taken back. A manager of the station conducts it in place of the dialogue; firmware without a
 * serial line gets its time and proves nothing. Source: provisioning-station sections 6.3, 6.6 and 7.
 */
export const exchange: Step = {
  name: 'exchange',
  title: 'exchange request and certificate',
  deadlineMs: 180_000,
  touchesIdentity: true,
  async act(work, signal) {
    const { clock, manager } = work.parts
    if (work.matter.order.exchange === 'none') {
      work.isDemo = true
      await clock.sleep(silentMs, signal)
      return []
    }
    return manager === undefined ? converse(work, signal) : managedExchange(work, manager, signal)
  },
}

/** The built-in dialogue. */
async function converse(work: UnitWork, signal: AbortSignal): Promise<readonly Evidence[]> {
  const { clock, random } = work.parts
  const { order } = work.matter
  const evidence: Evidence[] = []
  const profile = await runProvisioningDialogue({
    port: await openPort(work, signal),
    clock,
    random,
    signal,
    limitsMs: work.parts.dialogueLimitsMs,
    mode: modeOf(order),
    allowsL0: order.platform === 'wb55',
    host: exchangeHost(work, evidence, signal),
    onLog: work.onLog,
  })
  evidence.push({ kind: 'exchange', ok: true, facts: { finish: '000', profile } })
  return evidence
}

function exchangeHost(work: UnitWork, evidence: Evidence[], signal: AbortSignal): ExchangeHost {
  const { order } = work.matter
  let wanted = keyStoreOf(order, [])
  return {
    identified: (ident) => {
      work.requireSameBoard(ident.uid)
      wanted = keyStoreOf(order, ident.stores)
      return Promise.resolve()
    },
    reportsOnly: (profile) => {
      work.requireDemoAllowed(profile)
      work.isDemo = true
      return Promise.resolve()
    },
    certificateFor: async (csr) => {
      const certified = await certify(work, csr, signal)
      evidence.push(...certified.evidence)
      work.credentials = certified.credentials
      return certified.credentials
    },
    beforeCommit: async () => {
      work.credentialsMayBeOnBoard = true
      await work.record('intent', 'commit', { certificate: certificateId(work) })
      throwIfInterrupted(signal)
    },
    stored: async (store) => {
      if (store !== wanted) {
        throw new StationError(
          'STATION_STORE',
          `the board stored its key in ${store}, not in ${wanted ?? 'a secure store'}`,
        )
      }
      await work.record('outcome', 'commit', { store })
    },
    proven: async ({ challenge, signature }) => {
      const { publicKey } = work.requireCredentials()
      const message = concat(encodeUtf8(proofPrefix), challenge)
      if (!verifyP256({ publicKey: p256PublicKey(publicKey), message, signature })) {
        throw new StationError('STATION_PROOF', 'the signature over the challenge does not verify')
      }
      evidence.push({ kind: 'key', ok: true, facts: { by: 'PROOF', store: wanted ?? '' } })
      await work.record('outcome', 'proof', { certificate: certificateId(work) })
    },
    restarted: async () => {
      evidence.length = 0
      await voidLostCertificate(work, restartReason)
    },
  }
}
