import { equalOctets, toHex } from '@keyline/bytes'
import type { CoseKey, InstanceIdForm, Token } from '@keyline/eat'
import { keyRefusal, type Refusal } from '../decode/refusal.ts'
import { VerifierError } from '../errors.ts'
import { isWithin, type TrustAnchor } from '../store/anchor.ts'
import type { CertificateTrust } from '../store/certificate-anchor.ts'
import type { KeyCache } from '../store/key-cache.ts'
import { leafKeyOf, requireBinding, verifyChain } from './certificate-chain.ts'

/** Whose key it is that a token was signed with. */
export type KeyOrigin =
  | {
      readonly kind: 'registered'
      /** Id of the CoRIM that names the key. */
      readonly source?: string | undefined
    }
  | {
      readonly kind: 'certified'
      readonly subject: string
      /** How the instance id is derived from the key. */
      readonly forms: readonly InstanceIdForm[]
      /** A device that was not registered is recognised by its certificate alone (V20). */
      readonly isAccepted: boolean
    }

/** The key to verify with, or why there is none. */
export type ChosenKey =
  | {
      readonly isKnown: true
      readonly key: CoseKey
      readonly origin: KeyOrigin
      readonly warnings: readonly string[]
    }
  | { readonly isKnown: false; readonly refusal: Refusal }

/** What the store knows of the identity in a token. */
export interface KnownKeys {
  readonly anchor: TrustAnchor | undefined
  /** Certificates that were registered for the instance, DER, the leaf first. */
  readonly certificates?: readonly Uint8Array[] | undefined
  readonly trust: CertificateTrust
  /** Seconds since 1970. */
  readonly time: number
  readonly cache: KeyCache
}

/** Chooses the key: a registered one, then a certified one (V19). The key id in a header is no more than a hint. */
export function chooseKey(
  { claims, certificateChain }: Pick<Token, 'claims' | 'certificateChain'>,
  known: KnownKeys,
): ChosenKey {
  const { anchor, trust, time } = known
  if (anchor !== undefined) return registeredKey(anchor, certificateChain, known)
  const chain = certificateChain ?? known.certificates
  if (chain === undefined) {
    const message = `instance ${toHex(claims.instanceId)} of implementation ${toHex(claims.implementationId)} is not registered`
    return { isKnown: false, refusal: keyRefusal('E_KEY_UNKNOWN', message) }
  }
  try {
    const { publicKey, subject, anchor: authority } = verifyChain(chain, trust, time)
    const forms = requireBinding(claims.instanceId, publicKey)
    const isAccepted = authority.acceptUnregistered === true
    return {
      isKnown: true,
      key: { type: 'ec', publicKey },
      origin: { kind: 'certified', subject, forms, isAccepted },
      warnings: [],
    }
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    return { isKnown: false, refusal: keyRefusal(error.code, error.message) }
  }
}

function registeredKey(
  anchor: TrustAnchor,
  chain: readonly Uint8Array[] | undefined,
  { time, cache }: KnownKeys,
): ChosenKey {
  const { key, state, validity, source, instanceId } = anchor
  if (state === 'revoked') {
    const message = `the key of instance ${toHex(instanceId)} was revoked`
    return { isKnown: false, refusal: keyRefusal('E_KEY_REVOKED', message) }
  }
  if (validity !== undefined && !isWithin(validity, time)) {
    const message = `the endorsement ${source ?? ''} of instance ${toHex(instanceId)} is not valid at ${time}`
    return { isKnown: false, refusal: keyRefusal('E_KEY_VALIDITY', message) }
  }
  const certified = chain === undefined ? undefined : leafKeyOf(chain)
  const isOther =
    chain !== undefined &&
    (key.type !== 'ec' || certified === undefined || !equalOctets(certified.octets, key.point))
  return {
    isKnown: true,
    key: cache.keyOf(key),
    origin: { kind: 'registered', source },
    warnings: isOther
      ? ['the certificate in the token has another key than the registered one']
      : [],
  }
}
