import { describeError, type Clock } from '@keyline/bytes'
import { callServer, type HttpTransport } from '@keyline/issuer/client'
import type { Ledger } from '@keyline/ledger'
import type { JournalRecord } from '@keyline/ledger/records'
import type { Journal } from '@keyline/station'

/** Why a station gives a certificate back. */
export type ReturnReason = 'superseded' | 'cessationOfOperation'

/** Tells the issuer that a certificate is used by no device. The same one again changes nothing. */
export type Revoke = (certificateSha256: string, reason: ReturnReason) => Promise<void>

export function revokeAt(transport: HttpTransport, clock: Clock): Revoke {
  return async (certificateSha256, reason) => {
    const path = `/v1/certificates/${certificateSha256}/revoke`
    await callServer({ transport, clock }, { method: 'POST', path, body: { reason } })
  }
}

export interface RevokeVoidOptions {
  readonly ledger: Ledger
  readonly orderId: string
  readonly run: string
  readonly journal: Journal
  /** What the journal held before this run. */
  readonly records: readonly JournalRecord[]
  readonly revoke: Revoke
  readonly onWarning: (text: string) => void
}

/**
 * Gives back what the ledger of the station holds as void: the key was lost in a restart, or the board has not passed.
 * What the issuer does not hear now it hears after the next run of the order, since the ledger keeps it; what it has
 * heard stands in the journal.
 */
export async function revokeVoid(options: RevokeVoidOptions): Promise<void> {
  const { ledger, orderId, run, journal, revoke, onWarning } = options
  const heard = heardIn(options.records)
  const waiting: (() => Promise<void>)[] = []
  for (const { unit, certificates } of await ledger.unitsOf(orderId)) {
    const isReplaced = certificates.some(({ state }) => state === 'live')
    for (const { sha256, state } of certificates) {
      if (state !== 'void' || heard.has(sha256)) continue
      waiting.push(async () => {
        await revoke(sha256, isReplaced ? 'superseded' : 'cessationOfOperation')
        const data = { certificate: sha256 }
        const place = { run, order: orderId, unit: unit.id }
        await journal.note({ type: 'outcome', step: 'revoke', ...place, data })
      })
    }
  }
  for (const [index, tell] of waiting.entries()) {
    try {
      await tell()
    } catch (error) {
      const count = `${waiting.length - index} void certificate(s) of order ${orderId}`
      const queued = 'not revoked yet, and will be told again after the next run'
      onWarning(`${count}: ${queued}: ${describeError(error)}`)
      return
    }
  }
}

function heardIn(records: readonly JournalRecord[]): ReadonlySet<unknown> {
  const told = records.filter(({ type, step }) => type === 'outcome' && step === 'revoke')
  return new Set(told.map(({ data }) => data['certificate']))
}
