import { readFileSync } from 'node:fs'
import { BytesError, withDeadline } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import { decodeImage } from '@keyline/matter'
import { describe, expect, it } from 'vitest'
import { parts, stm32wb55, stm32wba65 } from '../part/part-table.ts'
import { firmware } from '../testing/flows.ts'
import { proofMessage, provisioningImage } from '../testing/scripted-host.ts'
import { ToolFixture } from '../testing/tool-fixture.ts'

interface OutputVector {
  readonly id: string
  readonly stdout: string
}

const { vectors }: { readonly vectors: readonly OutputVector[] } = JSON.parse(
  readFileSync(
    new URL('../../../../test/vectors/matter/programmer-cli/outputs.json', import.meta.url),
    'utf8',
  ),
)
const none = new Uint8Array(0)
const loader = 'S25FL128S_STM32WB5MM-DK'

/** Lines without what differs from board to board and file to file. */
function shape(text: string): readonly string[] {
  return text
    .replaceAll(/v\d+\.\d+\.\d+/g, 'vX')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.replace(/^(ST-LINK SN *:|File *:|Size *:|Time elapsed.*?:).*/, '$1'))
    .map((line) => line.replace(/sector \d+$/, 'sector').replace(/at address 0x.*/, 'at address'))
    .map((line) => line.replace(/^(Board|Device \w+|Revision ID|Flash size|BL Version) *:.*/, '$1'))
}

function published(id: string): readonly string[] {
  return shape(vectors.find((vector) => vector.id === id)?.stdout ?? '')
}

/** The lines that decide the success of a call. */
function outcomes(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => /^Error|successfully|complete/.test(line))
}

function withFile(fixture: ToolFixture, octets: Uint8Array = new Uint8Array(829).fill(1)): void {
  fixture.files.set('f.bin', octets)
}

const download = '-d f.bin 0x081EC000 -v -rst'

describe('the texts of the simulated programmer are those of the real one', () => {
  it.each([
    ['download-ok', download, 0],
    ['erase-all-ok', '-e all', 0],
    ['option-bytes-unchanged', '-ob nSWboot0=1', 0],
  ])('%s', async (id, words, exitCode) => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    withFile(fixture)
    const result = await fixture.target(words)
    expect(shape(result.output)).toEqual(published(id))
    expect(result.exitCode).toBe(exitCode)
  })

  it('wireless-stack-started', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    const { output } = await fixture.target('-startwirelessstack')
    expect(shape(output)).toEqual(published('wireless-stack-started'))
  })

  it('connect-u575', async () => {
    using fixture = new ToolFixture({ part: parts.u5 })
    const connected = await fixture.call('-c port=SWD mode=HOTPLUG')
    expect(shape(connected.output)).toEqual(published('connect-u575'))
    expect(connected.output).toContain('Device ID   : 0x482')
  })

  it.each([
    ['download-not-verified', { name: 'verify-mismatch' }, 1],
    ['error-core-id', { name: 'no-target-once' }, 1],
    ['error-erase-failed', { name: 'erase-fails' }, 1],
    ['truncated', { name: 'output-cut' }, 0],
  ] as const)('%s', async (id, fault, exitCode) => {
    using fixture = new ToolFixture({ part: stm32wba65, fault })
    withFile(fixture)
    const result = await fixture.target(download)
    expect(outcomes(shape(result.output))).toEqual(outcomes(published(id)))
    expect(result.exitCode).toBe(exitCode)
  })

  it('error-no-probe', async () => {
    using fixture = new ToolFixture({ part: stm32wba65, fault: { name: 'no-probe' } })
    const { output, exitCode } = await fixture.call('-c port=SWD -rst')
    expect(shape(output)).toEqual(published('error-no-probe'))
    expect(exitCode).toBe(1)
  })

  it('list-one, with the probe of the bench', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    const { output } = await fixture.call('-l')
    const lines = shape(output).filter((line) => !/^(Port|Location|Board Name)/.test(line))
    expect(lines).toEqual(
      published('list-one').filter((line) => !/^(Port|Location|Board Name)/.test(line)),
    )
    expect(output).toContain('ST-LINK SN: SIM000000001\nPort: sim:1\nLocation: sim:1\n')
  })
})

describe('a call of the simulated programmer', () => {
  it('stops at the first error, and needs its file', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    const { output, exitCode } = await fixture.target('-d missing.bin 0x08000000 -rst')
    expect(output).toContain('Error: File does not exist: missing.bin')
    expect(output).not.toContain('Software reset')
    expect(exitCode).toBe(1)
  })

  it('reads back what was programmed, as file and as text', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    withFile(fixture, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    await fixture.target(`${download} -u 0x081EC000 8 back.bin`)
    expect(fixture.files.get('back.bin')).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect((await fixture.target('-r32 0x081EC000 8')).output).toContain(
      '0x081EC000 : 04030201 08070605',
    )
    await fixture.target('-e 0 1 -w32 0x08000000 0xACACACAC 0x11223344')
    expect((await fixture.target('-r8 0x08000000 8')).output).toContain('AC AC AC AC 44 33 22 11')
  })

  it('reads the unique id where the part has it', async () => {
    for (const part of Object.values(parts)) {
      using fixture = new ToolFixture({ part })
      await fixture.target(`-u 0x${part.uidAddress.toString(16)} 12 uid.bin`)
      expect(fixture.files.get('uid.bin')).toEqual(fixture.bench.board(1).uid)
    }
  })

  it('--skipErase on flash that is not erased is class protection', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    withFile(fixture)
    await fixture.target(download)
    const { output, exitCode } = await fixture.target(`${download} --skipErase`)
    expect(output).toMatch(/Error: .*protected/)
    expect(exitCode).toBe(1)
  })

  it('a password opens RDP level 2, and the exit code says 1 of the success', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    await fixture.target('-lockRDP2 0x11223344 0x55667788')
    await fixture.target('-ob RDP=0xCC')
    expect((await fixture.target('-r8 0x08000000 1')).output).toContain('Unable to get core ID')
    const wrong = await fixture.target('-unlockRDP2 0x11223344 0x00000000')
    expect(wrong.output).toMatch(/Error: .*locked/)
    const opened = await fixture.target('-unlockRDP2 0x11223344 0x55667788')
    expect(opened.output).toContain('Unlock RDP2 password succeeded')
    expect(opened.exitCode).toBe(1)
    expect((await fixture.target('-r8 0x08000000 1')).output).toMatch(/Error: .*RDP level 1/)
  })

  it('an image that carries its addresses needs none, and keeps both sides of a gap in a page', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    const lines = [
      ':020000040800F2',
      ':10010000214601360121470136007EFE09D2190140',
      ':10012000214601360121470136007EFE09D2190120',
      ':00000001FF',
    ]
    fixture.files.set('f.hex', Buffer.from(lines.join('\n')))
    const { output, exitCode } = await fixture.target('-d f.hex -v')
    expect(output).toContain('Download verified successfully')
    expect(exitCode).toBe(0)
    const octets = Buffer.from(fixture.bench.board(1).flash.read(0x0800_0100, 48)).toString('hex')
    const data = '214601360121470136007efe09d21901'
    expect(octets).toBe(`${data}${'ff'.repeat(16)}${data}`)
  })

  it('a password of level 1 keeps the protection from falling until it was given', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    await fixture.target('-lockRDP1 0x11223344 0x55667788')
    await fixture.target('-ob RDP=0xBB -rst')
    const kept = await fixture.target('-ob RDP=0xAA -rst')
    expect(kept.output).toMatch(/Error: .*RDP level 1 is locked/)
    expect((await fixture.target('-rdu')).output).toMatch(/Error: .*RDP level 1 is locked/)
    expect((await fixture.target('-unlockRDP1 0x11223344 0x0')).output).toMatch(/wrong password/)
    await fixture.target('-unlockRDP1 0x11223344 0x55667788')
    expect((await fixture.target('-ob RDP=0xAA -rst')).exitCode).toBe(0)
    expect((await fixture.target('-r8 0x08000000 1')).exitCode).toBe(0)
  })

  it('ends with its signal', async () => {
    using fixture = new ToolFixture({ part: stm32wba65, fault: { name: 'programmer-hangs' } })
    const { clock } = fixture
    const hanging = withDeadline({ clock, ms: 60_000, what: 'the call' }, (signal) =>
      fixture.call('-c port=SWD -rst', signal),
    )
    await expect(hanging).rejects.toBeInstanceOf(BytesError)
    expect((await fixture.target('-rst')).exitCode).toBe(0)
  })

  it.each([
    ['exit-zero-on-error', '-d missing.bin 0x08000000', 0, /Error: File/],
    ['exit-one-on-success', '-rst', 1, /Software reset is performed/],
    [
      'loader-fails',
      '-el M95P32_STM32WBA65I-DK1.stldr -d f.bin 0x70000000 -v',
      1,
      /Error: .*loader/,
    ],
    ['read-protected', download, 1, /Error: .*RDP level 1/],
  ] as const)('%s', async (name, words, exitCode, text) => {
    using fixture = new ToolFixture({ part: stm32wba65, fault: { name } })
    withFile(fixture)
    const result = await fixture.target(words)
    expect(result.output).toMatch(text)
    expect(result.exitCode).toBe(exitCode)
  })

  it('programmer-crashes has connected and has done nothing', async () => {
    using fixture = new ToolFixture({ part: stm32wba65, fault: { name: 'programmer-crashes' } })
    withFile(fixture)
    const { output, exitCode } = await fixture.target(download)
    expect(exitCode).toBe(139)
    expect(output).toContain('Device ID')
    expect(output).not.toContain('Memory Programming')
    expect(fixture.bench.board(1).flash.read(0x081e_c000, 1)).toEqual(Uint8Array.of(0xff))
    expect((await fixture.target(download)).exitCode).toBe(0)
  })

  it('output-flood says the same in the end', async () => {
    using fixture = new ToolFixture({ part: stm32wba65, fault: { name: 'output-flood' } })
    const { output, exitCode } = await fixture.target('-rst')
    expect(output.length).toBeGreaterThanOrEqual(32 * 1024 * 1024)
    expect(output.endsWith('Software reset is performed\n')).toBe(true)
    expect(exitCode).toBe(0)
  })

  it('external memory needs its own loader', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    withFile(fixture)
    for (const el of ['', '-el other.stldr ']) {
      const { output } = await fixture.target(`${el}-d f.bin 0x901C0000 -v`)
      expect(output).toContain('Error: External loader initialisation failed')
    }
    const found = await fixture.target(`-el /opt/x/${loader}.stldr -d f.bin 0x901C0000 -v`)
    expect(found.exitCode).toBe(0)
  })
})

describe('the wireless coprocessor', () => {
  const image = 0x0809_4000

  async function upgrade(fixture: ToolFixture, options: string): Promise<string> {
    fixture.files.set('stack.bin', firmware('inert', { version: '1.21.0' }))
    const { output } = await fixture.target(
      `${options} -startfus -fwupgrade stack.bin 0x${image.toString(16)} -v`,
    )
    return output
  }

  it('is upgraded, and the start of the user flash is lost', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    const board = fixture.bench.board(1)
    await fixture.program(0x0800_0000, firmware('application'))
    const output = await upgrade(fixture, '-ob nSWboot0=0 nboot1=1 nboot0=1')
    expect(output).toContain('Firmware Upgrade Success')
    expect(board.coprocessor?.version).toBe('1.21.0')
    expect(board.coprocessor?.state).toBe('idle')
    await fixture.target('-ob nSWboot0=1 nboot1=1 nboot0=1 -rst')
    await fixture.boot()
    expect(board.running?.kind).toBe('inert')
  })

  it('refuses an upgrade without its option bytes, and one outside of its area', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    expect(await upgrade(fixture, '-halt')).toMatch(/Error: .*nSWBOOT0/)
    fixture.files.set('s.bin', new Uint8Array(16))
    const { output } = await fixture.target('-ob nSWboot0=0 -startfus -fwupgrade s.bin 0x080EC000')
    expect(output).toMatch(/Error: .*area of the coprocessor/)
  })

  it('is mended by another upgrade when one was cut', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    const board = fixture.bench.board(1)
    await fixture.target('-ob nSWboot0=0 -startfus')
    board.coprocessor?.beginUpgrade(image, 16)
    expect(board.coprocessor?.state).toBe('upgrading')
    expect((await fixture.target('-fusgetstate')).output).toContain('FUS_STATE_UPGRADING')
    expect(() => board.coprocessor?.beginUpgrade(image, 16)).toThrow(/not started/)
    expect(await upgrade(fixture, '-ob nSWboot0=0')).toContain('Firmware Upgrade Success')
  })

  it('does not exist on other parts', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    expect((await fixture.target('-startwirelessstack')).output).toMatch(/Error: .*not supported/)
  })
})

describe('STM32WB55 in mode production', () => {
  it('keeps the key in CKS, proves it, and the application signs with it', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    await fixture.program(0x901c_0000, provisioningImage(), loader)
    await fixture.program(0x0800_0000, firmware('provisioning-X1'))
    await fixture.target('-rst')
    const { finish, stored, proof } = await fixture.provision('production')
    expect(finish).toBe('000')
    expect(stored).toContain('cks')
    const board = fixture.bench.board(1)
    const { data } = decodeImage(board.flash.read(0x901c_0000, 65_536))
    expect(data.dacPrivateKey).toBeUndefined()
    const publicKey = p256PublicKey(data.dacPublicKey ?? none)
    expect(verifyP256({ publicKey, message: proofMessage, signature: proof ?? none })).toBe(true)
  })

  it('a slot that is written already ends the exchange with 013 and changes no flash', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    fixture.files.set('key.bin', new Uint8Array(32).fill(3))
    await fixture.target('-wusrkey key.bin keytype=1')
    await fixture.program(0x901c_0000, provisioningImage(), loader)
    await fixture.program(0x0800_0000, firmware('provisioning-X1'))
    const before = fixture.bench.board(1).flash.read(0x901c_0000, 65_536)
    await fixture.target('-rst')
    expect((await fixture.provision('production')).finish).toBe('013')
    expect(fixture.bench.board(1).flash.read(0x901c_0000, 65_536)).toEqual(before)
  })
})

describe('STM32WBA6 with a build that offers ITS', () => {
  const build = { stores: ['flash', 'its'] } as const

  async function provisioned(mode: 'test' | 'production'): Promise<readonly [ToolFixture, string]> {
    const fixture = new ToolFixture({ part: stm32wba65 })
    await fixture.program(0x081e_c000, provisioningImage())
    await fixture.program(0x0800_0000, firmware('provisioning-X1', build))
    await fixture.target('-rst')
    const { finish, stored = '' } = await fixture.provision(mode)
    expect(finish).toBe('000')
    return [fixture, stored]
  }

  it('keeps the key there in mode production, and the application signs with it', async () => {
    const [fixture, stored] = await provisioned('production')
    using _ = fixture
    expect(stored).toContain('its')
    const { data } = decodeImage(fixture.bench.board(1).flash.read(0x081e_c000, 61_440))
    expect(data.dacPrivateKey).toBeUndefined()
    await fixture.program(0x0800_0000, firmware('application'))
    await fixture.target('-rst')
    await fixture.boot()
    const host = await fixture.host()
    const request = new Uint8Array(48).fill(5)
    await host.send('ATTREQ', request)
    const elements = (await host.hear('ATTRSP')) ?? none
    const signature = (await host.hear('ATTSIG')) ?? none
    const publicKey = p256PublicKey(data.dacPublicKey ?? none)
    const message = Uint8Array.of(...elements, ...request.subarray(32))
    expect(verifyP256({ publicKey, message, signature })).toBe(true)
  })

  it('keeps it in the factory data in mode test', async () => {
    const [fixture, stored] = await provisioned('test')
    using _ = fixture
    expect(stored).toContain('flash')
    const { data } = decodeImage(fixture.bench.board(1).flash.read(0x081e_c000, 61_440))
    expect(data.dacPrivateKey).toBeDefined()
  })
})
