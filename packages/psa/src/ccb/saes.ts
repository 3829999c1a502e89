import { concat, Secret } from '@keyline/bytes'
import { decryptCbc, decryptEcb, encryptCbc, encryptEcb } from '@keyline/crypto'
import {
  applyAuthenticatedMode,
  applyBlockMode,
  type AuthenticatedOperation,
  type BlockOperation,
} from '../primitive/aes-mode.ts'
import { withWrappingKey, type ChipSecrets, type SecurityState } from './chip-secrets.ts'
import { CcbOperation, done, refused, type CcbResult, type Engine } from './engine.ts'

/** How a symmetric key is wrapped (decision D30): CBC is the option of STM32U3, ECB that of STM32C5. */
export type SymmetricWrapping = 'cbc' | 'ecb'

/** A wrapped AES key: `IV (16) ‖ ciphertext`, or the ciphertext alone with ECB. It has no integrity. */
export interface WrappedAesKey {
  readonly wrapping: SymmetricWrapping
  readonly octets: Uint8Array
}

const ivLength = 16

/** The AES core of the chip as far as wrapped symmetric keys need it: they are opened inside and used inside. */
export class Saes {
  readonly #engine: Engine
  readonly #chip: ChipSecrets
  readonly #state: () => SecurityState

  constructor(engine: Engine, chip: ChipSecrets, state: () => SecurityState) {
    this.#engine = engine
    this.#chip = chip
    this.#state = state
  }

  /** @param key 16 or 32 octets; they stay the caller's to wipe */
  wrapKey(key: Uint8Array, wrapping: SymmetricWrapping): CcbResult<Uint8Array<ArrayBuffer>> {
    return this.#engine.run(CcbOperation.symmetricCreate, () => {
      if (key.length !== 16 && key.length !== 32) return refused('invalid-parameter')
      return this.#withDhuk((dhuk) => {
        if (wrapping === 'ecb') return done(encryptEcb({ key: dhuk, octets: key }))
        const iv = this.#engine.random.bytes(ivLength)
        return done(concat(iv, encryptCbc({ key: dhuk, iv, octets: key })))
      })
    })
  }

  applyBlocks(key: WrappedAesKey, operation: BlockOperation): CcbResult<Uint8Array<ArrayBuffer>> {
    return this.#use(key, (clear) => done(applyBlockMode(clear, operation)))
  }

  applyAuthenticated(
    key: WrappedAesKey,
    operation: AuthenticatedOperation,
  ): CcbResult<Uint8Array<ArrayBuffer>> {
    return this.#use(key, (clear) => {
      const octets = applyAuthenticatedMode(clear, operation)
      return octets === undefined ? refused('tag-mismatch') : done(octets)
    })
  }

  #use<T>(
    { wrapping, octets }: WrappedAesKey,
    use: (clear: Uint8Array) => CcbResult<T>,
  ): CcbResult<T> {
    return this.#engine.run(CcbOperation.symmetricUse, () => {
      const clear = this.#withDhuk((key) =>
        wrapping === 'ecb'
          ? decryptEcb({ key, octets })
          : decryptCbc({
              key,
              iv: octets.subarray(0, ivLength),
              octets: octets.subarray(ivLength),
            }),
      )
      using owned = new Secret(clear)
      return use(owned.reveal())
    })
  }

  #withDhuk<T>(use: (key: Uint8Array) => T): T {
    return withWrappingKey(this.#chip, { selection: 'DHUK', state: this.#state() }, use)
  }
}
