import { concat, seededRandom } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import { decodeImage } from '@keyline/matter'
import { parseRequest, publicKeyOf } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { parts, stm32wba65 } from '../part/part-table.ts'
import { slotLayouts } from '../part/slot-layout.ts'
import { firmware, runSecureFlow, secureFlows } from '../testing/flows.ts'
import { proofMessage, provisioningImage } from '../testing/scripted-host.ts'
import { ToolFixture } from '../testing/tool-fixture.ts'

const flows = Object.entries(secureFlows)
const none = new Uint8Array(0)

function fixtureOf(layout: string): ToolFixture {
  return new ToolFixture({ part: layout === 'u5' ? parts.u5 : parts.wba })
}

describe('the platform scripts', () => {
  it.each(flows)(
    '%s: prepare a board that provisions, installs and runs the application',
    async (_, flow) => {
      using fixture = fixtureOf(flow.layout)
      const result = await runSecureFlow(fixture, flow)
      expect(result.finish).toBe('000')
      const board = fixture.bench.board(1)
      expect(board.running).toMatchObject({ kind: 'application', version: '2.0.0' })
      expect(board.bootOutcome).toBe('installed')
      expect(board.keyPlace).toBe(flow.layout === 'wba-tfm' ? 'psa' : 'flash')
      const { secondary, size } = slotLayouts[flow.layout]
      expect(board.flash.read(secondary + size - 16, 16)).toEqual(new Uint8Array(16).fill(0xff))
    },
  )

  it.each(flows)('%s: the application signs with the key that was certified', async (_, flow) => {
    using fixture = fixtureOf(flow.layout)
    const { csr } = await runSecureFlow(fixture, flow)
    const nonce = seededRandom('nonce').bytes(32)
    const challenge = seededRandom('challenge').bytes(16)
    const host = await fixture.host()
    await host.send('ATTREQ', concat(nonce, challenge))
    const elements = (await host.hear('ATTRSP')) ?? none
    const signature = (await host.hear('ATTSIG')) ?? none
    const publicKey = publicKeyOf(parseRequest(csr ?? none))
    const message = concat(elements, challenge)
    expect(publicKey && verifyP256({ publicKey, message, signature })).toBe(true)
    expect(elements.length).toBeGreaterThan(500)
  })

  it.each(flows)('%s: the old firmware stays when the new image is damaged', async (_, flow) => {
    using fixture = fixtureOf(flow.layout)
    const image = firmware('application', { isSigned: true })
    await runSecureFlow(fixture, flow, image.with(10_000, (image[10_000] ?? 0) ^ 1))
    const board = fixture.bench.board(1)
    expect(board.bootOutcome).toBe('rejected')
    expect(board.running?.kind).toBe('provisioning-X1')
    const { secondary } = slotLayouts[flow.layout]
    expect(board.flash.read(secondary, 16)).toEqual(new Uint8Array(16).fill(0xff))
  })

  it('a board without any valid image stops and shows it', async () => {
    using fixture = fixtureOf('wba')
    await fixture.script('regression')
    await fixture.script('provisioning')
    fixture.bench.board(1).flash.flipBit(0x0801_e000 + 10_000)
    await fixture.target('-rst')
    await fixture.boot()
    const { bootOutcome, led, running } = fixture.bench.board(1)
    expect([bootOutcome, led, running?.kind]).toEqual(['stopped', 'error', 'inert'])
  })

  it('refuse an image without a signature', async () => {
    using fixture = fixtureOf('wba')
    await runSecureFlow(fixture, secureFlows['wba security 1'], firmware('application'))
    expect(fixture.bench.board(1).bootOutcome).toBe('rejected')
  })

  it('ask for the level of the read-out protection and for nothing else', async () => {
    using fixture = fixtureOf('wba')
    await fixture.script('regression')
    await fixture.script('provisioning', { rdp: '1' })
    expect(fixture.questions).toEqual(['Define the final RDP level (0, 1 or 2): '])
    expect(fixture.bench.board(1).options.rdp).toBe(1)
    const { exitCode, output } = await fixture.target('-r8 0x081EC000 16')
    expect(exitCode).toBe(1)
    expect(output).toMatch(/Error: .*RDP level 1/)
  })

  it('hide and protect the boot loader', async () => {
    using fixture = fixtureOf('wba')
    await fixture.script('regression')
    await fixture.script('provisioning')
    expect((await fixture.target('-r8 0x0C006000 16')).output).toContain('00 00 00 00 00 00 00 00')
    fixture.files.set('x.bin', new Uint8Array(16))
    expect((await fixture.target('-d x.bin 0x0C006000')).output).toMatch(/Error: .*protected/)
    expect((await fixture.target('-d x.bin 0x08006000')).output).toMatch(/Error: .*protected/)
    expect((await fixture.target('-ob SECBOOTADD0=0x180000')).output).toMatch(/Error: .*BOOT_LOCK/)
  })

  it('bring a locked board back, with everything erased', async () => {
    using fixture = fixtureOf('wba')
    await fixture.script('regression')
    await fixture.script('provisioning', { rdp: '2' })
    expect((await fixture.target('-r8 0x081EC000 16')).output).toContain('Unable to get core ID')
    expect((await fixture.script('regression')).exitCode).toBe(0)
    const board = fixture.bench.board(1)
    expect(board.options.rdp).toBe(0)
    expect(board.flash.read(0x0800_6000, 16)).toEqual(new Uint8Array(16).fill(0xff))
  })

  it('need a regression before provisioning', async () => {
    using fixture = fixtureOf('wba')
    const { exitCode, output } = await fixture.script('provisioning')
    expect(exitCode).toBe(1)
    expect(output).toContain('TrustZone is off')
  })

  it('script-fails changes nothing', async () => {
    using fixture = new ToolFixture({ part: stm32wba65, fault: { name: 'script-fails' } })
    await fixture.program(0x0800_0000, Uint8Array.of(1))
    expect((await fixture.script('regression')).exitCode).toBe(1)
    expect(fixture.bench.board(1).flash.read(0x0800_0000, 1)).toEqual(Uint8Array.of(1))
    expect((await fixture.script('regression')).exitCode).toBe(0)
  })

  it('script-asks waits for an answer that nobody owes it', async () => {
    using fixture = new ToolFixture({ part: stm32wba65, fault: { name: 'script-asks' } })
    await fixture.script('regression')
    expect(fixture.questions).toEqual([expect.stringMatching(/Continue/)])
  })

  it('in mode production without secure storage the board ends with 020', async () => {
    using fixture = fixtureOf('wba')
    await fixture.script('regression')
    await fixture.script('provisioning')
    await fixture.program(0x081e_c000, provisioningImage())
    await fixture.target('-rst')
    expect((await fixture.provision('production')).finish).toBe('020')
  })
})

describe('the key of a TF-M board', () => {
  it('proves itself, and no octet that the debug port can read is the scalar', async () => {
    using fixture = fixtureOf('wba-tfm')
    const { proof, dac, stored } = await runSecureFlow(fixture, secureFlows['wba security 2'])
    const image = decodeImage(fixture.bench.board(1).flash.read(0x081e_c000, 61_440)).data
    expect(stored).toContain('its')
    expect(image.dacPrivateKey).toBeUndefined()
    expect(image.dacCertificate).toEqual(dac)
    const publicKey = p256PublicKey(image.dacPublicKey ?? none)
    expect(verifyP256({ publicKey, message: proofMessage, signature: proof ?? none })).toBe(true)
  })
})
