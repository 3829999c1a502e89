import { encodeUtf8, hasErrors, seededRandom, type Random } from '@keyline/bytes'
import { P256Multiplier } from '@keyline/crypto'
import { checkFactoryData, type FactoryDataProfile } from '@keyline/matter'
import { RefusedInput } from '../errors.ts'
import {
  generateUnit,
  type BatchProduct,
  type CredentialSource,
  type DeviceCertificates,
  type GeneratedUnit,
} from './generate-unit.ts'
import type { MadeUnits } from './run-batch.ts'
import type { UnitLines } from './unit-line.ts'

export interface UnitMakerOptions<C extends DeviceCertificates, R> {
  readonly product: BatchProduct
  readonly profile: FactoryDataProfile
  /** Many small values are drawn from it: see `blockRandom`. */
  readonly random: Random
  /** Draws every unit from this text and its place instead: for tests, since whoever knows it knows all secrets. */
  readonly seed?: string | undefined
  readonly lines: UnitLines
  /** Issues the certificate of a device; `random` is where its values come from. */
  readonly credentials: (random: Random) => CredentialSource<C>
  /** What the ledger records of a unit. */
  readonly recordOf: (unit: GeneratedUnit<C>) => R
}

export interface UnitRange {
  /** Place of the first unit in the batch: 1, 2, 3, … */
  readonly first: number
  readonly serialNumbers: readonly string[]
}

/**
 * Makes chunks of units, one after the other on this thread. The first unit of each chunk is judged by every rule of
 * factory data, its verifier derived anew: what is wrong with it is wrong with all.
 */
export class UnitMaker<C extends DeviceCertificates, R> {
  readonly #options: UnitMakerOptions<C, R>
  readonly #multiplier = new P256Multiplier()

  constructor(options: UnitMakerOptions<C, R>) {
    this.#options = options
  }

  /** @throws RefusedInput when the first unit breaks a rule; whatever the issuer refuses with */
  async make(range: UnitRange): Promise<MadeUnits<R>> {
    // One text, encoded once: octets of each line alone would cost more than the lines.
    let lines = ''
    const records: R[] = []
    for (const [index, serialNumber] of range.serialNumbers.entries()) {
      const place = range.first + index
      using unit = await this.#generate(place, serialNumber)
      if (index === 0) await this.#requireRules(unit)
      const { secrets, codes, image } = unit
      const { passcode, discriminator } = secrets
      const record = { unit: place, serialNumber, passcode, discriminator, ...codes, image }
      lines += this.#options.lines.write(record)
      records.push(this.#options.recordOf(unit))
    }
    return { lines: encodeUtf8(lines), records }
  }

  #generate(place: number, serialNumber: string): Promise<GeneratedUnit<C>> {
    const { product, seed, credentials } = this.#options
    const random = seed === undefined ? this.#options.random : seededRandom(`${seed}/${place}`)
    const multiplier = this.#multiplier
    return generateUnit({
      product,
      serialNumber,
      random,
      multiplier,
      credentials: credentials(random),
    })
  }

  async #requireRules(unit: GeneratedUnit<C>): Promise<void> {
    const findings = await checkFactoryData(unit.data, {
      profile: this.#options.profile,
      mode: 'reconfigure',
      policy: 'test',
    })
    if (!hasErrors(findings)) return
    throw new RefusedInput(`the factory data of unit ${unit.serialNumber}`, findings)
  }
}
