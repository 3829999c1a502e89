import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundledProgram } from '../support/bundled-program.ts'
import { runTestLine } from '../support/line.ts'
import { checkOutputs } from './check-outputs.ts'
import { RecordTag } from './output/board-flash.ts'
import { OutputsAtHand } from './testing/outputs-at-hand.ts'
import { describeViolation } from './violation.ts'

let original: string
beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'keyline-checker-'))
  const { summary } = await runTestLine({ folder: original, slots: 2, quantity: 2 })
  expect(summary.pass).toBe(2)
})
afterAll(() => rm(original, { recursive: true, force: true }))

/** What the checker says of a copy of the outputs, after somebody has changed it. */
async function violationsAfter(
  tamper: (outputs: OutputsAtHand) => Promise<void> | void,
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keyline-tampered-'))
  try {
    await cp(original, folder, { recursive: true })
    await tamper(new OutputsAtHand(folder))
    const folders = { home: join(folder, 'home'), results: join(folder, 'results') }
    return checkOutputs({ ...folders, isFinished: true }).map(describeViolation)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const sql = (text: string) => (outputs: OutputsAtHand) => outputs.sql(text)

describe('the checker of the outputs', () => {
  it('has nothing against an undisturbed run', async () => {
    expect(await violationsAfter(() => undefined)).toEqual([])
  })

  it.each<
    readonly [what: string, tamper: (outputs: OutputsAtHand) => Promise<void> | void, found: RegExp]
  >([
    [
      'a board that failed for trouble around it',
      (outputs) => {
        outputs.writeInjected([{ slot: 1, board: 2, name: 'port-vanishes' }])
        outputs.sql(`update verdict set verdict = 'FAIL'`)
      },
      /^P4 unit T-\d{6}: is FAIL, its board .* had (?:port-vanishes|no fault)/,
    ],
    [
      'a certificate that was committed twice',
      (outputs) =>
        outputs.changeJournal((text) => {
          const commit = text.split('\n').find((line) => /"step":"commit".*"intent"/.test(line))
          return `${text}${commit ?? ''}\n`
        }),
      /^P9 commit of unit .*: was begun twice/,
    ],
    [
      'an attestation key that no verifier was told of',
      sql(`update verdict set document = json_set(document, '$.evidence[#]',
        json('{"kind":"attestation-key","ok":true,"facts":{"publicKey":"04aa"}}'))`),
      /^P2 CoRIM of order-1: it has the keys of 0 devices, 2 have passed/,
    ],
    [
      'a certificate that two units have',
      sql(`insert into certificate select 'copy', order_id, (select max(id) from unit), 3, issuer_key_id, 'copy',
        'copy', 'copy', request_hash, der, state, void_reason, issued_at, station_id from certificate limit 1`),
      /^P1 DAC key .* belongs to/,
    ],
    [
      'a second live certificate of one unit',
      sql(`update certificate set unit_id = (select min(unit_id) from certificate)`),
      /^P1 live certificate of one unit/,
    ],
    [
      'a board that two units have',
      sql(`drop index unit_board; update unit set board_uid = (select min(board_uid) from unit)`),
      /^P1 board .* belongs to/,
    ],
    [
      'a serial number that two boards have',
      (outputs) => outputs.copyRecord(RecordTag.serialNumber),
      /^P1 serialNumber in flash/,
    ],
    [
      'a salt that two boards have',
      (outputs) => outputs.copyRecord(RecordTag.salt),
      /^P1 salt in flash/,
    ],
    [
      'a verifier that two boards have',
      (outputs) => outputs.copyRecord(RecordTag.verifier),
      /^P1 verifier in flash/,
    ],
    [
      'a board with the certificate of another',
      (outputs) => outputs.copyRecord(RecordTag.dac),
      /^P3 .*does not hold the live certificate/,
    ],
    [
      'a certificate on a board that the ledger has lost',
      sql(`delete from certificate where sha256 = (select min(sha256) from certificate)`),
      /^P2 board .* is not in the ledger/,
    ],
    [
      'a certificate that the journal did not announce',
      sql(`update certificate set idempotency_key = 'other' where quota_number = 1`),
      /^P2 certificate .* no intent "issue"/,
    ],
    [
      'a verdict that the ledger has lost',
      sql(`delete from verdict where unit_id = (select min(unit_id) from verdict)`),
      /^P2 journal record .* is nothing in the ledger/,
    ],
    [
      'PASS without a piece of evidence',
      sql(
        `update verdict set document = replace(document, '"kind":"attestation"', '"kind":"data"')`,
      ),
      /^P3 .* PASS without evidence of attestation/,
    ],
    [
      'PASS with wrong evidence',
      sql(
        `update verdict set document = replace(document, '"kind":"key","ok":true', '"kind":"key","ok":false')`,
      ),
      /^P3 .* PASS with wrong evidence of key/,
    ],
    [
      'a board with another key',
      (outputs) => outputs.changeRecord(RecordTag.privateKey),
      /^P3 .* the private key on its board/,
    ],
    [
      'a board with other firmware',
      (outputs) => outputs.changeFlash(0x1000),
      /^P3 .* does not hold the application/,
    ],
    [
      'a label with another passcode',
      (outputs) => outputs.changeRecord(RecordTag.passcode),
      /^P3 .* the passcode of its onboarding code/,
    ],
    [
      'a passport that says something else than the ledger',
      (outputs) =>
        outputs.changeResults('passport.json', (text) => text.replace('complete', 'compleat')),
      /^P3 .* the verdict of its passport/,
    ],
    [
      'a manifest that was changed after it was signed',
      (outputs) => outputs.changeManifest((text) => text.replace('"T-000001"', '"T-000009"')),
      /^P3 manifest .* signature/,
    ],
    [
      'a counter that is one too low',
      sql(`update work_order set certificates_used = certificates_used - 1`),
      /^P5 .* the counter says 1/,
    ],
    [
      'more certificates than the limit',
      sql(`pragma ignore_check_constraints = on; update work_order set certificate_limit = 1`),
      /^P5 .* the limit is 1/,
    ],
    [
      'a serial number taken from nowhere',
      sql(`update serial_pool set next = next + 1`),
      /^P5 serial pool/,
    ],
    [
      'an audit record that was changed',
      sql(
        `update audit set data = replace(data, 'T-000001', 'T-000009') where type = 'unit.reserved'`,
      ),
      /^P7 audit record \d+: breaks the chain/,
    ],
    [
      'an audit log that was cut',
      sql(`delete from audit where seq = (select max(seq) from audit)`),
      /^P7 manifest .* which is not there/,
    ],
    [
      'a journal record that was changed',
      (outputs) => outputs.changeJournal((text) => text.replace('"slot":1', '"slot":2')),
      /^P7 journal record/,
    ],
    [
      'a unit that was left open',
      sql(`update unit set state = 'active' where sequence = 1`),
      /^end unit T-000001: is active/,
    ],
    [
      'results that are not complete',
      (outputs) => outputs.removePassport(),
      /^end order .* not complete/,
    ],
  ])('finds %s', async (_, tamper, found) => {
    expect(await violationsAfter(tamper)).toContainEqual(expect.stringMatching(found))
  })

  it('is a program of its own that ends with 1 over a violation', async () => {
    const program = await bundledProgram(join(import.meta.dirname, 'main.ts'))
    const args = [program, join(original, 'home'), join(original, 'results')]
    const run = promisify(execFile)
    expect((await run(process.execPath, args)).stdout).toBe('0 violations\n')
    const other = await run(process.execPath, [...args.slice(0, -1), original]).catch(
      (error: unknown) => error,
    )
    expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('end order order-1') })
  })

  it('shares no code with the product', async () => {
    const files = await readdir(import.meta.dirname, { recursive: true })
    const sources = files.filter((file) => /(?<!\.test)\.ts$/.test(file))
    expect(sources.length).toBeGreaterThan(10)
    for (const file of sources) {
      const text = await readFile(join(import.meta.dirname, file), 'utf8')
      const specifiers = [...text.matchAll(/from '([^']+)'|require\([^)]*\)\('([^']+)'\)/g)]
      for (const [, named = ''] of specifiers) {
        expect(named).toMatch(
          /^(?:node:|zod$|\.\.?\/(?:output|promise|violation|check-outputs|[a-z-]+\.ts))/,
        )
        expect(named).not.toMatch(/\.\.\/\.\.\//)
      }
    }
  })
})
