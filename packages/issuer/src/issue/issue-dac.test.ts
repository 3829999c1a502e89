import { readFileSync } from 'node:fs'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { check } from '../../../../test/support/vectors/matter-csr.ts'
import { readPai } from '../build/pai.ts'
import { testPki, today } from '../testing/test-line.ts'
import { issueDac } from './issue-dac.ts'

describe('issuing a device certificate', () => {
  it('gives what issue.json says, bit for bit', async () => {
    const url = new URL('../../../../test/vectors/matter/csr/issue.json', import.meta.url)
    const json: unknown = JSON.parse(readFileSync(url, 'utf8'))
    const results = await check({ path: 'matter/csr/issue.json', json })
    expect(results).toHaveLength(18)
    expect(results.filter(({ ok }) => !ok)).toEqual([])
  })

  it('refuses a certificate of more than 600 octets as ISS-08, with the finding of the lint', async () => {
    const { pai } = await testPki()
    const result = await issueDac({
      pai: readPai(pai.certificate),
      signer: keyPairSigner(pai.keyPair),
      publicKey: generateP256().publicKey,
      serialNumber: Uint8Array.of(1),
      commonName: '😀'.repeat(64),
      vendorId: 0xfff1,
      productId: 0x8004,
      notBefore: today,
      notAfter: readPai(pai.certificate).certificate.notAfter,
      now: today,
    })
    expect(result).toMatchObject({
      ok: false,
      findings: [{ rule: 'ISS-08' }],
      lintFindings: [{ rule: 'LINT-14' }],
    })
  })
})
