import { Secret } from '@keyline/bytes'
import {
  drawPrivateKey,
  publicKeyOf,
  randomNonces,
  sha256,
  sharedSecretOf,
  signDigest,
  verifyDigest,
  weierstrassCurves,
} from '@keyline/crypto'
import { numberOf } from '../primitive/modular.ts'
import { rsaPrivatePower } from '../primitive/rsa-key.ts'
import { curveAdditionalData, rsaAdditionalData, type WrappedUsage } from './additional-data.ts'
import { drawIv, unwrapNumbers, wrapNumbers, type WrappedBlob } from './blob.ts'
import {
  deviceScalar,
  withWrappingKey,
  type ChipSecrets,
  type DuaKeyName,
  type SecurityState,
  type WrappingKeySelection,
} from './chip-secrets.ts'
import type { CcbCurve } from './curve-parameters.ts'
import {
  CcbOperation,
  done,
  Engine,
  refused,
  type CcbError,
  type CcbResult,
  type CcbState,
  type EngineOptions,
} from './engine.ts'
import { Saes } from './saes.ts'

export interface CcbOptions extends EngineOptions {
  readonly chip: ChipSecrets
  /** The state in which the chip is at the moment of an operation: the DHUK depends on it. */
  readonly state: () => SecurityState
}

/** The key and parameters of an elliptic operation. */
export interface CurveKey {
  readonly curve: CcbCurve
  readonly blob: WrappedBlob
}

/** For whom a blob is made: the wrapping key, and the state in which it will open. */
export interface BlobTarget {
  readonly selection: WrappingKeySelection
  readonly state: SecurityState
}

interface NewKey {
  readonly usage: WrappedUsage
  readonly curve: CcbCurve
  /** The DHUK of the present state unless given. */
  readonly target?: BlobTarget | undefined
}

export interface RsaNumbers {
  /** Big endian, each as long as the modulus. */
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
  readonly phi: Uint8Array
}

const createFromCpu = {
  ecdsa: CcbOperation.ecdsaCreateFromCpu,
  ecc: CcbOperation.multiplicationCreateFromCpu,
} as const
const createFromRng = {
  ecdsa: CcbOperation.ecdsaCreateFromRng,
  ecc: CcbOperation.multiplicationCreateFromRng,
} as const

/**
 * The coupling and chaining bridge between PKA, SAES and RNG (chapter 5). Private keys go in once and come out wrapped
 * under the DHUK; an operation opens a blob, after its tag has held, in one buffer that is overwritten at its end. No
 * method gives a private or wrapping key.
 */
export class Ccb {
  readonly #engine: Engine
  readonly #chip: ChipSecrets
  readonly #state: () => SecurityState
  readonly saes: Saes

  constructor(options: CcbOptions) {
    this.#engine = new Engine(options)
    this.#chip = options.chip
    this.#state = options.state
    this.saes = new Saes(this.#engine, options.chip, options.state)
  }

  /** After the last operation, as the HAL tells it. */
  get state(): CcbState {
    return this.#engine.state
  }

  get error(): CcbError {
    return this.#engine.error
  }

  get isTampered(): boolean {
    return this.#engine.isTampered
  }

  /** Blobs that did not sign and verify right after they were made (decision D15). */
  get selfCheckFailures(): number {
    return this.#engine.selfCheckFailures
  }

  /** A reset of the chip: the one way out of a tamper event. */
  reset(): void {
    this.#engine.reset()
  }

  /** @param scalar one coordinate length, 1 … n − 1; it stays the caller's to wipe */
  wrapPrivateKey(key: NewKey, scalar: Uint8Array): CcbResult<WrappedBlob> {
    return this.#engine.run(createFromCpu[key.usage], () => this.#wrapScalar(key, scalar))
  }

  generatePrivateKey(key: NewKey): CcbResult<WrappedBlob> {
    return this.#engine.run(createFromRng[key.usage], () => {
      using scalar = new Secret(drawPrivateKey(key.curve, this.#engine.random))
      return this.#wrapScalar(key, scalar.reveal())
    })
  }

  /** Wraps a device key that the foundry left in the chip, on P-256, as RSSe-KW does. */
  wrapDeviceKey(
    name: DuaKeyName,
    key: Pick<NewKey, 'usage' | 'target'>,
  ): CcbResult<WrappedBlob> | undefined {
    using scalar = deviceScalar(this.#chip, name)
    if (scalar === undefined) return undefined
    return this.wrapPrivateKey({ ...key, curve: 'P-256' }, scalar.reveal())
  }

  /** X ‖ Y of a device key; nothing when the chip has none. */
  devicePublicKey(name: DuaKeyName): Uint8Array<ArrayBuffer> | undefined {
    return this.#chip.devicePublicKey(name)
  }

  /** ECDSA over a hash of any length, with a random number from inside the chain: r ‖ s. */
  sign({ curve, blob }: CurveKey, hash: Uint8Array): CcbResult<Uint8Array<ArrayBuffer>> {
    return this.#use(CcbOperation.ecdsaUse, { usage: 'ecdsa', curve, blob }, (privateKey) =>
      done(
        signDigest({ curve, privateKey, digest: hash, nonces: randomNonces(this.#engine.random) }),
      ),
    )
  }

  /** X ‖ Y, by a multiplication of the base point under the parameters of the usage. */
  publicKey(
    { curve, blob }: CurveKey,
    usage: WrappedUsage = 'ecdsa',
  ): CcbResult<Uint8Array<ArrayBuffer>> {
    return this.#use(CcbOperation.multiplicationUse, { usage, curve, blob }, (privateKey) =>
      done(publicKeyOf(curve, privateKey)),
    )
  }

  /** X of the scalar times a point X ‖ Y of the curve. */
  multiply({ curve, blob }: CurveKey, point: Uint8Array): CcbResult<Uint8Array<ArrayBuffer>> {
    return this.#use(
      CcbOperation.multiplicationUse,
      { usage: 'ecc', curve, blob },
      (privateKey) => {
        const x = sharedSecretOf(curve, { privateKey, publicKey: point })
        return x === undefined ? refused('invalid-parameter') : done(x)
      },
    )
  }

  wrapRsaKey({ modulus, exponent, phi }: RsaNumbers): CcbResult<WrappedBlob> {
    return this.#engine.run(CcbOperation.exponentiationCreate, () => {
      if (exponent.length !== modulus.length || phi.length !== modulus.length) {
        return refused('invalid-parameter')
      }
      const additionalData = rsaAdditionalData(modulus)
      return done(this.#wrap(additionalData, [exponent, phi]))
    })
  }

  /** operand^exponent mod modulus, as long as the modulus; the exponent is masked with a multiple of phi. */
  exponentiate(
    key: { readonly modulus: Uint8Array; readonly blob: WrappedBlob },
    operand: Uint8Array,
  ): CcbResult<Uint8Array<ArrayBuffer>> {
    const { modulus, blob } = key
    return this.#engine.run(CcbOperation.exponentiationUse, () => {
      const numbers = this.#unwrap(rsaAdditionalData(modulus), blob)
      const [exponent, phi] = numbers ?? this.#decoys(modulus.length)
      if (exponent === undefined || phi === undefined) return refused('tag-mismatch')
      using ownedExponent = exponent
      using ownedPhi = phi
      const clear = { modulus, exponent: ownedExponent.reveal(), phi: ownedPhi.reveal() }
      const { random } = this.#engine
      const result = rsaPrivatePower(clear, operand, random)
      // The work is done all the same, so that its time does not tell what was wrong.
      if (result === undefined) {
        rsaPrivatePower(clear, new Uint8Array(modulus.length).fill(1), random)
      }
      if (numbers === undefined) return refused('tag-mismatch')
      return result === undefined ? refused('invalid-parameter') : done(result)
    })
  }

  /** In the place of an exponent and a phi that did not open. */
  #decoys(length: number): readonly Secret[] {
    return [0, 1].map(() => new Secret(this.#engine.random.bytes(length)))
  }

  #wrapScalar({ usage, curve, target }: NewKey, scalar: Uint8Array): CcbResult<WrappedBlob> {
    const { length, n } = weierstrassCurves[curve]
    const value = scalar.length === length ? numberOf(scalar) : 0n
    if (value === 0n || value >= n) return refused('invalid-parameter')
    const additionalData = curveAdditionalData(usage, curve)
    const blob = this.#wrap(additionalData, [scalar], target)
    const isSound = usage === 'ecc' || this.#checkItself(curve, blob, target)
    return isSound ? done(blob) : refused('self-check-failure')
  }

  /** Signs a random hash with the new blob and verifies it (decision D15). */
  #checkItself(curve: CcbCurve, blob: WrappedBlob, target: BlobTarget | undefined): boolean {
    const digest = sha256(this.#engine.random.bytes(32))
    const [scalar] = this.#unwrap(curveAdditionalData('ecdsa', curve), blob, target) ?? []
    if (scalar === undefined) return false
    using privateKey = scalar
    const key = privateKey.reveal()
    const nonces = randomNonces(this.#engine.random)
    const signature = signDigest({ curve, privateKey: key, digest, nonces })
    return verifyDigest({ curve, publicKey: publicKeyOf(curve, key), digest, signature })
  }

  #use<T>(
    operation: CcbOperation,
    { usage, curve, blob }: CurveKey & { readonly usage: WrappedUsage },
    use: (privateKey: Uint8Array) => CcbResult<T>,
  ): CcbResult<T> {
    return this.#engine.run(operation, () => {
      const [scalar] = this.#unwrap(curveAdditionalData(usage, curve), blob) ?? []
      if (scalar === undefined) return refused('tag-mismatch')
      using privateKey = scalar
      return use(privateKey.reveal())
    })
  }

  #wrap(
    additionalData: Uint8Array,
    numbers: readonly Uint8Array[],
    target?: BlobTarget,
  ): WrappedBlob {
    return withWrappingKey(this.#chip, this.#targetOf(target), (key) =>
      wrapNumbers({ key, additionalData }, { iv: drawIv(this.#engine.random), numbers }),
    )
  }

  #unwrap(
    additionalData: Uint8Array,
    blob: WrappedBlob,
    target?: BlobTarget,
  ): readonly Secret[] | undefined {
    return withWrappingKey(this.#chip, this.#targetOf(target), (key) =>
      unwrapNumbers({ key, additionalData }, blob),
    )
  }

  #targetOf(target: BlobTarget | undefined): BlobTarget {
    return target ?? { selection: 'DHUK', state: this.#state() }
  }
}
