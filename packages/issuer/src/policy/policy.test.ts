import { readdirSync, readFileSync } from 'node:fs'
import { fromHex, toHex } from '@keyline/bytes'
import {
  p256FromEncoded,
  p256FromScalar,
  p256Spki,
  sha256,
  type P256KeyPair,
} from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { casesOf } from '../../../../test/support/vectors/vector-reader.ts'
import { isTestVendorId, publishedKeyName } from './policy.ts'

const vectors = new URL('../../../../test/vectors/matter/', import.meta.url)
const nameOf = ({ publicKey }: P256KeyPair): string | undefined =>
  publishedKeyName(toHex(sha256(p256Spki(publicKey.point))))

describe('published keys', () => {
  const files = readdirSync(new URL('pem/', vectors)).filter((file) => file.endsWith('-Key.pem'))

  it.each(files)('knows the key of %s', (file) => {
    const octets = readFileSync(new URL(`pem/${file}`, vectors))
    expect(nameOf(p256FromEncoded({ octets: Uint8Array.from(octets) }))).toBe(
      file.replace('-Key.pem', ''),
    )
  })

  it('knows the key of every published PAA and PAI', () => {
    const path = 'matter/chains/paa-pai.json'
    const text = readFileSync(new URL('chains/paa-pai.json', vectors), 'utf8')
    const scalars = casesOf({ path, json: JSON.parse(text) }).flatMap((vector) =>
      vector.raw('privateKey') === null ? [] : [vector.text('privateKey')],
    )
    expect(scalars.length).toBeGreaterThan(15)
    expect(
      scalars.filter((scalar) => nameOf(p256FromScalar(fromHex(scalar))) === undefined),
    ).toEqual([])
  })

  it('knows no other key', () => {
    expect(nameOf(p256FromScalar(new Uint8Array(32).fill(7)))).toBeUndefined()
  })
})

it('takes 0xFFF1 to 0xFFF4 for test vendors and no other id', () => {
  const ids = [0x0001, 0xfff0, 0xfff1, 0xfff2, 0xfff3, 0xfff4, 0xfff5]
  expect(ids.filter(isTestVendorId)).toEqual([0xfff1, 0xfff2, 0xfff3, 0xfff4])
})
