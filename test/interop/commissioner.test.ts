import { Secret } from '@keyline/bytes'
import { decodeImage, encodeImage, type FactoryData } from '@keyline/matter'
import { CommissioningFlowType, ManualPairingCodeCodec, QrPairingCodeCodec } from '@matter/types'
import { beforeAll, describe, expect, it } from 'vitest'
import { commission, type CommissionerTrust, type CommissioningOutcome } from './commission.ts'
import { foreignPaa, type MadeUnit, unitsUnderTest } from './made-unit.ts'

describe.each(unitsUnderTest)('matter.js and %s', (_name, make) => {
  let unit: MadeUnit
  let trust: CommissionerTrust

  beforeAll(async () => {
    unit = await make()
    trust = { paas: [unit.paa], declarationSigners: [unit.declarationSigner] }
  })

  it('commissions it with nothing worse than information', async () => {
    const outcome = await commission(unit, trust)

    expect(outcome).toMatchObject({ accepted: true })
    expect(outcome.findings.filter(({ level }) => level !== 'info')).toEqual([])
  })

  it('asks its ledger whether the DAC or the PAI is revoked', async () => {
    const { askedOfLedger } = await commission(unit, trust)

    expect(askedOfLedger.filter((path) => path.includes('/revocation-points/'))).toHaveLength(2)
  })

  it('refuses it when another PAA is trusted', async () => {
    const outcome = await commission(unit, { ...trust, paas: [foreignPaa()] })

    expectRefusal(outcome, 'PaaNotTrusted')
  })

  it('refuses it with a warning when the signer of the declaration is unknown', async () => {
    const outcome = await commission(unit, { ...trust, declarationSigners: [] })

    expect(outcome.accepted).toBe(false)
    expect(outcome.findings).toContainEqual(
      expect.objectContaining({ level: 'warning', type: 'CdSignerVerificationSkipped' }),
    )
  })

  it('refuses it when one bit of the declaration changed', async () => {
    const changed = change(unit, ({ certificationDeclaration }) => ({
      certificationDeclaration: flipLastBit(certificationDeclaration),
    }))

    expectRefusal(await commission(changed, trust), 'CertificationDeclarationSignatureInvalid')
  })

  it('refuses it when one bit of the DAC signature changed', async () => {
    const changed = change(unit, ({ dacCertificate }) => ({
      dacCertificate: flipLastBit(dacCertificate),
    }))

    expectRefusal(await commission(changed, trust), 'CertificateChainInvalid')
  })

  it('refuses it when the device key is not the key of the DAC', async () => {
    const key = unit.devicePrivateKey ?? decodeImage(unit.image).data.dacPrivateKey
    const devicePrivateKey = new Secret(flipLastBit(key?.reveal()))
    const changed = { ...unit, devicePrivateKey }

    expectRefusal(await commission(changed, trust), 'AttestationSignatureInvalid')
  })

  it.each<[string, (data: FactoryData) => FactoryData]>([
    ['iterations', ({ iterations = 0 }) => ({ iterations: iterations + 1 })],
    ['salt', ({ salt }) => ({ salt: flipLastBit(salt) })],
    ['verifier', ({ verifier }) => ({ verifier: verifier?.with(0, verifier.at(0) === 0 ? 1 : 0) })],
  ])('shares no secret with it when the %s of its image changed', async (_field, edit) => {
    const outcome = await commission(change(unit, edit), trust)

    expect(outcome).toMatchObject({ accepted: false, findings: [] })
    expect(outcome.reason).toContain('key confirmation')
  })

  it('reads the values of the unit from its QR code', () => {
    const { passcode, discriminator, vendorId, productId } = unit

    expect(QrPairingCodeCodec.decode(unit.qrCode)).toEqual([
      expect.objectContaining({
        version: 0,
        flowType: CommissioningFlowType.Standard,
        vendorId,
        productId,
        discriminator,
        passcode,
      }),
    ])
  })

  it('reads the values of the unit from its manual pairing code', () => {
    const { passcode, discriminator } = unit

    expect(ManualPairingCodeCodec.decode(unit.manualCode)).toMatchObject({
      passcode,
      shortDiscriminator: discriminator >> 8,
    })
  })
})

function expectRefusal(outcome: CommissioningOutcome, type: string): void {
  expect(outcome.accepted).toBe(false)
  expect(outcome.findings).toEqual([expect.objectContaining({ level: 'error', type })])
}

/** The unit with some fields of its image changed. */
function change(unit: MadeUnit, edit: (data: FactoryData) => FactoryData): MadeUnit {
  const { data } = decodeImage(unit.image)
  return { ...unit, image: encodeImage({ ...data, ...edit(data) }) }
}

function flipLastBit(value: Uint8Array = new Uint8Array()): Uint8Array {
  return value.with(value.length - 1, (value.at(-1) ?? 0) ^ 1)
}
