import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CappedOutput, maskSecrets } from './capped-output.ts'
import { judgeCall } from './judge-call.ts'
import { readCommandLine } from './read-command-line.ts'
import { readList } from './read-list.ts'
import { writeCommandLine, type StationCommand } from './write-command-line.ts'

const path = fc.stringMatching(/^[a-z/][a-z0-9/ ._]{0,20}\.bin$/)
const address = fc.integer({ min: 0, max: 0xffff_ffff })

const command: fc.Arbitrary<StationCommand> = fc.oneof(
  fc.record({ cmd: fc.constant('download'), file: path, address }),
  fc.record({ cmd: fc.constant('upload'), address, size: address, file: path }),
  fc.record({ cmd: fc.constant('externalLoader'), file: path }),
  fc.record({ cmd: fc.constant('firmwareUpgrade'), file: path, address }),
  fc.record({ cmd: fc.constant('optionBytes'), values: fc.constant({ nSWboot0: 1, RDP: 0xaa }) }),
  fc.constantFrom<StationCommand>(
    { cmd: 'erase', all: true },
    { cmd: 'erase', from: 2, to: 7 },
    { cmd: 'optionBytesDisplay' },
    { cmd: 'startFus' },
    { cmd: 'startWirelessStack' },
    { cmd: 'reset' },
    { cmd: 'quiet' },
  ),
)

describe('a command line of the programmer', () => {
  it('that this station writes reads back as it was meant', () => {
    fc.assert(
      fc.property(fc.array(command), fc.boolean(), (commands, isFast) => {
        const all: readonly StationCommand[] = [
          { cmd: 'connect', port: 'SWD', sn: 'A1', mode: 'UR' },
          { cmd: 'download', file: 'first file.bin', address: 0 },
          isFast ? { cmd: 'verify', fast: true } : { cmd: 'verify' },
          ...commands,
        ]
        expect(readCommandLine(writeCommandLine(all))).toEqual({ ok: true, commands: all })
      }),
    )
  })

  it.each([
    ['an unknown command', ['-c', 'port=SWD', '-frobnicate']],
    ['a word that is no command', ['app.bin']],
    ['a connection without port', ['-c', 'mode=UR']],
    ['a connection that says two things at once', ['-c', 'port=SWD', 'port=JTAG']],
    ['an unknown key type', ['-c', 'port=SWD', '-wusrkey', 'k.bin', 'keytype=4']],
    ['option bytes without values', ['-c', 'port=SWD', '-ob']],
    ['an erase backwards', ['-c', 'port=SWD', '-e', '[5', '3]']],
    ['an address that is none', ['-c', 'port=SWD', '-d', 'a.bin', '0xGG']],
  ])('is refused for %s', (_, argv) => {
    expect(readCommandLine(argv)).toMatchObject({ ok: false })
  })

  it('of any words is read or refused', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (argv) => {
        expect(typeof readCommandLine(argv).ok).toBe('boolean')
      }),
    )
  })
})

describe('the output of the programmer', () => {
  const ports = [
    '===== STLink Interface =====',
    'ST-Link Probe 0 :',
    '   ST-LINK SN : A1',
    '===== UART Interface =====',
    'Total number of serial ports available: 2',
    '',
    'Board Name :  DISCO  WBA ',
    'ST-LINK SN  : A1',
    'Port : cu.usbmodem103',
    'Location : /dev/cu.usbmodem103',
    '',
    'Port: cu.usbmodem9',
  ]

  it.each(['\n', '\r\n', '\r'])('is the same list with line ends %j', (end) => {
    expect(readList(ports.join(end))).toMatchObject({
      probes: [{ serial: 'A1', board: null }],
      ports: [
        { board: null, serial: null, port: 'cu.usbmodem9', probe: false },
        { board: 'DISCO  WBA', serial: 'A1', port: '/dev/cu.usbmodem103', probe: true },
      ],
    })
  })

  it('cut anywhere is no success', () => {
    const text = 'Device ID : 0x4B0\nFile download complete\nDownload verified successfully \n'
    const whole = text.trimEnd().length
    const commands = [{ cmd: 'download', file: 'a.hex' }, { cmd: 'verify' }] as const
    for (let length = 0; length < whole; length++) {
      expect(judgeCall(commands, text.slice(0, length))).toMatchObject({ ok: false })
    }
    expect(judgeCall(commands, text)).toMatchObject({ ok: true, verified: true })
  })

  it('with an error line is a failure, whatever else it says', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('Error: ', 'ST-LINK error '), (words, start) => {
        const text = `Device ID : 0x4B0\n${start}${words}\nSoftware reset is performed`
        expect(judgeCall([{ cmd: 'reset' }], text).ok).toBe(false)
      }),
    )
  })

  it('is read in time linear in it, whatever stands in a heading', () => {
    const text = `=${' '.repeat(200_000)}x`
    const before = process.cpuUsage().user
    expect(readList(text).probes).toEqual([])
    expect(process.cpuUsage().user - before).toBeLessThan(1_000_000)
  })

  it('is read without colours', () => {
    const text = '\u001b[31mError: Data mismatch found\u001b[0m'
    expect(judgeCall([], text)).toMatchObject({ ok: false, error: 'verify' })
  })

  it('keeps the start and the end of a flood', () => {
    const output = new CappedOutput()
    const part = new Uint8Array(100_000).fill(0x78)
    output.push(new TextEncoder().encode('start\n'))
    for (let count = 0; count < 50; count++) output.push(part)
    output.push(new TextEncoder().encode('\nend'))
    const text = output.text()
    expect([text.startsWith('start\n'), text.endsWith('\nend'), output.isCut]).toEqual([
      true,
      true,
      true,
    ])
    expect(text.length).toBeLessThan(300_000)
  })

  it('is whole when it is short, in any parts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ max: 0x7e, min: 0x20, maxLength: 2_000 })), (parts) => {
        const output = new CappedOutput()
        for (const part of parts) output.push(part)
        expect(output.isCut).toBe(false)
        expect(output.text()).toBe(parts.map((part) => new TextDecoder().decode(part)).join(''))
      }),
    )
  })

  it('shows no secret that it is told, and none that looks like one', () => {
    expect(maskSecrets('key 0x11223344 of probe 066DFF515570514867145631', ['0x11223344'])).toBe(
      'key [masked] of probe 066DFF515570514867145631',
    )
    expect(maskSecrets(`k=${'0A'.repeat(32)}`)).toBe('k=[masked]')
  })
})
