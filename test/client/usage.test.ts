import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pemEncode } from '@keyline/x509'
import { keyline, stackTrace } from '../cli/support/keyline.ts'
import { homeOf, temporaryFolder, testPki, writeOrder } from '../support/line.ts'

describe('keyline provision --issuer', () => {
  it.each([
    ['http://localhost:8443', 2, 'names no issuer'],
    ['https://localhost:8443/path', 2, 'HOST:PORT'],
    ['https://user:secret@localhost:8443', 2, 'HOST:PORT'],
    ['ftp:somewhere', 2, 'names no issuer'],
    ['https://localhost:8443', 2, '--credentials'],
    ['pool:/nowhere', 2, 'make their keys themselves'],
    ['exec:/nowhere', 2, '--paa'],
  ])('%s ends with %i before a board is touched', async (address, expected, words) => {
    await using folder = await temporaryFolder()
    const order = await writeOrder(folder.path)
    const { code, out, err } = await keyline(
      'provision',
      order,
      '--fast',
      '--issuer',
      address,
      '--home',
      homeOf(folder.path),
    )
    expect({ code, out }).toEqual({ code: expected, out: '' })
    expect(err).toContain(words)
    expect(err).not.toContain('secret')
    expect(err).not.toMatch(stackTrace)
  })

  it('makes no board with a program that is not there, and blames none', async () => {
    await using folder = await temporaryFolder()
    const { paa, pai } = await testPki()
    await writeFile(join(folder.path, 'paa.cert.pem'), pemEncode('CERTIFICATE', paa))
    await writeFile(join(folder.path, 'pai.cert.pem'), pemEncode('CERTIFICATE', pai))
    const { code, out } = await keyline(
      'provision',
      await writeOrder(folder.path),
      '--fast',
      '--issuer',
      'exec:/nowhere',
      '--home',
      homeOf(folder.path),
      '--results',
      join(folder.path, 'results'),
      '--credentials',
      folder.path,
    )
    expect(code).toBe(3)
    expect(out).toContain('ERROR  ISSUER_PROGRAM')
  })

  it('believes no PAI that the trusted PAA has not signed, or that is for another product', async () => {
    await using folder = await temporaryFolder()
    const { paa, pai } = await testPki()
    await writeFile(join(folder.path, 'paa.pem'), pemEncode('CERTIFICATE', paa))
    await writeFile(join(folder.path, 'pai.pem'), pemEncode('CERTIFICATE', pai))
    const order = await writeOrder(folder.path)
    const provision = (paaFile: string, paiFile: string) =>
      keyline(
        'provision',
        order,
        '--fast',
        '--issuer',
        'exec:/bin/true',
        '--home',
        homeOf(folder.path),
        '--paa',
        join(folder.path, paaFile),
        '--pai',
        join(folder.path, paiFile),
      )
    for (const [paaFile, paiFile] of [
      ['pai.pem', 'pai.pem'],
      ['paa.pem', 'paa.pem'],
    ] as const) {
      const { code, err } = await provision(paaFile, paiFile)
      expect(code).toBe(2)
      expect(err).toContain('ISSUER_PAI_UNUSABLE')
    }
  })
})

describe('keyline enroll', () => {
  it('needs a token of the right form and a CA, before it calls anyone', async () => {
    await using folder = await temporaryFolder()
    const ca = join(folder.path, 'ca.pem')
    const token = join(folder.path, 'token')
    const { paa } = await testPki()
    await writeFile(ca, pemEncode('CERTIFICATE', paa))
    await writeFile(token, 'too short\n')
    const enrol = (caFile: string) =>
      keyline(
        'enroll',
        '--server',
        'https://localhost:1',
        '--ca',
        caFile,
        '--name',
        'station-1',
        '--token-file',
        token,
        '--credentials',
        join(folder.path, 'credentials'),
      )
    expect((await enrol(ca)).err).toContain('one-time token')
    expect((await enrol(token)).err).toContain('holds no certificate')
  })
})
