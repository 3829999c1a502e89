import { readFileSync } from 'node:fs'
import { seededRandom, VirtualClock } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { FileSigner } from '../signer/file-signer.ts'
import { csrOf, testLine, testPki } from '../testing/test-line.ts'

const pem = (file: string): Uint8Array =>
  Uint8Array.from(
    readFileSync(new URL(`../../../../test/vectors/matter/pem/${file}`, import.meta.url)),
  )

describe('PAA, PAI and key', () => {
  it.each<readonly [string, string, () => Promise<Parameters<typeof testLine>[0]>]>([
    ['the key of another PAI', 'ISS-02', async () => ({ signer: keyPairSigner(generateP256()) })],
    [
      'the PAI in the place of the PAA',
      'PAA violates',
      async () => ({ paa: (await testPki()).pai.certificate }),
    ],
    [
      'the PAA in the place of the PAI',
      'PAI violates',
      async () => ({ pai: (await testPki()).paa.certificate }),
    ],
    [
      'another PAA of the same name',
      'PAI-ISSUER',
      async () => ({ paa: (await testPki({ random: seededRandom('other') })).paa.certificate }),
    ],
    [
      'another PAA of another name',
      'PAI-ISSUER',
      async () => ({ paa: (await testPki({ commonNames: { paa: 'Other' } })).paa.certificate }),
    ],
    [
      'an expired PAI',
      'ISS-09',
      async () => ({ clock: new VirtualClock(Date.UTC(9999, 11, 31, 23, 59, 59) + 1) }),
    ],
    [
      'a PAI of tomorrow',
      'valid from',
      async () => ({ clock: new VirtualClock(Date.UTC(2026, 3, 30)) }),
    ],
    ['octets for a PAI', 'the PAI:', async () => ({ pai: Uint8Array.of(0x30, 0x00) })],
    ['octets for a PAA', 'the PAA:', async () => ({ paa: Uint8Array.of(0x30, 0x00) })],
  ])('are not taken with %s', async (_, message, change) => {
    await expect(change().then((changed) => testLine(changed))).rejects.toMatchObject({
      code: 'ISSUER_PAI_UNUSABLE',
      message: expect.stringContaining(message) as string,
    })
  })
})

describe('the policy production', () => {
  it('refuses a key in a file, a test vendor and published keys, all at once', async () => {
    const pair = p256FromEncoded({ octets: pem('Chip-Test-PAI-FFF1-8000-Key.pem') })
    const published = {
      signer: new FileSigner(keyPairSigner(pair)),
      pai: pem('Chip-Test-PAI-FFF1-8000-Cert.der'),
      paa: pem('Chip-Test-PAA-FFF1-Cert.der'),
    }
    await expect(testLine(published)).resolves.toBeDefined()
    const refusal = testLine({ ...published, policy: 'production' })
    await expect(refusal).rejects.toMatchObject({ code: 'ISSUER_POLICY_REFUSES' })
    for (const problem of [
      'lies in a file',
      'test vendor id 0xFFF1',
      'PAI key is the published Chip-Test-PAI-FFF1-8000',
      'PAA key is the published Chip-Test-PAA-FFF1',
    ]) {
      await expect(refusal).rejects.toThrow(problem)
    }
  })

  it('issues for a real vendor with a key elsewhere, but not to a board with a published key', async () => {
    const pki = await testPki({ vendorId: 0x1234 })
    const { issuer, store } = await testLine({
      signer: keyPairSigner(pki.pai.keyPair),
      pai: pki.pai.certificate,
      paa: pki.paa.certificate,
      policy: 'production',
    })
    store.addOrder({ orderId: 'O-1', vendorId: 0x1234, policy: 'production' })
    const published = p256FromEncoded({ octets: pem('Matter-Development-DAC-FFF1-8004-Key.pem') })
    const asked = { orderId: 'O-1', unitId: 'U-1', idempotencyKey: 'K-1' }
    const refusal = issuer.issue({ ...asked, csr: await csrOf(published) })
    await expect(refusal).rejects.toMatchObject({ details: { rule: 'CSR-09' } })
    await expect(issuer.issue({ ...asked, csr: await csrOf() })).resolves.toBeDefined()
  })
})
