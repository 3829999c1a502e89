import { existsSync, readFileSync } from 'node:fs'
import { chmod, readFile, stat } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newChip, type CommandLineChip } from './support/chip.ts'
import { keyline } from './support/keyline.ts'
import { serveNewChip } from './support/served-chip.ts'

/** Commands of opening a chip; the one after them writes the keys. */
const opening = 3

let chip: CommandLineChip

beforeEach(async () => {
  chip = await newChip()
})
afterEach(() => chip[Symbol.asyncDispose]())

const socket = (): string => chip.path('chip.sock')
const drawn = (): string => chip.path('drawn.json')
const provision = ['host-keys', 'provision', '--generate', 'AES-128', '--out']
const agree = (): readonly string[] => ['host-keys', 'establish', '--out', drawn()]
const generate = (): readonly string[] => [...provision, drawn()]

describe('host keys that are drawn', () => {
  it('lie whole in their file before the chip gets them', async () => {
    const atWrite: string[] = []
    const onWrite = (frame: Uint8Array): void => {
      if (frame[0] === 0x1f && frame[1] === 0x07) atWrite.push(readFileSync(drawn(), 'utf8'))
    }
    await using served = await serveNewChip({ socket: socket(), onWrite })
    const { code, out } = await served.run(...generate(), '--json')
    expect({ code, document: JSON.parse(out) }).toEqual({
      code: 0,
      document: { type: 'AES-128', counter: 0, keys: drawn() },
    })
    expect(atWrite).toEqual([await readFile(drawn(), 'utf8')])
    expect(JSON.parse(atWrite[0] ?? '')).toHaveProperty('cipherKey')
    expect((await stat(drawn())).mode & 0o777).toBe(0o600)
    expect(await served.run('host-keys', 'prove', '--keys', drawn())).toMatchObject({
      code: 0,
      err: '',
    })
  })

  it('leave no file when the chip refuses them', async () => {
    await chip.document('host-keys', 'provision', '--generate', 'AES-256', '--out', drawn())
    const kept = await readFile(drawn(), 'utf8')
    const other = chip.path('other.json')
    const refused = await chip.run(
      'host-keys',
      'provision',
      '--generate',
      'AES-128',
      '--out',
      other,
    )
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('CHIP_NOT_AUTHORIZED')
    expect(existsSync(other)).toBe(false)
    const taken = await chip.run(...generate())
    expect(taken.err).toMatch(/CLI_EXISTS: .+drawn\.json exists\. Remedy: name another file/)
    expect(await readFile(drawn(), 'utf8')).toBe(kept)
  })

  it('leave no file when the chip was not reached, or the keys not sent', async () => {
    const nobody = `unix:${chip.path('nobody.sock')}`
    expect(await keyline('stsafe', ...generate(), '--device', nobody)).toMatchObject({ code: 3 })
    expect(existsSync(drawn())).toBe(false)
    await using served = await serveNewChip({
      socket: socket(),
      faults: [{ name: 'bus-error', position: 1 }],
    })
    expect(await served.run(...generate())).toMatchObject({ code: 3, out: '' })
    expect(existsSync(drawn())).toBe(false)
  })

  it('stay in their file when nobody knows whether the chip has them, and the error says so', async () => {
    await using served = await serveNewChip({
      socket: socket(),
      faults: [{ name: 'flip-response', position: opening, value: 9 }],
    })
    const { code, err } = await served.run(...generate())
    expect(code).toBe(3)
    expect(err).toMatch(/STSAFE_OUTCOME_UNKNOWN: .+; the keys stay in .+drawn\.json\. /)
    expect(err).toMatch(/Remedy: run keyline stsafe host-keys prove --keys .+drawn\.json/)
    expect(await served.run('host-keys', 'prove', '--keys', drawn())).toEqual({
      code: 0,
      out: 'the chip holds these host keys\n',
      err: '',
    })
  })

  it('are told from others by the chip', async () => {
    await chip.document('host-keys', 'provision', '--generate', 'AES-128', '--out', drawn())
    const keys = { macKey: '00'.repeat(16), cipherKey: '00'.repeat(16) }
    const other = await chip.file('other.json', JSON.stringify(keys))
    expect(await chip.run('host-keys', 'prove', '--keys', other)).toEqual({
      code: 1,
      out: 'the chip does NOT hold these host keys\n',
      err: '',
    })
  })

  it('are the only ones that --out takes', async () => {
    const keys = { macKey: '00'.repeat(16), cipherKey: '00'.repeat(16) }
    const given = ['--keys', await chip.file('given.json', JSON.stringify(keys))]
    const both = await chip.run('host-keys', 'provision', ...given, '--out', drawn())
    expect(both).toMatchObject({ code: 2, out: '' })
    expect(both.err).toContain('--generate')
  })
})

describe('host keys that were agreed on', () => {
  const control = ['--allow', 'wrapped,reprovision,change-right']

  it('lie whole in their file before the chip takes them, also when its answer is lost', async () => {
    const atWrite: string[] = []
    const onWrite = (frame: Uint8Array): void => {
      if (frame[0] === 0x1f && frame[1] === 0x18) atWrite.push(readFileSync(drawn(), 'utf8'))
    }
    // Opening, query and put of the control fields, opening again, and the ephemeral pair of the chip.
    const position = opening + 2 + opening + 1
    await using served = await serveNewChip({
      socket: socket(),
      onWrite,
      faults: [{ name: 'flip-response', position, value: 9 }],
    })
    expect(await served.run('host-keys', 'control', ...control)).toMatchObject({ code: 0 })
    const { code, err } = await served.run(...agree())
    expect(code).toBe(3)
    expect(err).toMatch(/STSAFE_OUTCOME_UNKNOWN: .+; the keys stay in .+drawn\.json\. Remedy: run /)
    expect(atWrite).toEqual([await readFile(drawn(), 'utf8')])
    expect(await served.run('host-keys', 'prove', '--keys', drawn())).toMatchObject({ code: 0 })
  })

  it('leave no file when the chip refuses them', async () => {
    const { code, err } = await chip.run(...agree())
    expect(code).toBe(2)
    expect(err).toContain('CHIP_NOT_AUTHORIZED')
    expect(existsSync(drawn())).toBe(false)
    const key = ['--type', 'AES-128', '--mode', 'ecb', '--usage', 'encrypt', '--out', drawn()]
    expect(await chip.run('keys', 'establish', '0', ...key)).toMatchObject({ code: 2, out: '' })
    expect(existsSync(drawn())).toBe(false)
  })
})

describe('a file of a key', () => {
  const warning = /^warning: .+key\.(?:json|txt) can be read by others; run chmod 600 .+/

  it('that others can read is warned of, and used', async () => {
    const keys = { macKey: '11'.repeat(16), cipherKey: '22'.repeat(16) }
    const hostKeys = await chip.file('key.json', JSON.stringify(keys))
    const key = await chip.file('key.txt', '33'.repeat(16))
    const commands = [
      ['host-keys', 'provision', '--keys', hostKeys],
      ['echo', '--hex', '01', '--host-keys', hostKeys],
      ['password', 'put', '--password', key],
      ['host-keys', 'derive', '--master-key', key, '--out', chip.path('derived.json')],
    ]
    for (const mode of [0o640, 0o604]) {
      await chmod(hostKeys, mode)
      await chmod(key, mode)
      for (const command of commands.splice(0, 2)) {
        const { code, err } = await chip.run(...command)
        expect({ command, code }).toEqual({ command, code: 0 })
        expect(err).toMatch(warning)
        expect(err.match(/\n/g)).toHaveLength(1)
      }
    }
    await chmod(hostKeys, 0o600)
    expect(await chip.run('echo', '--hex', '01', '--host-keys', hostKeys)).toMatchObject({
      code: 0,
      err: '',
    })
  })
})
