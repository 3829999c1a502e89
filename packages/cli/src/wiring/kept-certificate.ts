import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Ledger } from '@keyline/ledger'
import type { Issuer } from '@keyline/station'
import { parseRequest } from '@keyline/x509'

export interface KeptCertificateOptions {
  readonly ledger: Pick<Ledger, 'certificateRecords'>
  readonly pai: Uint8Array
  readonly paa: Uint8Array
}

/**
 * An issuer that gives a board in rework the certificate that it has, while it has its key: no key gets a second
 * certificate, and no quota is used. Source: line, section 3.
 */
export function withKeptCertificates(
  issuer: Issuer,
  { ledger, pai, paa }: KeptCertificateOptions,
): Issuer {
  return {
    issue: async (request, options) => {
      const key = toHex(sha256(parseRequest(request.csr).spki.der))
      const records = await ledger.certificateRecords(request.unitId)
      const kept = records.find(({ state, spkiSha256 }) => state === 'live' && spkiSha256 === key)
      if (kept === undefined) return issuer.issue(request, options)
      return { dac: kept.certificate, pai, paa }
    },
  }
}
