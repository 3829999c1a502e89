import { seededRandom, toHexUpper } from '@keyline/bytes'
import { p256PublicKey, publicKeyOf } from '@keyline/crypto'
import { ProductTag } from '@keyline/stsafe/layout'
import {
  attributeText,
  isSignedBy,
  parseCertificate,
  publicKeyOf as keyOf,
  readName,
} from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { makeTestRoot, personalise } from './personalise.ts'
import { chipOf, spl05Profile } from './profile.ts'

describe('a personalised chip', async () => {
  const root = await makeTestRoot(seededRandom('root'))
  const random = seededRandom('chip')
  const state = await personalise(chipOf(spl05Profile), { root, random })
  const data = state.zones[0]?.data ?? new Uint8Array()
  const length = 4 + (((data[2] ?? 0) << 8) | (data[3] ?? 0))
  const certificate = parseCertificate(data.slice(0, length))

  it('holds a certificate at the offsets that hosts read (section 6.3)', () => {
    const stNumber = state.productData.find(({ tag }) => tag === ProductTag.stNumber)?.value
    expect(stNumber).toHaveLength(9)
    expect(data.slice(15, 24)).toEqual(stNumber)
    expect(data.slice(24, 26)).toEqual(Uint8Array.of(0x01, 0x39))
    const subject = readName(certificate.subject).map(attributeText)
    expect(subject.at(-1)).toBe(`eval5-${toHexUpper(data.slice(15, 26))}`)
    expect(data.subarray(length).every((octet) => octet === 0)).toBe(true)
  })

  it('is signed by the root, which signs itself, for the key of slot 0', () => {
    const { publicKey } = root.keyPair
    expect(isSignedBy(certificate, publicKey)).toBe(true)
    const parsedRoot = parseCertificate(root.certificate)
    expect(isSignedBy(parsedRoot, publicKey)).toBe(true)
    expect(certificate.issuer).toEqual(parsedRoot.subject)
    const octets = state.privateKeys[0]?.key?.octets ?? new Uint8Array()
    const point = p256PublicKey(Uint8Array.of(4, ...publicKeyOf('P-256', octets))).point
    expect(keyOf(certificate)?.point).toEqual(point)
  })

  it('is another one at each call, and the same from the same seed', async () => {
    const start = chipOf(spl05Profile)
    const again = await personalise(start, { root, random: seededRandom('chip') })
    expect(again.productData).toEqual(state.productData)
    const next = await personalise(start, { root, random })
    expect(next.productData).not.toEqual(state.productData)
  })

  it('has room for what it is given', async () => {
    const small = chipOf({ ...spl05Profile, zones: [{ conditions: '07', length: 100 }] })
    await expect(personalise(small, { root, random })).rejects.toThrow(/room for a certificate/)
  })
})
