import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newChip, type CommandLineChip } from './support/chip.ts'
import { stackTrace, startKeyline } from './support/keyline.ts'
import { ctrlC, startOnTerminal } from './support/terminal.ts'

let chip: CommandLineChip

beforeEach(async () => {
  chip = await newChip()
})
afterEach(() => chip[Symbol.asyncDispose]())

const key = '5a'.repeat(16)

function provisioning(): readonly string[] {
  const information = ['--type', 'AES-128', '--mode', 'ECB', '--usage', 'encrypt']
  return ['stsafe', 'keys', 'provision', '0', ...information, ...chip.device]
}

describe('a key that is asked for', () => {
  it('is taken from the terminal, and not shown there', async () => {
    await chip.document('keys', 'control', '0', '--allow', 'wrapped', '--permanent')
    await using running = startOnTerminal(provisioning())
    await running.until('the key (hexadecimal, not shown): ')
    running.process.stdin?.write(`${key}\r`)
    const { code, out } = await running.ended
    expect(code).toBe(0)
    expect(out).toContain('slot 0 holds a key AES-128 ECB')
    expect(out).not.toContain('5a5a')
    const block = '000102030405060708090a0b0c0d0e0f'
    expect(await chip.document('encrypt', '--slot', '0', '--hex', block)).toEqual({
      ciphertext: '084a1fdcb79755385697115b0cc0f11e',
    })
  })

  it('can be refused with Ctrl+C', async () => {
    await using running = startOnTerminal(provisioning())
    await running.until('not shown): ')
    running.process.stdin?.write(ctrlC)
    const { code, out } = await running.ended
    expect(code).toBe(130)
    expect(out).toContain('INTERRUPTED')
    expect(out).not.toMatch(stackTrace)
  })
})

describe('Ctrl+C', () => {
  it('ends a command whose chip does not answer', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await using running = startKeyline(['stsafe', 'random', '--device', `tcp://127.0.0.1:${port}`])
    const [socket] = await once(server, 'connection')
    await once(socket, 'data')
    running.interrupt()
    const { code, out, err } = await running.ended
    socket.destroy()
    server.close()
    expect({ code, out }).toEqual({ code: 130, out: '' })
    expect(err).toMatch(/stopping: the command on the bus ends/)
    expect(err).toMatch(/INTERRUPTED: .+ Remedy: read the state of the chip/)
    expect(err).not.toMatch(stackTrace)
  })
})
