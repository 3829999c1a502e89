import { readFileSync } from 'node:fs'
import { encodeUtf8, seededRandom, toHex } from '@keyline/bytes'
import { p256FromScalar, p256ToPkcs8, spake2pVerifier } from '@keyline/crypto'
import { pemEncode } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { checkFactoryData } from './check.ts'
import { isExtendedJson, parseExtendedJson, type ExtendedFactoryData } from './extended-json.ts'
import { factoryDataToExtendedJson } from './extended-writer.ts'
import { decodeImage, encodeImage } from './image.ts'
import { profiles } from './profile.ts'
import { factoryDataToStJson } from './st-json.ts'

const file = new URL(
  '../../../../test/vectors/matter/factory-data/full-fff1-8004.bin',
  import.meta.url,
)
const image = Uint8Array.from(readFileSync(file))
const { data: full } = decodeImage(image)
const none = new Uint8Array(0)

/** Files beside the document, in all the forms that are recognised. */
const files: Readonly<Record<string, Uint8Array>> = {
  'cd.der': full.certificationDeclaration ?? none,
  'dac.pem': encodeUtf8(pemEncode('CERTIFICATE', full.dacCertificate ?? none)),
  'pai.der': full.paiCertificate ?? none,
  'key.pem': encodeUtf8(
    pemEncode(
      'PRIVATE KEY',
      p256ToPkcs8(p256FromScalar(full.dacPrivateKey?.reveal() ?? none)).reveal(),
    ),
  ),
  'other.pem': encodeUtf8(pemEncode('X509 CRL', Uint8Array.of(1))),
}

function parse(document: unknown): Promise<ExtendedFactoryData> {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  return parseExtendedJson(text, {
    random: seededRandom('extended'),
    readFile: async (name) => files[name] ?? Promise.reject(new Error(`no ${name}`)),
  })
}

const format = 'matter-factory/1'

async function rulesOf(members: object): Promise<readonly string[]> {
  const { findings } = await parse({ format, ...members })
  return findings.map(({ rule, field }) => `${rule} ${field}`)
}

describe('the extended form', () => {
  it('gives the stock image from files, derived values and numbers', async () => {
    const parsed = await parse({
      format,
      profile: 'wba',
      policy: 'test',
      device: {
        vendorId: '0xFFF1',
        productId: 0x8004,
        vendorName: 'STMicroelectronics',
        productName: 'STM32WB Demo App',
        serialNumber: 'TEST_SN',
        hardwareVersion: 1,
        hardwareVersionString: 'TEST_VERSION',
      },
      commissioning: {
        discriminator: 3840,
        passcode: 20_202_021,
        iterations: 1000,
        salt: { utf8: 'SPAKE2P Key Salt' },
        flow: 1,
        discovery: ['ble', 'thread'],
      },
      attestation: {
        certificationDeclaration: { file: 'cd.der' },
        dac: { file: 'dac.pem' },
        pai: { file: 'pai.der' },
        privateKey: { file: 'key.pem' },
        publicKey: 'derive',
      },
    })
    expect(parsed.findings).toEqual([])
    expect(toHex(encodeImage(parsed.data))).toBe(toHex(image))
    expect(parsed).toMatchObject({ policy: 'test', flow: 1, discovery: 0x22 })
  })

  it('brings a set back without loss', async () => {
    const text = factoryDataToExtendedJson(full, { profile: 'wba', policy: 'test' })
    expect(isExtendedJson(text)).toBe(true)
    expect(isExtendedJson(factoryDataToStJson(full))).toBe(false)
    const { data, findings } = await parse(text)
    expect(findings).toEqual([])
    expect(toHex(encodeImage(data))).toBe(toHex(image))
  })

  it('draws what is random, and the verifier follows', async () => {
    const { data, passcode } = await parse({
      format,
      commissioning: {
        discriminator: 'random',
        passcode: 'random',
        iterations: 1000,
        salt: 'random',
      },
    })
    const { salt = none, verifier = none } = data
    expect(salt).toHaveLength(32)
    const derived = await spake2pVerifier({ passcode: passcode ?? 0, salt, iterations: 1000 })
    expect(toHex(verifier)).toBe(toHex(derived.verifier))
    expect(data.passcode).toBe(passcode)
    expect(data.discriminator).toBeLessThan(4096)
  })

  it('keeps the passcode off the device when told so, and still derives the verifier', async () => {
    const salt = { base64: 'U1BBS0UyUCBLZXkgU2FsdA==' }
    const commissioning = { passcode: 20_202_021, iterations: 1000, salt, storePasscode: false }
    const { data, passcode, present } = await parse({ format, commissioning })
    expect(passcode).toBe(20_202_021)
    expect(data.passcode).toBeUndefined()
    expect(present.has('passcode')).toBe(false)
    expect(toHex(data.verifier ?? none)).toBe(toHex(full.verifier ?? none))
  })

  it('leaves out a verifier whose parameters are out of range, and does not call it missing', async () => {
    const commissioning = { passcode: 1, iterations: 999, salt: { hex: '00'.repeat(16) } }
    const { data, present } = await parse({ format, commissioning })
    const options = {
      profile: profiles.wba,
      mode: 'provisioning',
      policy: 'test',
      present,
    } as const
    const rules = (await checkFactoryData(data, options)).map(
      ({ rule, field }) => `${rule} ${field}`,
    )
    expect(rules).toContain('FD-016 SPAKE2_ITERATION_COUNT')
    expect(rules).not.toContain('FD-041 SPAKE2_VERIFIER')
  })

  it.each([
    [{ device: { foo: 1 } }, ['FD-001 device.foo']],
    [{ foo: 1 }, ['FD-001 foo']],
    [{ device: { vendorName: 3 } }, ['FD-002 device.vendorName']],
    [{ profile: 'h7' }, ['FD-002 profile']],
    [{ policy: 'none' }, ['FD-002 policy']],
    [{ device: { vendorId: true } }, ['FD-002 device.vendorId']],
    [{ device: { vendorId: 1.5 } }, ['FD-003 device.vendorId']],
    [{ device: { vendorId: -1 } }, ['FD-004 device.vendorId']],
    [{ device: { vendorId: 65_536 } }, ['FD-004 device.vendorId']],
    [{ commissioning: { salt: { hex: '0' } } }, ['FD-005 commissioning.salt']],
    [{ commissioning: { salt: ['0x100'] } }, ['FD-005 commissioning.salt']],
    [{ commissioning: { salt: { text: '0' } } }, ['FD-002 commissioning.salt']],
    [{ commissioning: { salt: { hex: '', utf8: '' } } }, ['FD-002 commissioning.salt']],
    [{ commissioning: { discovery: ['bt'] } }, ['FD-002 commissioning.discovery']],
    [{ commissioning: { storePasscode: 1 } }, ['FD-002 commissioning.storePasscode']],
    [{ info: { partNumber: 'A-1' } }, ['FD-048 info.partNumber']],
    [{ info: { productUrl: 'ftp://x' } }, ['INFO-02 info.productUrl', 'FD-048 info.productUrl']],
    [{ info: { uniqueId: '' } }, ['INFO-01 info.uniqueId', 'FD-048 info.uniqueId']],
    [
      { info: { productLabel: 'a\u0000' } },
      ['INFO-01 info.productLabel', 'FD-048 info.productLabel'],
    ],
    [{ commissioning: { flow: 3 } }, ['INFO-03 commissioning.flow']],
    [{ info: { primaryColor: 256 } }, ['INFO-03 info.primaryColor', 'FD-048 info.primaryColor']],
    [{ format: 'matter-factory/2' }, ['FD-002 format']],
  ])('reports %j', async (members, rules) => {
    expect(await rulesOf(members)).toEqual(rules)
  })

  it('reports a member that stands twice, and a document that is no object', async () => {
    const twice = await parse(`{"format":"${format}","policy":"test","policy":"test"}`)
    expect(twice.findings).toMatchObject([{ rule: 'FD-001', field: 'policy' }])
    expect((await parse('[]')).findings).toMatchObject([{ rule: 'FD-002', field: 'format' }])
  })

  it.each([
    [{ dac: { file: 'missing.der' } }, /missing.der, which the document names, cannot be read/],
    [{ dac: { file: 'other.pem' } }, /PEM, but not of a certificate/],
    [{ privateKey: { file: 'pai.der' } }, /privateKey is no P-256 key/],
  ])('ends with an error for the files of %j', async (attestation, message) => {
    await expect(parse({ format, attestation })).rejects.toThrow(message)
  })

  it('never shows a secret in a finding', async () => {
    const { findings } = await parse({
      format,
      commissioning: { passcode: '20202021x' },
      device: { enableKey: 5 },
    })
    expect(findings).toHaveLength(2)
    expect(JSON.stringify(findings)).not.toContain('20202021')
  })
})

describe('what the extended form draws', () => {
  const drawn = {
    format,
    policy: 'test',
    commissioning: {
      discriminator: 'random',
      passcode: 'random',
      iterations: 1000,
      salt: 'random',
    },
  }
  const files = { readFile: async () => none, random: seededRandom('unused') }

  it('is the same from the same seed, and never under policy production', async () => {
    const once = await parseExtendedJson(JSON.stringify(drawn), { ...files, seed: 'line 7' })
    const again = await parseExtendedJson(JSON.stringify(drawn), { ...files, seed: 'line 7' })
    const other = await parseExtendedJson(JSON.stringify(drawn), { ...files, seed: 'line 8' })
    expect(toHex(encodeImage(again.data))).toBe(toHex(encodeImage(once.data)))
    expect(toHex(encodeImage(other.data))).not.toBe(toHex(encodeImage(once.data)))
    const production = { ...files, seed: 'line 7', policy: 'production' } as const
    await expect(parseExtendedJson(JSON.stringify(drawn), production)).rejects.toThrow(
      expect.objectContaining({ code: 'FACTORY_DATA_SEED' }),
    )
  })

  it('is written back, so that the image can be made again', async () => {
    const hidden = { ...drawn.commissioning, storePasscode: false, flow: 2, discovery: ['nfc'] }
    const info = { partNumber: 'A-1', productFinish: 3 }
    const document = { ...drawn, commissioning: hidden, info }
    const first = await parseExtendedJson(JSON.stringify(document), { ...files, seed: 'kept' })
    const text = factoryDataToExtendedJson(first.data, first)
    const second = await parseExtendedJson(text, files)
    expect(toHex(encodeImage(second.data))).toBe(toHex(encodeImage(first.data)))
    const { passcode, flow, discovery } = first
    expect(second).toMatchObject({ passcode, flow, discovery, info })
    expect(second.data.passcode).toBeUndefined()
  })
})
