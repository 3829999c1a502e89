import { decode, encode, type Secret, u16be, u32be, type Random } from '@keyline/bytes'
import { open, seal } from '@keyline/crypto'
import type { UnitRow } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import type { UnitSecrets } from '../records/index.ts'

export type SealedUnit = Pick<
  UnitRow,
  'iterations' | 'sealed_discriminator' | 'sealed_passcode' | 'sealed_salt' | 'sealed_verifier'
>

/** Seals each value for its own record and column: a sealed value that was copied elsewhere does not open. */
export class Vault {
  readonly #key: Secret
  readonly #random: Random

  /** @throws LedgerError `LEDGER_STORE_KEY` unless the key has 32 octets */
  constructor(key: Secret, random: Random) {
    if (key.length !== 32) {
      throw new LedgerError('LEDGER_STORE_KEY', `the store key has ${key.length} octets, not 32`)
    }
    this.#key = key
    this.#random = random
  }

  seal(record: string, column: string, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
    return seal({ key: this.#key, random: this.#random, context: { record, column }, plaintext })
  }

  open(record: string, column: string, sealed: Uint8Array): Secret {
    return open({ key: this.#key, context: { record, column }, sealed })
  }

  sealUnit(unitId: string, secrets: UnitSecrets): SealedUnit {
    return {
      iterations: secrets.iterations,
      sealed_discriminator: this.seal(
        unitId,
        'discriminator',
        encode(u16be, secrets.discriminator, 'discriminator'),
      ),
      sealed_passcode: this.seal(unitId, 'passcode', encode(u32be, secrets.passcode, 'passcode')),
      sealed_salt: this.seal(unitId, 'salt', secrets.salt),
      sealed_verifier: this.seal(unitId, 'verifier', secrets.verifier),
    }
  }

  openUnit(unitId: string, sealed: SealedUnit): UnitSecrets {
    const { iterations } = sealed
    const value = (column: string, octets: Uint8Array): Uint8Array =>
      this.open(unitId, column, octets).reveal()
    return {
      discriminator: decode(
        u16be,
        value('discriminator', sealed.sealed_discriminator),
        'discriminator',
      ),
      passcode: decode(u32be, value('passcode', sealed.sealed_passcode), 'passcode'),
      salt: value('salt', sealed.sealed_salt),
      iterations,
      verifier: value('verifier', sealed.sealed_verifier),
    }
  }
}
