import { readFileSync } from 'node:fs'
import { encodeUtf8, fromHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  parseCertificate,
  subjectKeyIdentifier,
  type Extension,
  type NameInput,
} from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { check } from '../../../../test/support/vectors/matter-chains.ts'
import { checkChain } from './chain.ts'
import { commonNameIds, MatterOid, matterIds } from './matter-ids.ts'
import { checkDac, checkPaa, checkPai } from './profile.ts'

const vectors = new URL('../../../../test/vectors/', import.meta.url)
const readJson = (path: string): Promise<unknown> =>
  Promise.resolve(JSON.parse(readFileSync(new URL(path, vectors), 'utf8')))

const pair = generateP256()
const keyId = keyIdentifier(pair.publicKey.point)
const skid = subjectKeyIdentifier(keyId)
const akid = authorityKeyIdentifier(keyId)
const dacConstraints = basicConstraints({ ca: false })
const dacUsage = keyUsage(['digitalSignature'])
const caUsage = keyUsage(['keyCertSign', 'cRLSign'])

function certificate(extensions: readonly Extension[]): Promise<Uint8Array> {
  const subject = name([{ type: Oid.commonName, value: 'x' }])
  return buildCertificate({
    serialNumber: fromHex('01'),
    issuer: subject,
    subject,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: pair.publicKey,
    extensions,
    signer: keyPairSigner(pair),
  })
}

const critical = (extension: Extension): Extension => ({ ...extension, critical: true })
const plain = (extension: Extension): Extension => ({ ...extension, critical: false })
const broken = (extension: Extension): Extension => ({ ...extension, value: fromHex('04') })
const idsOf = (...attributes: readonly NameInput[]): unknown => matterIds(name(attributes))
const cn = (value: string): NameInput => ({ type: Oid.commonName, value })
const at = (offset: number): unknown => commonNameIds(encodeUtf8(`${' '.repeat(offset)}Mvid:FFF1`))

describe('attestation certificates', () => {
  it.each([
    ['dac.json', 47],
    ['paa-pai.json', 23],
    ['triples.json', 134],
  ])('agree with every case of %s', async (file, count) => {
    const path = `matter/chains/${file}`
    const results = await check({ path, json: await readJson(path), beside: readJson })
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(count)
  })
})

describe('the certificate profile', () => {
  const short = fromHex('0102')
  const dacCases: readonly (readonly [string, readonly Extension[], readonly string[]])[] = [
    ['all of it', [dacConstraints, dacUsage, skid, akid], []],
    [
      'no extension at all',
      [],
      ['EXT-BC-MISSING', 'EXT-KU-MISSING', 'EXT-SKID-MISSING', 'EXT-AKID-MISSING'],
    ],
    [
      'each extension twice',
      [dacConstraints, dacUsage, skid, akid, dacConstraints, dacUsage, skid, akid],
      ['EXT-BC-DUP', 'EXT-KU-DUP', 'EXT-SKID-DUP', 'EXT-AKID-DUP'],
    ],
    [
      'each with the wrong criticality',
      [plain(dacConstraints), plain(dacUsage), critical(skid), critical(akid)],
      ['EXT-BC-CRITICAL', 'EXT-KU-CRITICAL', 'EXT-SKID-CRITICAL', 'EXT-AKID-CRITICAL'],
    ],
    [
      'each unreadable',
      [broken(dacConstraints), broken(dacUsage), broken(skid), broken(akid)],
      ['EXT-BC-MALFORMED', 'EXT-KU-MALFORMED', 'EXT-SKID-MALFORMED', 'EXT-AKID-MALFORMED'],
    ],
    [
      'key identifiers of two octets',
      [dacConstraints, dacUsage, subjectKeyIdentifier(short), authorityKeyIdentifier(short)],
      ['EXT-SKID-MALFORMED', 'EXT-AKID-MALFORMED'],
    ],
    [
      'the values of a CA',
      [basicConstraints({ ca: true, pathLength: 0 }), caUsage, skid, akid],
      ['EXT-BC-CA', 'EXT-BC-PATHLEN', 'EXT-KU-BITS'],
    ],
    [
      'one usage too many',
      [dacConstraints, keyUsage(['digitalSignature', 'nonRepudiation']), skid, akid],
      ['EXT-KU-BITS'],
    ],
    ['no usage', [dacConstraints, keyUsage([]), skid, akid], ['EXT-KU-BITS']],
  ]

  it.each(dacCases)('of a DAC, with %s', async (_, extensions, violations) => {
    expect(checkDac(await certificate(extensions))).toEqual(violations)
  })

  it.each([
    [undefined, [], ['EXT-BC-PATHLEN']],
    [0, ['EXT-BC-PATHLEN'], []],
    [1, [], ['EXT-BC-PATHLEN']],
    [2, ['EXT-BC-PATHLEN'], ['EXT-BC-PATHLEN']],
  ])('of PAA and PAI, with path length %s', async (pathLength, ofPaa, ofPai) => {
    const constraints = basicConstraints({ ca: true, pathLength })
    const der = await certificate([constraints, caUsage, skid, akid])
    expect(checkPaa(der)).toEqual(ofPaa)
    expect(checkPai(der)).toEqual(ofPai)
  })

  it('lets a CA sign digitally too, and a PAA go without the key of its issuer', async () => {
    const usage = keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign'])
    const der = await certificate([basicConstraints({ ca: true, pathLength: 1 }), usage, skid])
    expect(checkPaa(der)).toEqual([])
    expect(checkPai(der)).toEqual(['EXT-BC-PATHLEN', 'EXT-AKID-MISSING'])
  })

  it('asks nothing else of what is no certificate', () => {
    expect(checkDac(fromHex('3000'))).toEqual(['CERT-DER'])
    expect(checkPai(Uint8Array.of())).toEqual(['CERT-DER'])
    expect(checkPaa(new Uint8Array(9000))).toEqual(['CERT-DER'])
  })
})

describe('the chain', () => {
  it('does not ask for a signature under the wrong issuer', async () => {
    const der = await certificate([dacConstraints, dacUsage, skid, akid])
    const stranger = await certificate([subjectKeyIdentifier(new Uint8Array(20))])
    const dac = parseCertificate(der)
    const pai = parseCertificate(stranger)
    expect(checkChain({ dac, pai, paa: pai })).toEqual(['DAC-ISSUER', 'PAI-ISSUER'])
  })

  it('names a signature that another key made', async () => {
    const der = await certificate([dacConstraints, dacUsage, skid, akid])
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
    const dac = parseCertificate(der)
    expect(checkChain({ dac, pai: dac, paa: dac })).toEqual(['DAC-SIGNATURE', 'PAI-SIGNATURE'])
  })
})

describe('vendor and product in a name', () => {
  const vid = { type: MatterOid.vendorId, value: 'FFF1' }
  const pid = { type: MatterOid.productId, value: '8004' }

  it('stand in their own attributes', () => {
    expect(idsOf(vid, pid)).toEqual({ encoding: 'oid', vendorId: 0xfff1, productId: 0x8004 })
    expect(idsOf(pid)).toEqual({ encoding: 'oid', vendorId: undefined, productId: 0x8004 })
  })

  it('are not looked for in the common name as soon as one attribute is there', () => {
    expect(idsOf(cn('Mpid:8000'), vid)).toMatchObject({ vendorId: 0xfff1, productId: undefined })
    expect(idsOf(cn('Mvid:bad!'), vid)).toMatchObject({ encoding: 'oid', vendorId: 0xfff1 })
  })

  it.each([
    ['twice', [vid, vid]],
    ['in lower case', [{ ...vid, value: 'fff1' }]],
    ['with three digits', [{ ...pid, value: '800' }, vid]],
    ['with five digits', [{ ...pid, value: '80000' }, vid]],
    ['as another string type', [{ ...vid, printable: true }]],
  ])('are invalid %s', (_, attributes) => {
    const ids = matterIds(name(attributes))
    expect(ids.problem).toBeDefined()
    expect(ids.vendorId).toBeUndefined()
    expect(ids.productId).toBeUndefined()
  })

  it('come from the first common name that says something', () => {
    expect(idsOf(cn('ACME'), cn('Mvid:FFF1'), cn('Mvid:FFF2 Mpid:8000'))).toEqual({
      encoding: 'cn',
      vendorId: 0xfff1,
      productId: undefined,
    })
    expect(idsOf(cn('Mvid:F'), cn('Mvid:FFF1'))).toMatchObject({ encoding: 'cn' })
    expect(matterIds(name([cn('Mvid:F'), cn('Mvid:FFF1')])).problem).toContain('Mvid:')
    expect(idsOf(cn('ACME'))).toEqual({ encoding: 'none' })
  })

  it('stand inside the first 64 octets of the common name', () => {
    expect(at(55)).toMatchObject({ vendorId: 0xfff1 })
    expect(at(56)).toMatchObject({ encoding: 'cn', problem: expect.any(String) })
    expect(at(60)).toEqual({ encoding: 'none' })
  })
})
