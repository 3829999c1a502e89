import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeUtf8, Secret, toBase64url, systemRandom } from '@keyline/bytes'
import { openStation } from '@keyline/cli/wiring'
import { p256FromEncoded, p256ScalarOf } from '@keyline/crypto'
import { keyline, KeylineProcess, startKeyline, type Ended } from '../cli/support/keyline.ts'
import { startOnTerminal } from '../cli/support/terminal.ts'
import { bundledProgram } from '../support/bundled-program.ts'
import { homeOf, openTestStation, temporaryFolder, writeOrder } from '../support/line.ts'
import { leaksAmong } from './support/allowed.ts'
import { filesBelow, namesOf, textPlace } from './support/places.ts'
import { secretsOf } from './support/planted.ts'
import { processesOf } from './support/processes.ts'
import { SecretSearch, type Place } from './support/search.ts'
import { secretOctets, type PlantedSecret } from './support/secret.ts'

/** How often the processes of a run are looked at, milliseconds. */
const lookMs = 50

/** Waits for the end of a process, and keeps what it printed and how it and its children looked meanwhile. */
async function observed(running: KeylineProcess, places: Place[]): Promise<Ended> {
  const { pid } = running.process
  const look = (): void => {
    if (pid !== undefined) places.push(...processesOf(pid))
  }
  look()
  const timer = setInterval(look, lookMs)
  try {
    const ended = await running.ended
    keepOutput(ended, places)
    return ended
  } finally {
    clearInterval(timer)
  }
}

function keepOutput({ out, err }: Ended, places: Place[]): void {
  places.push(textPlace('standard output', out), textPlace('standard error', err))
}

/** The private keys of a PKI folder. */
async function keysOf(folder: string, passphrase: string): Promise<readonly PlantedSecret[]> {
  return Promise.all(
    ['paa', 'pai'].map(async (role) => {
      const octets = await readFile(join(folder, `${role}.key.pem`))
      const secret = new Secret(encodeUtf8(passphrase))
      const pair = p256FromEncoded({ octets, passphrase: secret })
      return secretOctets(`${role.toUpperCase()} private key`, p256ScalarOf(pair).reveal())
    }),
  )
}

describe('the processes of the command line', () => {
  it('show no secret, whatever they print, call and leave behind', async () => {
    await using folder = await temporaryFolder('keyline-secrets')
    const operator = join(folder.path, 'operator')
    const line = join(folder.path, 'line')
    const temporary = join(line, 'tmp')
    await mkdir(operator)
    await mkdir(temporary, { recursive: true })
    const [passphrase, wrong] = [1, 2].map(() => toBase64url(systemRandom.bytes(24)))
    if (passphrase === undefined || wrong === undefined) throw new Error('no passphrase was drawn')
    const [right, other] = [join(operator, 'right'), join(operator, 'wrong')]
    await writeFile(right, `${passphrase}\n`)
    await writeFile(other, `${wrong}\n`)

    const places: Place[] = []
    const env = { TMPDIR: temporary, KEYLINE_HOME: join(line, 'home'), TERM: 'xterm' }
    const options = { cwd: line, env }
    const withPassphrase = { cwd: line, env: { ...env, KEYLINE_PASSPHRASE_FILE: right } }
    const end = async (expected: number, running: KeylineProcess): Promise<void> => {
      await using process = running
      expect(await observed(process, places)).toMatchObject({ code: expected })
    }

    await end(0, startKeyline(['pki', 'init', '--vid', '0xFFF1', '--json'], withPassphrase))
    await end(0, startOnTerminal(['demo', '--fast', '--slots', '2'], options))
    await end(0, startKeyline(['demo', '--fast', '--slots', '2', '--json'], options))
    const order = await writeOrder(line)
    const provision = ['provision', order, '--fast']
    await end(0, startKeyline(provision, withPassphrase))

    const pki = join(line, 'home', 'pki')
    const broken = join(line, 'broken-pki')
    await mkdir(broken)
    for (const { name, octets } of filesBelow(pki)) {
      const isKey = name === 'pai.key.pem'
      await writeFile(join(broken, name), isKey ? octets.subarray(0, octets.length - 90) : octets)
    }
    const elsewhere = (name: string): readonly string[] => ['--home', join(line, name), '--pki']
    await Promise.all([
      end(
        2,
        startKeyline([...provision, ...elsewhere('h2'), pki, '--passphrase-file', other], options),
      ),
      end(2, startKeyline([...provision, ...elsewhere('h3'), broken, '--json'], withPassphrase)),
    ])
    const home = ['--home', join(line, 'home')]
    for (const args of [
      ['unit', 'show', 'ST-000001'],
      ['audit', 'export'],
      ['doctor', '--json'],
    ]) {
      const ended = await keyline(...args, ...home)
      expect(ended.code).toBe(0)
      keepOutput(ended, places)
    }

    const files = filesBelow(line)
    const station = await openStation({ home: join(line, 'home'), policy: 'test' })
    try {
      const sealed = await station.ledger.setting('demo-pki-passphrase')
      const drawn = new TextDecoder().decode(sealed?.reveal())
      const planted = [
        secretOctets('passphrase', encodeUtf8(passphrase)),
        secretOctets('wrong passphrase', encodeUtf8(wrong)),
        ...(await keysOf(pki, passphrase)),
        ...(await keysOf(station.home.demoPkiFolder, drawn)),
        ...(await secretsOf(station, ['demo-0001', 'demo-0002', 'order-1'])),
      ]
      const search = new SecretSearch(planted)
      expect(leaksAmong(search.in([...places, ...files, namesOf(files)]))).toEqual([])
    } finally {
      await station.close()
    }
    const commands = places.filter(({ name }) => name === 'command line of a process')
    expect(Buffer.concat(commands.map(({ octets }) => octets)).includes('provision')).toBe(true)
  })

  it('would be found out: on both outputs, in command lines, environments and temporary files', async () => {
    await using folder = await temporaryFolder('keyline-leak')
    const temporary = join(folder.path, 'tmp')
    await mkdir(temporary)
    const program = await bundledProgram(resolve(import.meta.dirname, 'support/leaky-process.ts'))
    const command = [process.execPath, program]
    await using running = new KeylineProcess([...command, folder.path], {
      env: { TMPDIR: temporary },
    })
    const places: Place[] = []
    await running.until('ready\n')
    places.push(...processesOf(running.process.pid ?? 0))
    running.process.stdin?.end()
    const ended = await running.ended
    expect(ended.code).toBe(0)
    keepOutput(ended, places)
    const files = filesBelow(folder.path)
    expect(files.some(({ name }) => name.startsWith(homeOf('')))).toBe(true)

    const station = await openTestStation(folder.path)
    try {
      const search = new SecretSearch(await secretsOf(station, ['order-1']))
      const found = leaksAmong(search.in([...places, ...files]))
      for (const leak of [
        'passcode of T-000001 as eight digits in standard output',
        'salt of T-000001 as hexadecimal in standard error',
        'w0 of T-000001 as base64 in command line of a process',
        'L of T-000001 as hexadecimal in environment of a process',
        'verifier of T-000001 as octets in tmp/dump',
      ]) {
        expect(found).toContain(leak)
      }
      const expected = /standard (?:output|error)|of a process|tmp\/dump$/
      expect(found.filter((leak) => !expected.test(leak))).toEqual([])
    } finally {
      await station.close()
    }
  })
})
