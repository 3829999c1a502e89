import { toHex } from '@keyline/bytes'
import { isSelfSigned, Oid, parseRequest, pemDecode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { Openssl } from '../support/openssl.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { nameText, readNameTexts, type NameText } from './support/certificate-fields.ts'
import { drawKeyPair, drawName } from './support/drawn-certificate.ts'
import { differences, shown, type Fields } from './support/fields.ts'
import { inParallel } from './support/in-parallel.ts'

/** Each is a process of its own: openssl makes one request at a time. */
const cases = scaled(1_000, 100_000)
const keys = 8
const processes = 2

/** Requests that we build go the other way in `openssl-certificates`: openssl certifies what it verified. */
describe(`${cases} requests that openssl made, drawn with seed ${testSeed},`, () => {
  let openssl: Openssl
  let points: readonly Uint8Array[]

  beforeAll(() => {
    openssl = new Openssl()
    const draw = new Draw(`keys of requests ${testSeed}`)
    points = Array.from({ length: keys }, (_, index) => {
      const { handle, publicKey } = drawKeyPair(draw)
      openssl.write(`${index}.key`, handle.export({ format: 'pem', type: 'pkcs8' }).toString())
      return publicKey.point
    })
  })

  afterAll(() => openssl[Symbol.dispose]())

  it('say to us what was asked for, and prove their key', async () => {
    const draw = new Draw(`their requests ${testSeed}`)
    const asked = Array.from({ length: cases }, () => drawRequest(draw))
    const problems = await inParallel(asked, processes, async (request, index) => {
      const der = await makeRequest(request)
      return differences(`seed ${testSeed}, case ${index}`, fieldsOf(der), askedFields(request))
    })
    expect(shown(problems.flat())).toEqual([])
  })

  it('would be told apart by name, key, attributes and signature', async () => {
    const draw = new Draw(`control ${testSeed}`)
    const request = drawRequest(draw)
    const der = await makeRequest(request)
    const last = der.length - 1
    der[last] = (der[last] ?? 0) ^ 1
    const other = {
      key: (request.key + 1) % keys,
      usage: request.usage === undefined ? 'keyAgreement' : undefined,
      subject: [...request.subject, { type: Oid.commonName, text: 'more' }],
    }
    const found = differences('control', fieldsOf(der), askedFields(other))
    expect(found.map((line) => line.split(' ')[1])).toEqual([
      'subject',
      'publicKey',
      'attributes',
      'signature',
    ])
  })

  async function makeRequest({ subject, key, usage }: AskedRequest): Promise<Uint8Array> {
    const parts = subject.map(
      ({ type, text }) => `/${shortNames.get(type)}=${text.replaceAll(/[\\+]/g, String.raw`\$&`)}`,
    )
    const extension = usage === undefined ? [] : ['-addext', `keyUsage=${usage}`]
    const name = ['-utf8', '-subj', parts.join('')]
    const pem = await openssl.output(['req', '-new', '-key', `${key}.key`, ...name, ...extension])
    return pemDecode(pem, 'CERTIFICATE REQUEST')
  }

  function askedFields({ subject, key, usage }: AskedRequest): Fields {
    return {
      version: '0',
      subject: nameText(subject),
      publicKey: toHex(points[key] ?? new Uint8Array()),
      attributes: usage === undefined ? 'none' : 'some',
      signature: 'true',
    }
  }
})

/** Names of types that `-subj` knows. */
const shortNames: ReadonlyMap<string, string> = new Map([
  [Oid.commonName, 'CN'],
  [Oid.organization, 'O'],
  [Oid.organizationalUnit, 'OU'],
  [Oid.country, 'C'],
])

interface AskedRequest {
  readonly subject: readonly NameText[]
  readonly key: number
  readonly usage: string | undefined
}

function drawRequest(draw: Draw): AskedRequest {
  const subject = drawName(draw, 1)
    .filter(({ type }) => shortNames.has(type))
    .map(({ type, value }) => ({ type, text: value }))
  return {
    subject: subject.length > 0 ? subject : [{ type: Oid.commonName, text: 'device' }],
    key: draw.below(keys),
    usage: draw.once(3) ? 'digitalSignature' : undefined,
  }
}

function fieldsOf(der: Uint8Array): Fields {
  const request = parseRequest(der)
  return {
    version: String(request.version),
    subject: nameText(readNameTexts(request.subject)),
    publicKey: toHex(request.publicPoint ?? new Uint8Array()),
    attributes: request.attributes.length === 0 ? 'none' : 'some',
    signature: String(isSelfSigned(request)),
  }
}
