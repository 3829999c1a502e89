import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, toBase64 } from '@keyline/bytes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csrOf, testLine } from '../testing/test-line.ts'
import { createProgramIssuer } from './program-issuer.ts'

const line = await testLine()
const request = {
  orderId: 'O-1',
  unitId: 'U-1',
  idempotencyKey: 'U-1/1',
  csr: await csrOf(),
  identity: { serialNumber: 'SN-0001', boardUid: 'aa' },
}
const { dac, pai, paa } = await line.issuer.issue(request)
const certificate = JSON.stringify({ type: 'certificate', dac: toBase64(dac) })
const success = JSON.stringify({ type: 'result', code: 0 })
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-program-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** An issuer that is a shell script; it runs in the test's folder as `$0`'s neighbour. */
async function script(text: string, timeoutMs = 20_000) {
  const path = join(folder, `issue-${Math.abs(hash(text))}.sh`)
  await writeFile(path, `#!/bin/sh\ncd '${folder}'\n${text}\n`, { mode: 0o700 })
  const options = { authorities: { pai, paa }, policy: 'test', clock: systemClock } as const
  return createProgramIssuer({ ...options, command: [path], timeoutMs })
}

function hash(text: string): number {
  let value = 0
  for (const character of text) value = (Math.imul(value, 31) + (character.codePointAt(0) ?? 0)) | 0
  return value
}

const failed = { code: 'ISSUER_PROGRAM', fault: 'infrastructure' }

/** Source: station, section 6.6. */
describe('a program that issues', () => {
  it('reads one line and answers with lines', async () => {
    const log = '{"type":"log","text":"asking the HSM"}'
    const issuer = await script(
      `cat > asked; env > environment; echo '${log}'; echo '${certificate}'; echo '${success}'`,
    )
    process.env['KEYLINE_TEST_SECRET'] = 'never handed on'
    expect(await issuer.issue(request)).toEqual({ dac, pai, paa })
    const asked: unknown = JSON.parse(await readFile(join(folder, 'asked'), 'utf8'))
    expect(asked).toEqual({
      type: 'csr',
      order: 'O-1',
      unit: 'U-1',
      job: 'U-1/1',
      serialNumber: 'SN-0001',
      board: 'aa',
      csr: toBase64(request.csr),
    })
    const environment = await readFile(join(folder, 'environment'), 'utf8')
    expect(environment).toContain('JOB=U-1/1')
    expect(environment).toContain('MODE=test')
    expect(environment).not.toContain('KEYLINE')
    delete process.env['KEYLINE_TEST_SECRET']
  })

  it.each([
    [
      'ends with another code than 0',
      `echo '${certificate}'; echo '${success}'; exit 3`,
      'ended with 3',
    ],
    ['says why it refuses', `echo '{"type":"result","code":1,"message":"no quota"}'`, 'no quota'],
    ['ends without a result', `echo '${certificate}'`, 'no result'],
    ['gives no certificate', `echo '${success}'`, '0 certificates'],
    [
      'gives two',
      `echo '${certificate}'; echo '${certificate}'; echo '${success}'`,
      '2 certificates',
    ],
    ['writes no JSON', `echo hello; echo '${success}'`, 'line 1'],
    ['breaks its base64', `echo '{"type":"certificate","dac":"A"}'; echo '${success}'`, 'dac'],
    ['writes without end', 'yes', 'more than 65536 octets'],
    ['complains', `echo 'token is locked' >&2; exit 1`, 'token is locked'],
    ['is killed', 'kill -9 $$', 'SIGKILL'],
  ])('that %s is no issuer', async (_, text, words) => {
    const issuer = await script(text)
    const error = { ...failed, message: expect.stringContaining(words) }
    await expect(issuer.issue(request)).rejects.toMatchObject(error)
  })

  it('that is not there cannot be run', async () => {
    const options = { authorities: { pai, paa }, policy: 'test', clock: systemClock } as const
    const issuer = createProgramIssuer({ ...options, command: [join(folder, 'nothing')] })
    expect(await issuer.health()).toMatchObject({ isReady: false })
    await expect(issuer.issue(request)).rejects.toMatchObject(failed)
  })

  it('runs in as many processes as it may, and then in its turn', async () => {
    const answer = `echo '${certificate}'; echo '${success}'`
    // Two at once would find the folder of the other.
    const path = join(folder, 'alone.sh')
    const alone = `#!/bin/sh\ncat > /dev/null\nmkdir '${folder}/alone' || exit 9\n${answer}\nrmdir '${folder}/alone'\n`
    await writeFile(path, alone, { mode: 0o700 })
    const options = { authorities: { pai, paa }, policy: 'test', clock: systemClock } as const
    const issuer = createProgramIssuer({ ...options, command: [path], processes: 1 })
    expect(await issuer.health()).toEqual({ isReady: true })
    const answers = await Promise.all([1, 2, 3].map(() => issuer.issue(request)))
    expect(answers).toEqual([1, 2, 3].map(() => ({ dac, pai, paa })))
    await issuer.close()
  })

  // The pipe is held by what it has started, which would sleep longer than this test may take.
  it('ends at the deadline with all that it has started', async () => {
    const issuer = await script(`trap '' TERM\nsleep 600 & wait`, 300)
    await expect(issuer.issue(request)).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('longer than 300 ms'),
    })
  })

  it('ends when the work is interrupted', async () => {
    const issuer = await script('cat > /dev/null; echo > begun; sleep 600')
    const stop = new AbortController()
    const running = issuer.issue(request, { signal: stop.signal })
    stop.abort()
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })
})
