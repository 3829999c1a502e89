import { equalOctets, type Clock } from '@keyline/bytes'
import { matterIds } from '@keyline/matter'
import { isSignedBy, publicKeyOf, type Certificate } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import { estPath, readCertificates } from './est-message.ts'
import type { UpperChain } from './est-issuer.ts'
import { readAnswer } from './http-issuer.ts'
import type { HttpTransport } from './http-transport.ts'
import { refusalOf } from './refusal.ts'

export interface CaCertificatesOptions {
  readonly transport: HttpTransport
  readonly clock: Clock
  /** Label of EST; without one, the certificates of the server's own PAI. */
  readonly label?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The CA certificates that a server shows (EST `cacerts`). @throws IssuerError */
export async function caCertificates(
  options: CaCertificatesOptions,
): Promise<readonly Certificate[]> {
  const { transport, clock, label, signal } = options
  const path = estPath('cacerts', label)
  const answer = await transport.exchange({ method: 'GET', path }, { signal, timeoutMs: 10_000 })
  if (answer.status !== 200) throw refusalOf(answer, `GET ${path}`, clock.now())
  return readAnswer(`GET ${path}`, () => readCertificates(answer))
}

export interface AuthorityWishes {
  /** PAA certificates that are trusted, by whatever came before. */
  readonly paas: readonly Certificate[]
  readonly vendorId: number
  readonly productId: number
}

/**
 * The PAI of an order among the certificates of a server: for its ids, signed by a trusted PAA. What the server says
 * about its PAA is not believed.
 * @throws IssuerError `ISSUER_PAI_UNUSABLE` when there is none, or more than one
 */
export function authoritiesOf(
  certificates: readonly Certificate[],
  { paas, vendorId, productId }: AuthorityWishes,
): UpperChain {
  const chains = certificates.flatMap((pai) => {
    if (equalOctets(pai.subject, pai.issuer)) return []
    const ids = matterIds(pai.subject)
    const isWanted =
      ids.vendorId === vendorId && (ids.productId === undefined || ids.productId === productId)
    const paa = paas.find((one) => isIssuedBy(pai, one))
    return isWanted && paa !== undefined ? [{ pai: pai.der, paa: paa.der }] : []
  })
  const [chain] = chains
  if (chain !== undefined && chains.length === 1) return chain
  const ids = [vendorId, productId].map((id) => `0x${id.toString(16).toUpperCase()}`).join(' ')
  const message = `the issuer shows ${chains.length} PAIs of a trusted PAA for ${ids}, not 1`
  throw new IssuerError('ISSUER_PAI_UNUSABLE', message, {
    remedy: 'name the certificates of PAA and PAI that the order is for',
  })
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const key = publicKeyOf(issuer)
  return (
    key !== undefined &&
    equalOctets(certificate.issuer, issuer.subject) &&
    isSignedBy(certificate, key)
  )
}
