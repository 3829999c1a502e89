import { readFileSync } from 'node:fs'
import { fromHex, Secret, type Finding } from '@keyline/bytes'
import { generateP256, p256Order, p256ScalarOf, spake2pVerifier } from '@keyline/crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  checkFactoryData,
  prepareFactoryDataCheck,
  rulesWithProof,
  type FactoryDataCheck,
} from './check.ts'
import type { FactoryData } from './factory-data.ts'
import { decodeImage } from './image.ts'
import { profiles } from './profile.ts'
import { factoryDataRules } from './rules.ts'
import { isP256Scalar } from './scalar.ts'

const file = new URL(
  '../../../../test/vectors/matter/factory-data/full-fff1-8004.bin',
  import.meta.url,
)
const { data: full } = decodeImage(Uint8Array.from(readFileSync(file)))
const options: FactoryDataCheck = { profile: profiles.wba, mode: 'reconfigure', policy: 'test' }
const other = generateP256()

async function rulesOf(
  change: FactoryData,
  changed: Partial<FactoryDataCheck> = {},
): Promise<readonly string[]> {
  return weighty(await checkFactoryData({ ...full, ...change }, { ...options, ...changed }))
}

/** Rules of errors and warnings. */
function weighty(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule)
}

describe('checkFactoryData', () => {
  it('finds nothing wrong in the stock set, and tells of the text that no firmware reads', async () => {
    expect(await checkFactoryData(full, options)).toMatchObject([
      { rule: 'FD-048', severity: 'info', field: 'HARDWARE_VERSION_STRING' },
    ])
  })

  it.each<[string, FactoryData, readonly string[]]>([
    ['a vendor id of 0', { vendorId: 0 }, ['FD-010', 'FD-031', 'FD-036']],
    ['a discriminator of 13 bits', { discriminator: 4096 }, ['FD-013']],
    ['a forbidden passcode', { passcode: 12_345_678 }, ['FD-015', 'FD-020']],
    ['a salt of 15 octets', { salt: new Uint8Array(15) }, ['FD-017', 'FD-020']],
    ['a verifier of zeros', { verifier: new Uint8Array(97) }, ['FD-018']],
    ['another verifier', { verifier: verifierWith(0) }, ['FD-019', 'FD-020']],
    ['a w0 of n', { verifier: verifierWith(0xff) }, ['FD-019', 'FD-020']],
    ['a product name of 33 octets', { productName: 'ü'.repeat(16) + 'x' }, ['FD-022']],
    ['a serial number of 33 octets', { serialNumber: '9'.repeat(33) }, ['FD-023']],
    ['a hardware text of 65 octets', { hardwareVersionString: 'x'.repeat(65) }, ['FD-024']],
    ['an empty hardware text', { hardwareVersionString: '' }, ['FD-006', 'FD-027']],
    ['a control character', { vendorName: 'a\u0085b' }, ['FD-025']],
    ['a lone surrogate', { vendorName: '\ud800' }, ['FD-025']],
    ['the 29th of a common February', { manufacturingDate: '2027-02-29' }, ['FD-026']],
    ['a day of 1999', { manufacturingDate: '1999-12-31' }, ['FD-026']],
    ['a day with a suffix', { manufacturingDate: '20280229 LINE-7' }, []],
    ['a version without its text', { hardwareVersionString: undefined }, ['FD-027']],
    ['a short rotating id', { rotatingDeviceId: '0123456789abcde' }, ['FD-028']],
    ['an enable key of 31 digits', { enableKey: '0'.repeat(31) }, ['FD-029']],
    ['a key of 31 octets', { dacPrivateKey: new Secret(new Uint8Array(31)) }, ['FD-037']],
    ['another private key', { dacPrivateKey: p256ScalarOf(other) }, ['FD-039']],
    ['another public key', { dacPublicKey: other.publicKey.point }, ['FD-039', 'FD-040']],
    ['no serial number', { serialNumber: undefined }, ['FD-051']],
    ['no verifier', { verifier: undefined }, ['FD-041']],
    ['a number that is none', { hardwareVersion: 1.5 }, ['FD-004', 'FD-027']],
    [
      'firmware information of 603 octets',
      { firmwareInformation: new Uint8Array(603) },
      ['FD-007'],
    ],
    [
      'the PAI in place of the DAC',
      { dacCertificate: full.paiCertificate },
      ['FD-033', 'FD-035', 'FD-036', 'FD-040'],
    ],
    ['a PAI that is no certificate', { paiCertificate: Uint8Array.of(0x30, 0) }, ['FD-034']],
    ['a declaration that was cut', { certificationDeclaration: cut(full) }, ['FD-030']],
  ])('finds %s', async (_, change, rules) => {
    expect(await rulesOf(change)).toEqual(rules)
  })

  it('forbids the private key in flash when it rests in secure storage, and demands it otherwise', async () => {
    expect(await rulesOf({}, { keyStorage: 'secure' })).toEqual(['FD-042'])
    expect(await rulesOf({ dacPrivateKey: undefined })).toEqual(['FD-041'])
    expect(await rulesOf({ dacPrivateKey: undefined }, { keyStorage: 'secure' })).toEqual([])
  })

  it.each<[FactoryData, boolean]>([
    [{ paiCertificate: undefined }, true],
    [{ salt: undefined }, false],
  ])('without %o it names the mode that does without it: %s', async (change, isNamed) => {
    const findings = await checkFactoryData({ ...full, ...change }, options)
    const missing = findings.filter(({ rule }) => rule === 'FD-041')
    expect(missing.map(({ message }) => message.includes('mode provisioning'))).toEqual([isNamed])
  })

  it('does not miss what was there but could not be decoded', async () => {
    const present = new Set(['serialNumber', 'discriminator'] as const)
    const change = { serialNumber: undefined, discriminator: undefined }
    expect(await rulesOf(change, { present })).toEqual([])
  })

  it('leaves room for what a provisioning run appends', async () => {
    const { certificationDeclaration, discriminator, iterations, salt, verifier } = full
    const { vendorId, productId, vendorName, productName, serialNumber, hardwareVersion } = full
    const names = { vendorName, productName, serialNumber, hardwareVersion }
    const ids = { certificationDeclaration, vendorId, productId, hardwareVersionString: 'A' }
    const data = { discriminator, iterations, salt, verifier, ...names, ...ids }
    const profile = { ...profiles.wba, maxProvisioningImage: 805 }
    const checked = await checkFactoryData(data, { profile, mode: 'provisioning', policy: 'test' })
    expect(weighty(checked)).toEqual(['FD-008'])
    const roomy = { ...profile, maxProvisioningImage: 806 }
    const again = await checkFactoryData(data, { ...options, mode: 'provisioning', profile: roomy })
    expect(weighty(again)).toEqual([])
  })

  it('names everything published under policy production, and never the passcode', async () => {
    const findings = await checkFactoryData(full, { ...options, policy: 'production' })
    const errors = findings.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ rule, field }) => `${rule} ${field}`)).toEqual([
      'FD-011 VENDOR_ID',
      'FD-011 CERTIFICATION_DECLARATION',
      'FD-011 DEVICE_ATTESTATION_CERTIFICATE',
      'FD-011 PAI_CERTIFICATE',
      'FD-011 SERIAL_NUMBER',
      'FD-011 SPAKE2_SALT',
      'FD-011 SPAKE2_SETUP_PASSCODE',
    ])
    expect(findings.at(-1)).toMatchObject({ rule: 'FD-049', severity: 'warning' })
    expect(JSON.stringify(findings)).not.toContain('20202021')
  })

  it('gives every finding the weight and the remedy of its rule', async () => {
    const findings = await checkFactoryData({}, options)
    expect(findings.length).toBeGreaterThan(5)
    const table: Readonly<Record<string, { severity: string; remedy: string }>> = factoryDataRules
    for (const { rule, severity, remedy } of findings) {
      expect(table[rule]).toMatchObject({ severity, remedy })
    }
  })
})

describe('a verifier that was derived before', () => {
  const parameters = { passcode: 73_002_114, iterations: 1000, salt: new Uint8Array(32).fill(7) }
  let data: FactoryData = {}
  let known: NonNullable<FactoryDataCheck['knownVerifier']> = {
    ...parameters,
    verifier: new Uint8Array(97),
  }

  beforeAll(async () => {
    const { verifier } = await spake2pVerifier(parameters)
    known = { ...parameters, verifier }
    data = { ...full, ...known }
  })

  async function verifierRules(change: FactoryData): Promise<readonly string[]> {
    const set = { ...data, ...change }
    return weighty(await checkFactoryData(set, { ...options, knownVerifier: known }))
  }

  it('is not derived again for the same four values', async () => {
    expect(await verifierRules({})).toEqual([])
    expect(await verifierRules({ passcode: undefined })).toEqual([])
  })

  it.each<[string, FactoryData]>([
    ['passcode', { passcode: 73_002_115 }],
    ['iterations', { iterations: 1001 }],
    ['salt', { salt: new Uint8Array(32).fill(8) }],
  ])('does not excuse another %s', async (_, change) => {
    expect(await verifierRules(change)).toEqual(['FD-020'])
  })

  it('does not excuse another verifier', async () => {
    expect(await verifierRules({ verifier: full.verifier })).toEqual(['FD-020'])
  })
})

/** The stock verifier with all octets of w0 replaced. */
function verifierWith(octet: number): Uint8Array {
  const verifier = Uint8Array.from(full.verifier ?? [])
  return verifier.fill(octet, 0, 32)
}

function cut(data: FactoryData): Uint8Array | undefined {
  return data.certificationDeclaration?.subarray(0, -1)
}

describe('a prepared check', () => {
  const checker = prepareFactoryDataCheck(options)
  const changes: readonly FactoryData[] = [
    {},
    { verifier: verifierWith(0xff) },
    { dacPrivateKey: p256ScalarOf(other) },
    { dacPublicKey: other.publicKey.point },
    { dacCertificate: full.paiCertificate },
    { paiCertificate: full.dacCertificate },
    { paiCertificate: Uint8Array.of(0x30, 0) },
    { certificationDeclaration: cut(full) },
    { vendorId: 0xfff2, serialNumber: '' },
    { dacPublicKey: new Uint8Array(65) },
  ]

  it('finds what a single one finds, however often and in whatever order', async () => {
    for (const change of [...changes, ...changes.toReversed()]) {
      const data = { ...full, ...change }
      expect(await checker.check(data)).toEqual(await checkFactoryData(data, options))
    }
  })

  it('without proofs finds all the rest, at once', async () => {
    const proofs: ReadonlySet<string> = new Set(rulesWithProof)
    for (const change of changes) {
      const data = { ...full, ...change }
      const all = await checkFactoryData(data, options)
      const rest = all.filter(({ rule }) => !proofs.has(rule))
      expect(checker.checkWithoutProofs(data)).toEqual(rest)
      expect(await checkFactoryData(data, { ...options, proofs: 'skip' })).toEqual(rest)
    }
  })

  it('forgets the oldest of many contents, and finds the same when they come back', () => {
    const contents = Array.from({ length: 20 }, (_, index) => Uint8Array.of(0x30, 1, index))
    for (const paiCertificate of [...contents, ...contents]) {
      const found = weighty(checker.checkWithoutProofs({ ...full, paiCertificate }))
      expect(found).toEqual(['FD-034'])
      expect(weighty(checker.checkWithoutProofs(full))).toEqual([])
    }
  })

  it('remembers octets, not the buffer they came in', () => {
    const buffer = Uint8Array.from(full.paiCertificate ?? [])
    const data = { ...full, paiCertificate: buffer }
    expect(weighty(checker.checkWithoutProofs(data))).toEqual([])
    buffer.fill(0)
    expect(weighty(checker.checkWithoutProofs(data))).toEqual(['FD-034'])
  })
})

const octetsOf = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'))

describe('a scalar of P-256', () => {
  it('is 32 octets of 1 to n - 1', () => {
    for (const value of [1n, 2n ** 255n, p256Order - 1n]) {
      expect(isP256Scalar(octetsOf(value))).toBe(true)
    }
    for (const value of [0n, p256Order, p256Order + 1n, 2n ** 256n - 1n]) {
      expect(isP256Scalar(octetsOf(value))).toBe(false)
    }
    expect(isP256Scalar(new Uint8Array(33).fill(1))).toBe(false)
  })
})
