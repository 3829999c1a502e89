import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ScannedUnit } from './commission.ts'
import { makeUnits } from './unit-of-line.ts'

/** A finished unit: what its board holds, what its label says, and who vouches for it. */
export interface MadeUnit extends ScannedUnit {
  /** The manual pairing code, 11 or 21 digits. */
  readonly manualCode: string
  readonly passcode: number
  readonly discriminator: number
  readonly vendorId: number
  readonly productId: number
  /** The DER certificate of the root above the PAI. */
  readonly paa: Uint8Array
  /** The DER certificate of the key that signed the certification declaration. */
  readonly declarationSigner: Uint8Array
}

/** The units that each interoperability test takes, by the name it reports. */
export const unitsUnderTest: readonly (readonly [string, () => Promise<MadeUnit>])[] = [
  ['the stock unit of the public vectors', async () => stockUnit()],
  ['a unit of the line', unitOfLine],
]

async function unitOfLine(): Promise<MadeUnit> {
  const [unit] = await makeUnits(1)
  if (unit === undefined) throw new Error('the line made no unit')
  return { ...unit, declarationSigner: readCertificate('CSA_Matter_CD_Signing_Key_001.cert.pem') }
}

const vectors = new URL('../vectors/matter/', import.meta.url)

/**
 * The unit that ST's stock factory data makes: the public development credentials for VID 0xFFF1
 * and PID 0x8004, passcode 20202021, discriminator 0xF00. Codes: `computed-00` of `qr.json`.
 */
function stockUnit(): MadeUnit {
  return {
    image: readVector('factory-data/full-fff1-8004.bin'),
    qrCode: 'MT:4CT9142C00KA0648G00',
    manualCode: '34970112332',
    passcode: 20202021,
    discriminator: 0xf00,
    vendorId: 0xfff1,
    productId: 0x8004,
    paa: readCertificate('Chip-Test-PAA-FFF1-Cert.der'),
    declarationSigner: readCertificate('CSA_Matter_CD_Signing_Key_001.cert.pem'),
  }
}

/** A root of the public vectors that stands above none of the units under test (DER). */
export function foreignPaa(): Uint8Array {
  return readCertificate('Chip-Test-PAA-NoVID-Cert.der')
}

function readCertificate(name: string): Uint8Array {
  return Uint8Array.from(new X509Certificate(readVector(`pem/${name}`)).raw)
}

function readVector(path: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(path, vectors)))
}
