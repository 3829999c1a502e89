import { equalOctets, toHexUpper } from '@keyline/bytes'
import type { CertificationDeclaration } from '../declaration/content.ts'
import type { DeclarationResult } from '../declaration/declaration.ts'
import type { Identity } from './check-chain.ts'
import { failed, idText, type AttestationFailure } from './result.ts'
import type { SdkResult } from './rules.ts'
import type { Trust, TrustedPaa } from './trust.ts'

/** What the device reports of itself in its Basic Information. */
export interface BasicInformation {
  readonly vendorId: number
  readonly productId: number
}

/** The declaration fits device and chain. */
export interface FittingDeclaration {
  readonly ok: true
  readonly declaration: CertificationDeclaration
}

export interface DeclarationContext {
  readonly basicInformation: BasicInformation
  readonly identity: Pick<Identity, 'dacIds' | 'pai'>
  readonly paa: TrustedPaa
  readonly trust: Trust
}

/** ATT-16 to ATT-25: the declaration itself, then that it is one for this device under these certificates. */
export function checkDeclaration(
  der: Uint8Array,
  context: DeclarationContext,
): FittingDeclaration | AttestationFailure {
  const verified = context.trust.declaration(der)
  if (!verified.ok) {
    const { check, message } = verified
    const violations = verified.violations.slice(0, 1)
    return failed(check, sdkResultOf(verified), { message, violations })
  }
  const { declaration } = verified
  return (
    checkBasicInformation(declaration, context.basicInformation) ??
    checkCertificateIds(declaration, context.identity) ??
    checkAuthorisedPaa(declaration, context.paa) ?? { ok: true, declaration }
  )
}

/** ATT-21 and ATT-22. */
function checkBasicInformation(
  declaration: CertificationDeclaration,
  { vendorId, productId }: BasicInformation,
): AttestationFailure | undefined {
  if (declaration.vendorId !== vendorId) {
    return failed('ATT-21', 'kCertificationDeclarationInvalidVendorId', {
      message: 'the declaration is for another vendor',
      fields: { 'CD VID': idText(declaration.vendorId), 'device VID': idText(vendorId) },
    })
  }
  if (!declaration.productIds.includes(productId)) {
    return failed('ATT-22', 'kCertificationDeclarationInvalidProductId', {
      message: 'the declaration does not list the product',
      fields: { 'CD PIDs': productsText(declaration), 'device PID': idText(productId) },
    })
  }
  return undefined
}

/** ATT-23 and ATT-24, with or without a DAC origin. */
function checkCertificateIds(
  declaration: CertificationDeclaration,
  { dacIds, pai }: DeclarationContext['identity'],
): AttestationFailure | undefined {
  const { dacOrigin } = declaration
  const vendorId = dacOrigin?.vendorId ?? declaration.vendorId
  const productIds = dacOrigin === undefined ? declaration.productIds : [dacOrigin.productId]
  if (dacIds.vendorId !== vendorId || pai.ids.vendorId !== vendorId) {
    return failed('ATT-23', 'kCertificationDeclarationInvalidVendorId', {
      message: 'the certificates are for another vendor than the declaration',
      fields: {
        'CD VID': idText(vendorId),
        'DAC VID': idText(dacIds.vendorId),
        'PAI VID': idText(pai.ids.vendorId),
      },
    })
  }
  const isDeclared = (id: number | undefined): boolean =>
    id !== undefined && productIds.includes(id)
  if (
    !isDeclared(dacIds.productId) ||
    (pai.ids.productId !== undefined && !isDeclared(pai.ids.productId))
  ) {
    return failed('ATT-24', 'kCertificationDeclarationInvalidProductId', {
      message: 'the certificates are for another product than the declaration',
      fields: {
        'CD PIDs': productIds.map(idText).join(' '),
        'DAC PID': idText(dacIds.productId),
        'PAI PID': idText(pai.ids.productId),
      },
    })
  }
  return undefined
}

/** ATT-25. */
function checkAuthorisedPaa(
  { authorizedPaas }: CertificationDeclaration,
  paa: TrustedPaa,
): AttestationFailure | undefined {
  if (authorizedPaas === undefined) return undefined
  if (authorizedPaas.some((keyId) => equalOctets(keyId, paa.keyId))) return undefined
  return failed('ATT-25', 'kCertificationDeclarationInvalidPAA', {
    message: 'the declaration authorises other PAAs',
    fields: {
      'PAA key': toHexUpper(paa.keyId),
      'authorised keys': authorizedPaas.map(toHexUpper).join(' '),
    },
  })
}

function sdkResultOf(failure: Extract<DeclarationResult, { readonly ok: false }>): SdkResult {
  switch (failure.check) {
    case 'ATT-16':
      return failure.isSignerAtFault
        ? 'kCertificationDeclarationNoKeyId'
        : 'kCertificationDeclarationInvalidSignature'
    case 'ATT-17':
      return 'kCertificationDeclarationNoCertificateFound'
    case 'ATT-18':
      return 'kCertificationDeclarationInvalidSignature'
    case 'ATT-19':
      return 'kCertificationDeclarationInvalidFormat'
    case 'ATT-20':
      return 'kAttestationElementsMalformed'
    default:
      return failure.check satisfies never
  }
}

/** The first few products: a declaration may list a hundred. */
function productsText({ productIds }: CertificationDeclaration): string {
  const shown = productIds.slice(0, 8).map(idText).join(' ')
  return productIds.length > 8 ? `${shown} and ${productIds.length - 8} more` : shown
}
