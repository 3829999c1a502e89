import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attestedDesk, attestedNonce as nonce, type AttestDesk } from './support/attester.ts'

const vectors = resolve('test/vectors/attestation')

let desk: AttestDesk
let u385: string
let token: string
let corim: string
beforeAll(async () => {
  ;({ desk, device: u385, token, corim } = await attestedDesk())
})
afterAll(() => desk[Symbol.asyncDispose]())

describe('attest endorse', () => {
  it('makes, signs, shows and imports, and imports what is not signed by those who may not at all', async () => {
    const key = desk.path('signer.pem')
    const publicKey = desk.path('signer.pub')
    execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
    execFileSync('openssl', ['ec', '-in', key, '-pubout', '-out', publicKey], { stdio: 'ignore' })
    const signedCorim = desk.path('signed.corim')
    await desk.text(
      'endorse',
      'sign',
      corim,
      '--key',
      key,
      '--name',
      'firmware team',
      '--out',
      signedCorim,
    )
    const shown = await desk.text('endorse', 'show', signedCorim)
    expect(shown).toMatch(/\nsigner +"firmware team"\n/)
    expect(shown).toMatch(/\n {2}firmware "App 1\.0\.0" sha-256 [0-9a-f]{64}\n/)
    const dry = ['endorse', 'import', signedCorim, '--dry-run']
    expect(await desk.document(...dry, '--signer', publicKey)).toEqual({
      imports: [
        {
          corimId: 'batch-1',
          signer: 'firmware team',
          stored: false,
          trustAnchors: { added: 1, present: 0, replaced: 0 },
          referenceValues: { added: 1, present: 0, replaced: 0 },
          certifications: { added: 0, present: 0, replaced: 0 },
          warnings: [],
        },
      ],
    })
    const refused = await desk.run(...dry)
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 2, out: '' })
    expect(refused.err).toContain('E_CORIM_SIGNATURE')
    const unsigned = ['endorse', 'import', corim, '--dry-run', '--signer', publicKey]
    const lacking = await desk.run(...unsigned)
    expect({ code: lacking.code, out: lacking.out }).toEqual({ code: 2, out: '' })
    expect(lacking.err).toMatch(/E_CORIM_SIGNATURE: .+ is not signed, and signers are named/)
  })

  it('feeds a database, from which a device verifies, is revoked and is trusted again', async () => {
    const home = desk.path('home')
    const record = ['--home', home]
    const stored = await desk.text('endorse', 'import', corim, ...record)
    expect(stored).toMatch(/devices +1 new, 0 known\n/)
    expect(await desk.text('endorse', 'import', corim, ...record)).toMatch(
      /devices +0 new, 1 known\n/,
    )
    const database = ['--database', join(home, 'ledger.db'), ...record]
    const verify = ['verify', token, '--nonce', nonce, ...database]
    expect(await desk.text(...verify)).toMatch(/^verdict +genuine, affirming\n/)
    const shown = await desk.text('verify', token, '--nonce', nonce, '--trust', corim)
    const instance = /\ndevice +(01[0-9a-f]{64})\n/.exec(shown)?.[1] ?? ''
    expect(await desk.text('endorse', 'revoke', instance, ...record)).toContain('is revoked')
    const revoked = await desk.run(...verify)
    expect(revoked.code).toBe(1)
    expect(revoked.out).toContain('E_KEY_REVOKED')
    await desk.text('endorse', 'restore', instance, ...record)
    expect(await desk.text(...verify)).toMatch(/^verdict +genuine/)
    const unknown = await desk.run('endorse', 'revoke', `01${'00'.repeat(32)}`, ...record)
    expect(unknown.code).toBe(1)
    expect(unknown.out).toContain('is not known')
  })

  it('trusts the authority of chips in a database, and takes the trust back', async () => {
    const record = ['--home', desk.path('home-ca')]
    const authority = desk.path('authority.pem')
    await desk.text('keys', 'export', '--device', u385, '--authority', authority)
    const path = desk.path('certified.hex')
    const make = ['token', '--device', u385, '--challenge', nonce, '--with-certificate']
    await desk.text(...make, '--out', path)
    const database = ['--database', join(desk.path('home-ca'), 'ledger.db'), ...record]
    const verify = ['verify', path, '--nonce', nonce, ...database]
    const trust = ['endorse', 'authority', authority, ...record]
    expect(await desk.text(...trust, '--accept-certified')).toMatch(
      /"ST CA 01 for STM32 User".+ is trusted\n/,
    )
    expect(await desk.text(...verify)).toMatch(/\nkey +certified for "stm32u3xx-usfu-/)
    // Without the owner's word a genuine chip is not yet a device of his.
    await desk.text(...trust)
    expect((await desk.run(...verify)).code).toBe(1)
    await desk.text(...trust, '--remove')
    const unknown = await desk.run(...verify)
    expect(unknown.code).toBe(1)
    expect(unknown.out).toContain('E_KEY_UNKNOWN')
    expect((await desk.run(...trust, '--remove')).code).toBe(1)
  })

  it.each(['corim-psa-draft-ref-value', 'corim-psa-draft-cert-val'])(
    'reads the draft form of %s when it is asked to, and never else',
    async (name) => {
      const comid = await readFile(join(vectors, `comid/${name}.cbor`))
      const profile = Buffer.from('tag:arm.com,2025:psa#1.0.0')
      const path = await desk.file(
        'draft.hex',
        [
          'd901f5a3',
          '006164',
          '0181d901fa',
          byteString(comid),
          '03d820781a',
          profile.toString('hex'),
        ].join(''),
      )
      const strict = await desk.run('endorse', 'import', path, '--dry-run')
      expect({ code: strict.code, out: strict.out }).toEqual({ code: 2, out: '' })
      expect(strict.err).toContain('E_CORIM_MVAL')
      await desk.text('endorse', 'show', path, '--lenient-psa-draft')
      const taken = await desk.text('endorse', 'import', path, '--dry-run', '--lenient-psa-draft')
      expect(taken).toMatch(/ +[1-9] new, 0 known\n/)
    },
  )

  it('imports the profile before that of 2025, as its tools wrote it', async () => {
    const comid = await readFile(join(vectors, 'comid/cocli-comid-psa-refval.cbor'))
    const tagged = Buffer.concat([Buffer.from('d901fa', 'hex'), comid])
    const profile = Buffer.from('http://arm.com/psa/iot/1').toString('hex')
    const older = ['a3', '006164', '0181', byteString(tagged), '038178', '18', profile].join('')
    const path = await desk.file('older.hex', older)
    const taken = await desk.text('endorse', 'import', path, '--dry-run')
    expect(taken).toMatch(/reference values +[1-9] new, 0 known\n/)
    expect(await desk.text('inspect', path)).toMatch(
      /profile +http:\/\/arm\.com\/psa\/iot\/1, the older one/,
    )
    const service = ['--url', 'http://127.0.0.1:9']
    expect((await desk.run('endorse', 'submit', path, ...service)).err).toMatch(
      /has the older profile/,
    )
  })

  it.each([
    ['nothing to endorse', ['make', '--out', 'OUT'], /nothing is named/],
    [
      'a key without its implementation',
      ['make', '--out', 'OUT', '--key', 'KEY'],
      /belong to an implementation/,
    ],
    [
      'an instance id of another length',
      [
        'make',
        '--out',
        'OUT',
        '--key',
        'KEY',
        '--implementation-id',
        '00'.repeat(32),
        '--instance-id',
        '02',
      ],
      /33 octets, the first 01/,
    ],
    [
      'a private key in the place of a public one',
      ['make', '--out', 'OUT', '--key', 'PRIVATE', '--implementation-id', '00'.repeat(32)],
      /no public key/,
    ],
    ['a token that is none', ['make', '--out', 'OUT', '--token', 'KEY'], /is no token/],
    ['what is no CoRIM', ['import', 'TOKEN', '--dry-run'], /is no CoRIM/],
    ['a device that is none', ['revoke', '01'], /is no instance id/],
    ['no service', ['submit', 'CORIM'], /no service is named/],
  ])('refuses %s with 2, and writes nothing', async (_, args, message) => {
    const key = desk.path('anchor.pem')
    await desk.text('keys', 'export', '--device', u385, '--public-key', key)
    const secret = desk.path('secret.pem')
    execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', secret])
    const places: Readonly<Record<string, string>> = {
      OUT: desk.path('never.corim'),
      KEY: key,
      PRIVATE: secret,
      TOKEN: token,
      CORIM: corim,
    }
    const given = args.map((arg) => places[arg] ?? arg)
    const { code, out, err } = await desk.run('endorse', ...given)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    await expect(readFile(desk.path('never.corim'))).rejects.toThrow('ENOENT')
  })
})

/** A CBOR byte string of up to 65 535 octets, in hexadecimal. */
function byteString(octets: Uint8Array): string {
  return `59${octets.length.toString(16).padStart(4, '0')}${Buffer.from(octets).toString('hex')}`
}
