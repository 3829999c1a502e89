import { isKeylineError } from '@keyline/bytes'
import { curvePublicKey, isWeierstrass } from '@keyline/crypto'
import {
  bootComponents,
  instanceIdOf,
  TokenProfile,
  type SoftwareComponent,
  type TokenClaims,
} from '@keyline/eat'
import { CertificateStatus, isCertificateOf, rebuildCertificate } from '../certificate/rebuild.ts'
import { curveOf } from '../key/type.ts'
import { unwritten, written } from '../service/output.ts'
import type { PsaCrypto } from '../service/psa-crypto.ts'
import { failed, succeeded, type PsaOutput, type PsaResult } from '../status/result.ts'
import { describeStatus, PsaStatus } from '../status/status.ts'
import type { AttestationPlatform } from './platform.ts'
import { tokenAlgorithms, type TokenAlgorithm, type TokenAlgorithmName } from './signer.ts'
import {
  assembleToken,
  hashToken,
  importKey,
  retrieveCertificate,
  signToken,
  type AttestationKey,
  type CertificateSource,
} from './steps.ts'
import { TokenTemplate } from './token-template.ts'

/** The five steps in which a device makes a token, and what each of them gave. Nothing of it is secret. */
export type AttestationStep =
  | { readonly step: 1; readonly name: 'key'; readonly key: number; readonly lifetime: number }
  | { readonly step: 2; readonly name: 'hash'; readonly hash: Uint8Array }
  | { readonly step: 3; readonly name: 'signature'; readonly signature: Uint8Array }
  | { readonly step: 4; readonly name: 'token'; readonly token: Uint8Array }
  | { readonly step: 5; readonly name: 'certificate'; readonly certificate: Uint8Array | undefined }

export interface InitialAttestationOptions {
  readonly crypto: PsaCrypto
  readonly key: AttestationKey
  readonly algorithm?: TokenAlgorithmName | undefined
  readonly platform: AttestationPlatform
  /** That of RFC 9783 unless given. */
  readonly profile?: TokenProfile | undefined
  /** Where the certificate of the key is; none for a key that is registered as it is. */
  readonly certificate?: CertificateSource | undefined
  /** Puts the certificate into the protected header of the token (decision D23). Off unless given. */
  readonly includeCertificate?: boolean | undefined
  /** Names the key in the unprotected header. Off unless given. */
  readonly withKeyId?: boolean | undefined
  /** In place of the hash of the public key: for a symmetric key, which has none. */
  readonly instanceId?: Uint8Array | undefined
  readonly onStep?: ((step: AttestationStep) => void) | undefined
}

const challengeSizes: ReadonlySet<number> = new Set([32, 48, 64])
/** Templates that are kept: one for each caller and challenge size, the oldest goes first. */
const mostTemplates = 16

/**
 * The initial attestation service (chapters 8 and 9). It lives from one reset to the next: what the platform says of
 * itself is read at the start. What went wrong inside is told to the caller as GENERIC_ERROR and kept in `diagnostic`.
 */
export class InitialAttestation {
  readonly #options: InitialAttestationOptions
  readonly #algorithm: TokenAlgorithm
  readonly #templates = new Map<string, TokenTemplate>()
  #identity: Identity | undefined
  #isReady = false
  #diagnostic: string | undefined

  constructor(options: InitialAttestationOptions) {
    this.#options = options
    this.#algorithm = tokenAlgorithms[options.algorithm ?? 'ES256']
  }

  /** Starts the service; until then a call answers SERVICE_FAILURE. */
  init(): PsaStatus {
    this.#isReady = true
    return PsaStatus.success
  }

  /** Why the last call failed, in words. */
  get diagnostic(): string | undefined {
    return this.#diagnostic
  }

  /**
   * `psa_initial_attest_get_token`.
   * @param challenge 32, 48 or 64 octets that the verifier chose
   * @param caller negative for a client on the non-secure side, positive for a secure partition
   */
  getToken(challenge: Uint8Array, caller: number, size?: number): PsaOutput {
    const made = this.#checked(challenge.length, size, () => this.#make(challenge, caller, size))
    return made.status === PsaStatus.success
      ? written(made.value, size)
      : unwritten(made.status, size)
  }

  /** `psa_initial_attest_get_token_size`: exact, and without a signature. */
  getTokenSize(challengeSize: number, caller: number = -1): PsaResult<number> {
    return this.#checked(challengeSize, undefined, () => {
      const identity = this.#identify()
      if (identity.status !== PsaStatus.success) return identity
      const template = this.#templateFor(identity.value, challengeSize, caller)
      return template.status === PsaStatus.success ? succeeded(template.value.length) : template
    })
  }

  /** Step 5 by itself: the certificate goes to the verifier beside the token. */
  certificate(): Uint8Array<ArrayBuffer> | undefined {
    const source = this.#options.certificate
    const certificate = source && retrieveCertificate(source)
    this.#options.onStep?.({ step: 5, name: 'certificate', certificate })
    return certificate
  }

  #make(
    nonce: Uint8Array,
    caller: number,
    size: number | undefined,
  ): PsaResult<Uint8Array<ArrayBuffer>> {
    const { crypto, onStep } = this.#options
    const algorithm = this.#algorithm

    const identity = this.#identify()
    if (identity.status !== PsaStatus.success) return identity
    const { key, lifetime } = identity.value
    onStep?.({ step: 1, name: 'key', key, lifetime })
    const found = this.#templateFor(identity.value, nonce.length, caller)
    if (found.status !== PsaStatus.success) return found
    const template = found.value
    if (size !== undefined && size < template.length) return failed(PsaStatus.bufferTooSmall)

    const hash = hashToken(crypto, { template, nonce, algorithm })
    if (hash.status !== PsaStatus.success) return this.#failure('the hash', hash.status)
    onStep?.({ step: 2, name: 'hash', hash: hash.value })

    const signature = signToken(crypto, { key, hash: hash.value, algorithm })
    if (signature.status !== PsaStatus.success) {
      return this.#failure('the signature', signature.status)
    }
    onStep?.({ step: 3, name: 'signature', signature: signature.value })

    const token = assembleToken({ template, nonce, signature: signature.value })
    onStep?.({ step: 4, name: 'token', token })
    return succeeded(token)
  }

  /** Step 1, and what follows from the key: its instance id, its certificate. Once, as long as the key stays. */
  #identify(): PsaResult<Identity> {
    const { crypto, key, certificate } = this.#options
    const known = this.#identity
    if (known !== undefined && crypto.attributes(known.key).status === PsaStatus.success) {
      return succeeded(known)
    }
    const imported = importKey(crypto, key)
    if (imported.status !== PsaStatus.success) return this.#failure('the key', imported.status)
    const instanceId = this.#instanceId(imported.value)
    if (instanceId.status !== PsaStatus.success) return instanceId
    const foreign = certificate && this.#certificateProblem(imported.value, certificate)
    if (foreign !== undefined) return this.#refusal(foreign)
    const { lifetime } = key.attributes
    this.#identity = { key: imported.value, lifetime, instanceId: instanceId.value }
    this.#templates.clear()
    return succeeded(this.#identity)
  }

  /** The check of section 7.4: what stands in system flash must be the certificate of the imported key. */
  #certificateProblem(key: number, { pack, kind }: CertificateSource): string | undefined {
    const { buffer, length } = this.#options.crypto.exportPublicKey(key)
    if (isCertificateOf(pack, kind, buffer.subarray(0, length))) return undefined
    const rebuilt = rebuildCertificate(pack, kind)
    return rebuilt.status === CertificateStatus.hardwareError
      ? `the chip has no certificate: ${rebuilt.reason}`
      : 'the certificate in system flash is that of another key'
  }

  #instanceId(key: number): PsaResult<Uint8Array> {
    const { crypto, instanceId } = this.#options
    if (instanceId !== undefined) return succeeded(instanceId)
    const attributes = crypto.attributes(key)
    const point = crypto.exportPublicKey(key)
    if (attributes.status !== PsaStatus.success || point.status !== PsaStatus.success) {
      return this.#failure('the public key', point.status)
    }
    const entry = curveOf(attributes.value.type, attributes.value.bits)
    const curve = entry === 'unknown' ? undefined : entry.curve
    if (curve === undefined || !isWeierstrass(curve)) {
      return this.#refusal('the key is on no curve that signs tokens')
    }
    return succeeded(instanceIdOf(curvePublicKey(curve, point.buffer.subarray(1, point.length))))
  }

  #templateFor(
    { instanceId }: Identity,
    challengeSize: number,
    caller: number,
  ): PsaResult<TokenTemplate> {
    const name = `${challengeSize} ${caller}`
    const known = this.#templates.get(name)
    if (known !== undefined) return succeeded(known)
    const { includeCertificate, withKeyId, certificate: source } = this.#options
    const certificate =
      includeCertificate === true && source !== undefined ? retrieveCertificate(source) : undefined
    if (includeCertificate === true && certificate === undefined) {
      return this.#refusal('the chip has no certificate that the token could include')
    }
    const nonce = new Uint8Array(challengeSize)
    try {
      const claims = this.#claims({ instanceId, clientId: caller, nonce })
      const algorithm = this.#algorithm
      const template = new TokenTemplate({ claims, algorithm, certificate, withKeyId })
      const [oldest] = this.#templates.keys()
      if (oldest !== undefined && this.#templates.size >= mostTemplates) {
        this.#templates.delete(oldest)
      }
      this.#templates.set(name, template)
      return succeeded(template)
    } catch (error) {
      if (!isKeylineError(error)) throw error
      return this.#refusal(error.message)
    }
  }

  #claims(caller: Pick<TokenClaims, 'instanceId' | 'clientId' | 'nonce'>): TokenClaims {
    const { platform, profile = TokenProfile.psa2023 } = this.#options
    const { bootRecord, hardwareVersion, certificationReference, ...own } = platform
    const softwareComponents = bootComponents(bootRecord)
    const isFirst = profile === TokenProfile.psa1
    return {
      profile,
      ...caller,
      ...own,
      softwareComponents,
      ...(isFirst ? firstProfile(softwareComponents, hardwareVersion) : { certificationReference }),
    }
  }

  #checked<T>(
    challengeSize: number,
    size: number | undefined,
    act: () => PsaResult<T>,
  ): PsaResult<T> {
    this.#diagnostic = undefined
    if (!this.#isReady) return failed(PsaStatus.serviceFailure)
    if (!challengeSizes.has(challengeSize) || size === 0) return failed(PsaStatus.invalidArgument)
    return act()
  }

  #failure(what: string, status: number) {
    return this.#refusal(`${what}: ${describeStatus(status)}`)
  }

  #refusal(diagnostic: string) {
    this.#diagnostic = diagnostic
    return failed(PsaStatus.genericError)
  }
}

interface Identity {
  readonly key: number
  readonly lifetime: number
  readonly instanceId: Uint8Array
}

/** What profile 1 alone can say: the hardware, and that nothing was measured. */
function firstProfile(
  components: readonly SoftwareComponent[],
  hardwareVersion: string | undefined,
): Pick<TokenClaims, 'hardwareVersion' | 'noSoftwareMeasurements'> {
  return {
    hardwareVersion,
    noSoftwareMeasurements: components.length === 0 ? 1 : undefined,
  }
}
