import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { temporaryFolder } from '../support/line.ts'
import { keyline, stackTrace, startKeyline } from './support/keyline.ts'

const vectors = resolve('test/vectors/attestation')
const rfcToken = join(vectors, 'tokens-valid/rfc9783-appendix-sign1.cbor')

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder('keyline-attest')
})
afterAll(() => folder[Symbol.asyncDispose]())

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, content)
  return path
}

interface TokenVector {
  readonly id: string
  readonly input: { readonly cose_hex: string }
  readonly expect: { readonly reason?: string; readonly stage?: string; readonly field?: string }
}

async function tokenVectors(group: string): Promise<readonly TokenVector[]> {
  const index: { readonly cases: readonly { readonly id: string }[] } = JSON.parse(
    await readFile(join(vectors, group, 'index.json'), 'utf8'),
  )
  return Promise.all(
    index.cases.map(async ({ id }) =>
      JSON.parse(await readFile(join(vectors, group, `${id}.json`), 'utf8')),
    ),
  )
}

describe('attest inspect', () => {
  it('explains each claim of the example of RFC 9783, and at which octet it stands', async () => {
    const { code, out, err } = await keyline('attest', 'inspect', rfcToken)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('envelope   COSE_Sign1\nalgorithm  ES256\nsignature  64 octets\n')
    // The value of the nonce is a byte string of 32 octets behind the key 10, in the printed example at octet 87.
    expect(out).toMatch(/^ {4}87 {2}psa-nonce \(10\) +(?:01){32}\n +the challenge of the verifier/m)
    expect(out).toMatch(
      /psa-security-lifecycle \(2395\) +0x3000\n +.+secured; accepted for production/,
    )
    expect(out).toMatch(/\[0\] measurement-type \(1\) +"PRoT"/)
    const octets = await readFile(rfcToken)
    expect(octets.subarray(87, 89).toString('hex')).toBe('5820')
  })

  it('names what is wrong, in which claim, for every token of the vectors', async () => {
    for (const { id, input, expect: wanted } of await tokenVectors('tokens-derived-invalid')) {
      const path = await file(`${id}.hex`, input.cose_hex)
      const { code, out, err } = await keyline('attest', 'inspect', path, '--json')
      const document = parseJson(out, id)
      const isForm = wanted.stage === 'envelope' || wanted.stage === 'claims'
      expect({ id, code, err }).toEqual({ id, code: isForm ? 1 : 0, err: '' })
      const [finding] = findingsOf(document)
      expect({ id, rule: finding?.['rule'] }).toEqual({
        id,
        rule: isForm ? wanted.reason : undefined,
      })
      if (isForm && wanted.field !== undefined)
        expect({ id, ...finding }).toMatchObject({ id, field: wanted.field })
    }
  })

  it('says where in the octets the defect is, and shows what can be read in front of it', async () => {
    const octets = await readFile(rfcToken)
    const cut = await file('cut.hex', octets.subarray(0, 100).toString('hex'))
    const { code, out } = await keyline('attest', 'inspect', cut)
    expect(code).toBe(1)
    expect(out).toMatch(/what can be read of it, by octet:\n {5}0 {2}tag 18\n {5}1 {4}array of 4\n/)
    expect(out).toMatch(/E_CBOR_TRUNCATED error envelope: .+ octets are left, at octet \d+/)
    const changed = Uint8Array.from(octets)
    // The life cycle 0x3000 becomes 0x7f00, which no state has.
    changed[133] = 0x7f
    const wrong = await keyline('attest', 'inspect', await file('state.cbor', changed))
    expect(wrong.code).toBe(1)
    expect(wrong.out).toMatch(
      /E_CLAIM_VALUE error psa-security-lifecycle=32512: .+, at octet 132\. Remedy/,
    )
  })

  it.each([
    ['hexadecimal', (hex: string) => hex],
    [
      'hexadecimal with blanks and a line end',
      (hex: string) => `${hex.replaceAll(/(..)/g, '$1 ')}\n`,
    ],
    ['a list of C', (hex: string) => `{ ${hex.replaceAll(/(..)/g, '0x$1, ')} }`],
    ['base64', (hex: string) => Buffer.from(hex, 'hex').toString('base64')],
    [
      'base64 in lines',
      (hex: string) =>
        Buffer.from(hex, 'hex')
          .toString('base64')
          .replaceAll(/(.{64})/g, '$1\n'),
    ],
    ['base64url', (hex: string) => Buffer.from(hex, 'hex').toString('base64url')],
    [
      'BEGIN and END lines',
      (hex: string) =>
        `-----BEGIN TOKEN-----\n${Buffer.from(hex, 'hex').toString('base64')}\n-----END TOKEN-----\n`,
    ],
  ])('reads %s', async (_, write) => {
    const hex = (await readFile(rfcToken)).toString('hex')
    const { code, out } = await keyline(
      'attest',
      'inspect',
      await file('written', write(hex)),
      '--json',
    )
    expect(code).toBe(0)
    expect(parseJson(out, 'the result')).toMatchObject({
      ok: true,
      what: 'token',
      octets: 332,
      findings: [],
    })
  })

  it('reads the standard input when no file is named', async () => {
    await using running = startKeyline(['attest', 'inspect'])
    running.process.stdin?.end((await readFile(rfcToken)).toString('hex'))
    const { code, out } = await running.ended
    expect(code).toBe(0)
    expect(out).toContain('message    token, 332 octets\n')
  })

  it('knows endorsements, results and the structure of ST apart from tokens', async () => {
    const corim = await keyline('attest', 'inspect', join(vectors, 'corim/veraison-psa-valid.cbor'))
    expect(corim.code).toBe(0)
    expect(corim.out).toMatch(/^message +CoRIM, \d+ octets\n/)
    expect(corim.out).toMatch(/\n {2}device 01[0-9a-f]{64}\n/)
    const bad = await keyline(
      'attest',
      'inspect',
      join(vectors, 'corim/veraison-psa-bad-class.cbor'),
    )
    expect(bad.code).toBe(1)
    expect(bad.out).toMatch(/\nE_CORIM_CLASS_ID_/)
    const ear = await keyline(
      'attest',
      'inspect',
      join(vectors, 'ear/ear-jwt-with-veraison-extensions.jwt'),
    )
    expect(ear.code).toBe(0)
    expect(ear.out).toContain('attestation result (EAR), dialect veraison-2023\n')
    const path = join(vectors, 'stm32/st-sample-packed-token.json')
    const st: { readonly input: Readonly<Record<'structure_hex' | 'signature_hex', string>> } =
      JSON.parse(await readFile(path, 'utf8'))
    const hex = st.input.structure_hex + st.input.signature_hex
    const packed = await keyline('attest', 'inspect', await file('st.hex', hex))
    expect(packed.code).toBe(0)
    expect(packed.out).toContain("packed structure of ST's sample, 288 octets\n")
    expect(packed.out).toMatch(/\nsecurity life cycle +0x3000, secured/)
  })

  it.each([
    [
      'what is no message',
      'hello, world\n',
      /neither hexadecimal, base64, base64url, a wrapper, a JWT nor JSON/,
    ],
    ['nothing', '', /is empty/],
    ['a wrapper without its end', '-----BEGIN TOKEN-----\nd284\n', /no END line/],
    ['JSON that is none', '{"a": }', /line 1/],
  ])('refuses %s with 2, and without a trace', async (_, content, message) => {
    const { code, out, err } = await keyline('attest', 'inspect', await file('bad', content))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    expect(err).toMatch(/Remedy: /)
    expect(err).not.toMatch(stackTrace)
  })

  it('refuses more than it reads, and what is not there', async () => {
    const huge = await file('huge', new Uint8Array(36_700_161).fill(0xd2))
    const { code, err } = await keyline('attest', 'inspect', huge)
    expect(code).toBe(2)
    expect(err).toMatch(/has more than 36700160 octets/)
    const absent = await keyline('attest', 'inspect', join(folder.path, 'absent'))
    expect(absent.code).toBe(2)
    expect(absent.err).toMatch(/CLI_FILE: .+absent cannot be read/)
  })
})

function findingsOf(document: unknown): readonly Readonly<Record<string, unknown>>[] {
  const { findings } = { findings: [], ...(typeof document === 'object' ? document : {}) }
  return Array.isArray(findings) ? findings : []
}
