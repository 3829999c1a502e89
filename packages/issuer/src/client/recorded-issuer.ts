import { equalOctets, toHex, type Clock } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { parseCertificate, parseRequest } from '@keyline/x509'
import { readPai } from '../build/pai.ts'
import { IssuerError } from '../errors.ts'
import type { IssuanceStore } from '../issue/issuance-store.ts'
import { requestHash } from '../issue/request-hash.ts'
import type { IssuerClient } from './issuer-client.ts'

export interface RecordOptions {
  /** The station's own ledger. */
  readonly store: Pick<IssuanceStore, 'record'>
  readonly clock: Clock
}

/**
 * An issuer whose certificates stand in the station's own ledger before anyone uses them, as if it had issued them
 * itself: passports, voiding and uniqueness work on what is recorded. An answer that comes again changes nothing.
 * @throws whatever the store refuses with; IssuerError `ISSUER_ANSWER_REFUSED` when it has another certificate for the
 *   same request
 */
export function recordedIssuer(inner: IssuerClient, { store, clock }: RecordOptions): IssuerClient {
  return {
    issue: async (request, options) => {
      const answer = await inner.issue(request, options)
      const dac = parseCertificate(answer.dac)
      const { orderId, unitId, idempotencyKey } = request
      const recorded = await clock.during(() =>
        store.record({
          orderId,
          unitId,
          idempotencyKey,
          requestHash: requestHash(request),
          spkiSha256: toHex(sha256(parseRequest(request.csr).spki.der)),
          issuerKeyId: toHex(readPai(answer.pai).keyId),
          serialNumber: toHex(dac.serialNumber),
          certificate: answer.dac,
        }),
      )
      if (equalOctets(recorded.certificate, answer.dac)) return answer
      const message = `the ledger has another certificate for request ${idempotencyKey}`
      throw new IssuerError('ISSUER_ANSWER_REFUSED', message)
    },
    health: (options) => inner.health(options),
    close: () => inner.close(),
  }
}
