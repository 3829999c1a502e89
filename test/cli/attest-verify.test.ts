import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attestedDesk, attestedNonce as nonce, type AttestDesk } from './support/attester.ts'
import { stackTrace } from './support/keyline.ts'

const vectors = resolve('test/vectors/attestation')

let desk: AttestDesk
let u385: string
let token: string
let corim: string
beforeAll(async () => {
  ;({ desk, device: u385, token, corim } = await attestedDesk())
})
afterAll(() => desk[Symbol.asyncDispose]())

describe('attest verify', () => {
  it('names the CoRIM that it cannot read', async () => {
    const octets = await readFile(corim)
    const broken = await desk.file('broken.corim', octets.subarray(0, 100))
    const ended = await desk.run('verify', token, '--nonce', nonce, '--trust', broken)
    expect([ended.code, ended.out]).toEqual([2, ''])
    expect(ended.err).toContain(`E_CBOR_TRUNCATED: ${broken}: `)
  })

  it('finds a device of a CoRIM genuine, and each component known', async () => {
    const args = ['verify', token, '--nonce', nonce, '--trust', corim, '--explain']
    const out = await desk.text(...args)
    expect(out).toMatch(/^verdict +genuine, affirming\n/)
    expect(out).toMatch(/\nkey +registered by "batch-1"\n/)
    expect(out).toMatch(/\nexecutables +2\n/)
    expect(out).toContain('\ncomponent 0 (App 1.0.0) matches App 1.0.0\n')
    expect(await desk.document(...args)).toMatchObject({
      outcome: 'genuine',
      status: 'affirming',
      nonceChecked: true,
      vector: { executables: 2, hardware: 2 },
      key: 'registered',
    })
  })

  it('tells firmware that is not known, and what came nearest', async () => {
    const image = await desk.file('other.bin', 'other firmware')
    const other = desk.path('other.hex')
    const make = ['token', '--device', u385, '--challenge', nonce, '--out', other]
    await desk.text(...make, '--firmware', `App@1.0.1=${image}`)
    const verify = ['verify', other, '--nonce', nonce, '--trust', corim, '--explain']
    const out = await desk.text(...verify)
    expect(out).toMatch(/^verdict +genuine, warning\n/)
    expect(out).toMatch(
      /component 0 \(App 1\.0\.1\) matches nothing; nearest is App 1\.0\.0, which differs in digest, version/,
    )
    const strict = await desk.run(...verify, '--require-affirming')
    expect(strict.code).toBe(1)
    expect(strict.out).toContain('only an affirming result was asked for')
  })

  it('knows a device by its public key alone, and by a certificate that came beside the token', async () => {
    const [key, leaf, authority] = ['k.pem', 'leaf.pem', 'ca.pem'].map((name) => desk.path(name))
    if (key === undefined || leaf === undefined || authority === undefined) throw new TypeError()
    const files = ['--public-key', key, '--certificate', leaf, '--authority', authority]
    await desk.text('keys', 'export', '--device', u385, ...files)
    const verify = ['verify', token, '--nonce', nonce]
    expect(await desk.text(...verify, '--trust', key)).toMatch(/^verdict +genuine, warning\n/)
    const beside = [...verify, '--trust', authority, '--certificate', leaf]
    const certified = await desk.text(...beside, '--accept-certified')
    expect(certified).toMatch(/\nkey +certified for "stm32u3xx-usfu-/)
    // A certificate proves a genuine chip and not a product, unless the owner says so.
    const unregistered = await desk.run(...beside)
    expect(unregistered.code).toBe(1)
    expect(unregistered.out).toMatch(/^verdict +contraindicated/)
    const alone = await desk.run(...verify, '--trust', authority)
    expect({ code: alone.code, out: alone.out }).toMatchObject({ code: 1 })
    expect(alone.out).toContain('E_KEY_UNKNOWN')
  })

  it.each([
    ['another challenge', ['--nonce', '00'.repeat(32)], /E_NONCE_MISMATCH/],
    ['a device that nobody registered', ['--nonce', nonce, '--trust', 'OTHER'], /E_KEY_UNKNOWN/],
  ])('refuses %s with 1 and its reason', async (_, args, message) => {
    const other = await desk.device(`other-${args.length}`)
    const otherCorim = desk.path(`other-${args.length}.corim`)
    await desk.text('endorse', 'make', '--out', otherCorim, '--device', other)
    const trust = args.includes('--trust') ? [] : ['--trust', corim]
    const given = args.map((arg) => (arg === 'OTHER' ? otherCorim : arg))
    const { code, out, err } = await desk.run('verify', token, ...given, ...trust)
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(out).toMatch(message)
  })

  it('refuses a token with a changed bit, whichever it is', async () => {
    const octets = Buffer.from((await readFile(token, 'utf8')).trim(), 'hex')
    for (const at of [0, 20, 150, 250, octets.length - 1]) {
      const changed = Uint8Array.from(octets)
      changed[at] = (changed[at] ?? 0) ^ 1
      const path = await desk.file('changed.cbor', changed)
      const { code, out } = await desk.run('verify', path, '--nonce', nonce, '--trust', corim)
      expect({ at, code }).toEqual({ at, code: 1 })
      expect(out).toMatch(/^verdict +contraindicated/)
    }
  })

  it('applies the rules of an owner, and says could not check when they fail', async () => {
    const verify = ['verify', token, '--nonce', nonce, '--trust', corim, '--policy']
    const condition = { '/evidence/psa-security-lifecycle': { lifecycle: ['secured'] } }
    const rules = [{ when: condition, set: { instance_identity: 'UNTRUSTWORTHY_INSTANCE' } }]
    const strict = await desk.file('strict.json', JSON.stringify({ rules }))
    expect((await desk.run(...verify, strict)).code).toBe(1)
    const absent = [{ when: 'evidence.absent == 1', set: { hardware: 'UNSAFE_HW' } }]
    const failing = await desk.file('failing.json', JSON.stringify({ rules: absent }))
    const failed = await desk.run(...verify, failing)
    expect(failed.code).toBe(3)
    expect(failed.out).toMatch(/^verdict +could not check: nothing is said of the device\n/)
    const broken = await desk.run(...verify, await desk.file('broken.json', '{"rules": 1}'))
    expect({ code: broken.code, out: broken.out }).toEqual({ code: 2, out: '' })
  })

  it('does not take a database that is not there for one that knows nobody', async () => {
    const home = desk.path('nowhere')
    const args = ['--database', join(home, 'ledger.db'), '--home', home]
    const asked = await desk.run('verify', token, '--nonce', nonce, ...args)
    expect({ code: asked.code, out: asked.out }).toEqual({ code: 2, out: '' })
    expect(asked.err).toMatch(/the database .+ledger\.db is not there/)
    const revoked = await desk.run('endorse', 'revoke', `01${'00'.repeat(32)}`, ...args)
    expect(revoked.err).toMatch(/is not there/)
    await expect(readdir(home)).rejects.toThrow('ENOENT')
  })

  it('says could not check when the database is none', async () => {
    const file = await desk.file(
      'no.db',
      'this is no database, and is long enough to be read as one',
    )
    const home = desk.path('home-no')
    await desk.text('endorse', 'import', corim, '--home', home)
    const args = ['verify', token, '--nonce', nonce, '--database', file, '--home', home]
    const { code, out, err } = await desk.run(...args)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^keyline: LEDGER_/)
    expect(err).not.toMatch(stackTrace)
  })

  it.each([
    ['no trust', [], /what is trusted is not named once/],
    ['no challenge', ['--trust', 'CORIM'], /the challenge is not named once/],
    [
      'a challenge twice',
      ['--trust', 'CORIM', '--nonce', nonce, '--any-nonce'],
      /the challenge is not named once/,
    ],
    ['trust that is not there', ['--trust', 'absent', '--nonce', nonce], /absent cannot be read/],
    ['trust that is a token', ['--trust', 'TOKEN', '--nonce', nonce], /is no CoRIM/],
    [
      'a service that no address names',
      ['--url', 'ftp://x', '--nonce', nonce],
      /not of the form https/,
    ],
    [
      'a service without a challenge',
      ['--url', 'https://x'],
      /asked about a challenge, and none is named/,
    ],
  ])('refuses %s with 2', async (_, args, message) => {
    const given = args.map((arg) => (arg === 'CORIM' ? corim : arg === 'TOKEN' ? token : arg))
    const needsNonce = args.length === 0 ? ['--nonce', nonce] : []
    const { code, out, err } = await desk.run('verify', token, ...given, ...needsNonce)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    expect(err).toMatch(/Remedy: /)
  })
})

/** A result in the dialect of 2023. */
const claims = (status: string) => ({
  eat_profile: 'tag:github.com,2023:veraison/ear',
  'ear.verifier-id': { developer: 'another library', build: '1' },
  submods: { PSA_IOT: { 'ear.status': status, 'ear.appraisal-policy-id': 'policy:PSA_IOT' } },
})

/** A result that another library signed, and its key. */
async function signed(payload: Record<string, unknown>, expires?: number) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwt = new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'JWT' }).setIssuedAt()
  if (expires !== undefined) jwt.setExpirationTime(expires)
  const path = await desk.file('ear.jwt', await jwt.sign(privateKey))
  const key = await desk.file('key.jwk', JSON.stringify(await exportJWK(publicKey)))
  return { path, key }
}

describe('attest verify of a result', () => {
  it.each([
    ['affirming', 0],
    ['warning', 0],
    ['contraindicated', 1],
    ['none', 3],
  ])('%s that another library signed ends with %i', async (status, wanted) => {
    const { path, key } = await signed(claims(status))
    const { code, out } = await desk.run('verify', path, '--key', key)
    expect(code).toBe(wanted)
    expect(out).toContain('signature  ES256, good\n')
  })

  it('reads the dialect of the working group too', async () => {
    const { path, key } = await signed({
      eat_profile: 'tag:ietf.org,2026:rats/ear#03',
      ear_verifier_id: { developer: 'another library', build: '1' },
      submods: { PSA_IOT: { ear_status: 'affirming', ear_appraisal_policy_ids: ['p'] } },
    })
    expect(await desk.text('verify', path, '--key', key)).toContain('dialect ietf-2026-03\n')
  })

  it('does not believe another key, a result past its end, or another challenge', async () => {
    const past = await signed(claims('affirming'), 1_700_000_000)
    const late = await desk.run('verify', past.path, '--key', past.key)
    expect(late.code).toBe(1)
    expect(late.out).toContain('E_JWT_EXPIRED')
    const { path, key } = await signed(claims('affirming'))
    const stale = await desk.run('verify', path, '--key', key, '--nonce', nonce)
    expect(stale.out).toContain('E_NONCE_MISMATCH')
    const jwk = join(vectors, 'keys/derived-p256-other.jwk')
    const foreign = await desk.run('verify', path, '--key', jwk)
    expect(foreign.code).toBe(1)
    expect(foreign.out).toContain('E_SIG_INVALID')
    const keyless = await desk.run('verify', path)
    expect(keyless.code).toBe(2)
    expect(keyless.err).toMatch(/under the key of its verifier, and none is named/)
  })
})
