import { describeError, type Clock } from '@keyline/bytes'
import { callServer, type HttpTransport } from '@keyline/issuer/client'
import type { Ledger } from '@keyline/ledger'

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

/**
 * Gives back what the ledger of the station holds as void: the key was lost in a restart, or the board has not passed.
 * What the issuer does not hear now it hears after the next run of the order, since the ledger keeps it.
 */
export async function revokeVoid(
  { ledger, orderId }: { readonly ledger: Ledger; readonly orderId: string },
  revoke: Revoke,
  onWarning: (text: string) => void,
): Promise<void> {
  for (const { unit, certificates } of await ledger.unitsOf(orderId)) {
    const isReplaced = certificates.some(({ state }) => state === 'live')
    for (const { sha256, state } of certificates) {
      if (state !== 'void') continue
      try {
        await revoke(sha256, isReplaced ? 'superseded' : 'cessationOfOperation')
      } catch (error) {
        const what = `the void certificate ${sha256} of unit ${unit.serialNumber} is not revoked yet`
        onWarning(`${what}: ${describeError(error)}`)
        return
      }
    }
  }
}
