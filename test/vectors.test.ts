import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../scripts/root.ts'
import { describeFile, describeLeftOut } from '../scripts/vectors/print.ts'
import { recognise } from '../scripts/vectors/recognise.ts'
import { runVectors, type FileReport } from '../scripts/vectors/run.ts'
import { notApplicable } from './support/vectors/not-applicable.ts'

const ownCopies = join(root, 'test/vectors')

async function reportsOf(folder: string): Promise<readonly FileReport[]> {
  const reports: FileReport[] = []
  for await (const report of runVectors(folder)) reports.push(report)
  return reports
}

/** Runs a set of vectors that is made up of these files. */
async function reportsOfFiles(
  files: Readonly<Record<string, unknown>>,
): Promise<readonly FileReport[]> {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-vectors-'))
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      writeFileSync(join(folder, path), text)
    }
    return await reportsOf(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readCopy(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ownCopies, path), 'utf8'))
}

const copies = await reportsOf(ownCopies)
const supported = copies.filter((report) => report.unsupported === undefined)

describe('the vectors of the house', () => {
  it.each(supported.map((report) => [report.file, report] as const))('%s pass', (_, report) => {
    expect(describeFile({ ...report, passed: 0, sides: undefined, notApplicable: [] })).toEqual([
      `✓ ${report.file}: 0 passed`,
    ])
    expect(report.passed).toBeGreaterThan(0)
  })

  it('are all read by a runner', () => {
    expect(describeLeftOut(copies).filter((line) => line.startsWith('not supported'))).toEqual([])
  })
})

describe('a case that cannot apply', () => {
  it.each(notApplicable)('exists in $file and is refused: $reason', async ({ file, ids }) => {
    const json = readCopy(file)
    const found = await recognise(file, json)
    if (found.kind !== 'check') throw new Error(`${file} has no runner`)
    const results = await found.check({ path: file, json })
    const actual = results.filter(({ id }) => ids.includes(id))
    expect(actual.map(({ id }) => id)).toEqual(ids)
    expect(actual.filter(({ ok }) => ok)).toEqual([])
  })

  it('of AES-GCM has an IV of more than 128 octets, in every case', () => {
    const groups = readCopy('wycheproof/aes_gcm_test.json')['testGroups']
    const ids = new Set(notApplicable.flatMap(({ file, ids }) => (file.includes('gcm') ? ids : [])))
    const lengths = (Array.isArray(groups) ? groups : []).flatMap(({ tests }) =>
      tests.flatMap(({ tcId, iv }: { tcId: number; iv: string }) =>
        ids.has(`tcId ${tcId}`) ? [iv.length / 2] : [],
      ),
    )
    expect(lengths).toHaveLength(ids.size)
    expect(Math.min(...lengths)).toBeGreaterThan(128)
  })
})

describe('the runner', () => {
  const frames = readCopy('matter/serial/frames.json')

  it('fails on a file that it does not know', async () => {
    const [report] = await reportsOfFiles({ 'matter/tlv/new.json': { vectors: [{ id: 'x' }] } })
    expect(report?.failures).toEqual([
      { id: 'file', ok: false, expected: 'a known format', actual: 'unknown file' },
    ])
  })

  it('fails on a file that is no JSON', async () => {
    const [report] = await reportsOfFiles({ 'matter/tlv/elements.json': '{' })
    expect(report?.failures).toHaveLength(1)
  })

  it.each(supported.map(({ file }) => file))('knows %s under another name', async (file) => {
    const json = readCopy(file)
    const byName = await recognise(file, json)
    const byContent = await recognise('elsewhere/renamed.json', json)
    if (byName.kind !== 'check' || byContent.kind !== 'check') throw new Error('no runner')
    expect(byContent.check).toBe(byName.check)
  })

  it('prints a failure with file, id, expected and actual', async () => {
    const { vectors } = frames
    const changed = (Array.isArray(vectors) ? vectors : []).map((vector, index) =>
      index === 0 ? { ...vector, lines: ['@other\r\n'] } : vector,
    )
    const [report] = await reportsOfFiles({ 'serial/frames.json': { ...frames, vectors: changed } })
    if (report === undefined) throw new Error('no report')
    expect(report.failures).toHaveLength(1)
    const id = String(changed[0].id)
    expect(describeFile(report)).toEqual([
      '✗ serial/frames.json: 18 passed, 1 failed',
      `  serial/frames.json ${id}`,
      '    expected @other\r\n',
      expect.stringMatching(/^ {4}actual {3}@/),
    ])
  })

  it('fails when a Wycheproof file lost a test, and on a flag that it does not know', async () => {
    const hmac = readCopy('wycheproof/hmac_sha256_test.json')
    const fewer = { ...hmac, numberOfTests: 175 }
    const strange = JSON.stringify(hmac).replace('["Pseudorandom"]', '["Strange"]')
    const reports = await reportsOfFiles({ 'a.json': fewer, 'b.json': strange })
    expect(reports.map(({ failures }) => failures.length)).toEqual([1, 1])
    expect(reports[1]?.failures[0]?.actual).toBe('Strange')
  })

  it('counts the cases of the STSAFE-A120 on each side, and fails on one that a side owes', async () => {
    const framing = readCopy('stsafe-a120/framing.json')
    const [report] = await reportsOfFiles({ 'stsafe-a120/framing.json': framing })
    expect(report?.sides).toEqual({ host: 31, chip: 7 })
    expect(
      describeFile(report ?? { file: '', passed: 0, failures: [], notApplicable: [] }),
    ).toEqual(['✓ stsafe-a120/framing.json: 38 passed (host 31, chip 7)'])
    const found = await recognise('stsafe-a120/framing.json', framing)
    if (found.kind !== 'check') throw new Error('no runner')
    const host = (await found.check({ path: found.path, json: framing })).slice(0, 31)
    const missing = found.owed?.get('chip')?.filter((id) => host.every((one) => one.id !== id))
    expect(missing).toHaveLength(7)
    expect(found.cases).toBe(31)
  })

  it('fails when an index lists a case that is not there', async () => {
    const token = { id: 'a', group: 'tokens', check: 'verify', kind: 'valid' }
    const index = { group: 'tokens', count: 2, cases: [{ id: 'a' }, { id: 'b' }] }
    const reports = await reportsOfFiles({ 'tokens/a.json': token, 'tokens/index.json': index })
    expect(reports.flatMap(({ failures }) => failures.map(({ actual }) => actual))).toEqual([
      'names the case b, which is not there',
    ])
  })

  it('names a group without a room and an algorithm without a use as not supported', async () => {
    const hmac = readCopy('wycheproof/hmac_sha256_test.json')
    const reports = await reportsOfFiles({
      'tokens/a.json': { id: 'a', group: 'tokens', check: 'verify' },
      'wycheproof/hmac_sha512_test.json': { ...hmac, algorithm: 'HMACSHA512' },
    })
    expect(describeLeftOut(reports)).toEqual([
      'not supported: group attestation/tokens: its room does not exist yet (1 case)',
      'not supported: algorithm HMACSHA512 (hmac_sha512_test.json): Keyline does not use it (174 cases)',
    ])
  })

  it('leaves text, schemas, keys and settings alone', async () => {
    const reports = await reportsOfFiles({
      'wycheproof/README.md': 'text',
      'wycheproof/schemas/common.json': {},
      'matter/pem/key.json': {},
      'matter/attestation/revocation-set.json': { sets: [] },
      'stsafe-a120/profile-default.json': {},
      'attestation/tokens/a.cbor': '',
    })
    expect(reports).toEqual([])
  })
})
