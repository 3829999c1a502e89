import { encodeUtf8 } from '@keyline/bytes'
import { generateP256, type P256PublicKey } from '@keyline/crypto'
import { derInteger, keyIdentifier } from '@keyline/x509'

/** What differs between the certificates of a series. */
export interface DacSubject {
  /** 65-octet point of the device. */
  readonly publicKey: Uint8Array
  /** Unsigned, big endian. */
  readonly serialNumber: Uint8Array
  readonly commonName: string
}

/** Builds the signed part of a certificate. */
export type TbsBuilder = (subject: {
  readonly publicKey: P256PublicKey
  readonly serialNumber: Uint8Array
  readonly commonName: string
}) => Uint8Array

/** A signed part, and where its differing members stand. */
interface Template {
  readonly octets: Uint8Array
  readonly serialNumber: number
  readonly commonName: number
  readonly point: number
  readonly keyIdentifier: number
}

/** Header of an INTEGER of fewer than 128 octets. */
const integerHeader = 2

/**
 * The signed parts of a series, octet for octet what the builder gives, for a copy and four insertions each: writing
 * all of the DER anew costs several times the signature over it.
 */
export class DacTemplates {
  readonly #build: TbsBuilder
  readonly #sample = generateP256().publicKey
  readonly #templates = new Map<string, Template>()

  constructor(build: TbsBuilder) {
    this.#build = build
  }

  tbs(subject: DacSubject): Uint8Array {
    const serialNumber = derInteger(subject.serialNumber).subarray(integerHeader)
    const commonName = encodeUtf8(subject.commonName)
    const template = this.#template(serialNumber.length, commonName.length)
    const octets = Uint8Array.from(template.octets)
    octets.set(serialNumber, template.serialNumber)
    octets.set(commonName, template.commonName)
    octets.set(subject.publicKey, template.point)
    octets.set(keyIdentifier(subject.publicKey), template.keyIdentifier)
    return octets
  }

  /** A template serves all members of the same lengths: DER puts a length before each of them. */
  #template(serialNumberLength: number, commonNameLength: number): Template {
    const key = `${serialNumberLength}/${commonNameLength}`
    const known = this.#templates.get(key)
    if (known !== undefined) return known
    const built = (digit: number, letter: string): Uint8Array =>
      this.#build({
        publicKey: this.#sample,
        serialNumber: new Uint8Array(serialNumberLength).fill(digit),
        commonName: letter.repeat(commonNameLength),
      })
    const octets = built(1, 'A')
    const other = built(2, 'B')
    // Serial number and common name differ in every octet, the rest in none; the serial number comes first.
    const serialNumber = octets.findIndex((octet, place) => octet !== other[place])
    const behind = serialNumber + serialNumberLength
    const commonName = octets.findIndex((octet, place) => place >= behind && octet !== other[place])
    const { point } = this.#sample
    const template = {
      octets,
      serialNumber,
      commonName,
      point: placeOf(point, octets),
      keyIdentifier: placeOf(keyIdentifier(point), octets),
    }
    this.#templates.set(key, template)
    return template
  }
}

function placeOf(part: Uint8Array, octets: Uint8Array): number {
  return octets.findIndex((_, start) =>
    part.every((octet, place) => octet === octets[start + place]),
  )
}
