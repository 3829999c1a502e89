import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pemEncode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  inputLimits,
  readCertificate,
  readCertificates,
  readDerInput,
  readInput,
  readJsonInput,
  readOctetsInput,
  readTrustStore,
} from './pki-input.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-input-'))
})
afterAll(() => rm(folder, { recursive: true }))

let count = 0
async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `input-${++count}`)
  await writeFile(path, content)
  return path
}

const der = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x05)
const pem = pemEncode('CERTIFICATE', der)
const refused = (code: string, text = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(text) })

describe('the input of a command', () => {
  it('is read up to the limit of its kind', async () => {
    const largest = new Uint8Array(inputLimits.request).fill(1)
    expect(await readInput(await fileOf(largest), 'request')).toEqual(largest)
    const larger = await fileOf(new Uint8Array(inputLimits.request + 1))
    await expect(readInput(larger, 'request')).rejects.toEqual(
      refused('CLI_INPUT', 'more than 16384'),
    )
    // A device has no size and no end.
    await expect(readInput('/dev/zero', 'key')).rejects.toEqual(refused('CLI_INPUT', 'more than'))
    await expect(readInput(await fileOf(''), 'key')).rejects.toEqual(
      refused('CLI_INPUT', 'is empty'),
    )
    await expect(readInput(folder, 'key')).rejects.toEqual(refused('CLI_FILE', folder))
    await expect(readInput(join(folder, 'nowhere'), 'key')).rejects.toEqual(refused('CLI_FILE'))
  })

  it('is DER, PEM or hexadecimal text', async () => {
    const hex = '3003 0201\n05\n'
    for (const content of [der, pem, hex]) {
      expect(await readDerInput(await fileOf(content), 'declaration', 'CERTIFICATE')).toEqual(der)
    }
    const path = await fileOf('neither')
    await expect(readDerInput(path, 'declaration', 'CMS')).rejects.toEqual(
      refused('CLI_INPUT', path),
    )
    await expect(readDerInput(await fileOf(pem), 'declaration', 'CMS')).rejects.toEqual(
      refused('CLI_INPUT', 'not CMS'),
    )
  })

  it('is octets, or their hexadecimal text', async () => {
    expect(await readOctetsInput(await fileOf('a1B2\n'), 'text')).toEqual(Uint8Array.of(0xa1, 0xb2))
    const odd = new TextEncoder().encode('abc')
    expect(await readOctetsInput(await fileOf(odd), 'text')).toEqual(odd)
  })

  it('is strict JSON, and tells where it is not', async () => {
    expect(await readJsonInput(await fileOf('{"a": 1}'))).toEqual({ a: 1 })
    const path = await fileOf('{"a": 1,\n "a": 2}')
    await expect(readJsonInput(path)).rejects.toEqual(
      refused('CLI_INPUT', `${path}, line 2 column 2`),
    )
    await expect(readJsonInput(await fileOf('{"__proto__": 1}'))).rejects.toEqual(
      refused('CLI_INPUT'),
    )
    await expect(readJsonInput(await fileOf(Uint8Array.of(0xff)))).rejects.toEqual(
      refused('CLI_INPUT', 'UTF-8'),
    )
  })

  it('holds certificates, each with its place', async () => {
    const bundle = await fileOf(`first\n${pem}second\n${pem}`)
    expect(await readCertificates(bundle)).toEqual([
      { place: `${bundle}#1`, octets: der },
      { place: `${bundle}#2`, octets: der },
    ])
    const single = await fileOf(pem)
    expect(await readCertificates(single)).toEqual([{ place: single, octets: der }])
    await expect(readCertificate(bundle)).rejects.toEqual(refused('CLI_INPUT', '2 certificates'))
  })

  it.each([
    ['without an end', pem.replace(/-----END.*/, '')],
    ['with other characters than base64', pem.replace('MAMC', 'MA?C')],
    ['of a key', pem.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
  ])('holds no certificate in a block %s', async (_, content) => {
    const path = await fileOf(content)
    await expect(readCertificates(path)).rejects.toEqual(refused('CLI_INPUT', path))
  })

  it('is no trust store without a certificate that is its own issuer', async () => {
    await expect(readTrustStore([folder])).rejects.toEqual(refused('CLI_INPUT', folder))
    const file = await fileOf(pem)
    expect(await readTrustStore([file])).toEqual([{ place: file, octets: der }])
  })
})
