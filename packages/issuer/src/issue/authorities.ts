import { equalOctets, toHex } from '@keyline/bytes'
import { extensionOf, Oid, parseCertificate, readAuthorityKeyIdentifier } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { Authority } from './authority.ts'
import type { IssuanceOrder } from './issuance-store.ts'

/** An authority that can sign. */
export type ActiveAuthority = Authority & { readonly signer: NonNullable<Authority['signer']> }

/** The authorities of an issuer: which of them is that of an order, and which that of a certificate. */
export class Authorities {
  readonly #main: ActiveAuthority
  readonly #all: readonly Authority[]
  readonly #caKeys: ReadonlySet<string>

  constructor(main: ActiveAuthority, further: readonly Authority[]) {
    this.#main = main
    this.#all = [main, ...further]
    this.#caKeys = new Set(this.#all.flatMap(({ caKeys }) => caKeys))
  }

  /** True for the key of a CA: no device may have it. @param spkiSha256 lower-case hexadecimal */
  isCaKey(spkiSha256: string): boolean {
    return this.#caKeys.has(spkiSha256)
  }

  /**
   * An order keeps to the PAI of its first certificate. A new one gets the first that may issue for its product, and
   * the main one where none may, so that the rules of issuing say what is wrong.
   * @throws IssuerError `ISSUER_PAI_ROTATED`
   */
  ofOrder(order: IssuanceOrder): ActiveAuthority {
    const { issuerKeyId } = order
    const active = this.#all.filter(isActive)
    if (issuerKeyId === undefined) {
      return active.find((authority) => mayIssue(authority, order)) ?? this.#main
    }
    const begun = active.find(({ keyId }) => keyId === issuerKeyId)
    if (begun !== undefined) return begun
    const message = `order ${order.orderId} was begun with PAI ${issuerKeyId}, which signs here no more`
    throw new IssuerError('ISSUER_PAI_ROTATED', message)
  }

  /** The one that has issued a certificate. @param dac X.509 DER. @throws IssuerError `ISSUER_PAI_ROTATED` */
  ofCertificate(dac: Uint8Array): Authority {
    const certificate = parseCertificate(dac)
    const extension = extensionOf(certificate, Oid.authorityKeyIdentifier)
    const octets = extension === undefined ? undefined : readAuthorityKeyIdentifier(extension.value)
    const keyId = toHex(octets ?? new Uint8Array())
    const authority = this.#all.find(
      (each) =>
        each.keyId === keyId && equalOctets(certificate.issuer, each.pai.certificate.subject),
    )
    if (authority !== undefined) return authority
    const message = `the recorded certificate has PAI ${keyId}, which is not of this issuer`
    throw new IssuerError('ISSUER_PAI_ROTATED', message)
  }
}

export function isActive(authority: Authority): authority is ActiveAuthority {
  return authority.signer !== undefined
}

function mayIssue({ pai }: Authority, { vendorId, productId }: IssuanceOrder): boolean {
  return pai.vendorId === vendorId && (pai.productId ?? productId) === productId
}
