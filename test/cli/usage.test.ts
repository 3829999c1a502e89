import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { catalogue } from '@keyline/cli'
import { commands as entries } from '../../packages/cli/src/commands.ts'
import { keyline, runInstalled, stackTrace, startInShell } from './support/keyline.ts'

const run = promisify(execFile)

const commands = [
  '',
  'demo',
  'provision',
  'gen-factory-data',
  'pki',
  'pki init',
  'pki issue',
  'pki cd',
  'pki cd make',
  'pki cd show',
  'pki lint',
  'pki verify',
  'payload',
  'payload make',
  'payload read',
  'stsafe',
  'stsafe sim',
  'stsafe info',
  'stsafe random',
  'stsafe echo',
  'stsafe reset',
  'stsafe certificate',
  'stsafe authenticate',
  'stsafe zones',
  'stsafe read',
  'stsafe write',
  'stsafe counter',
  'stsafe host-keys',
  'stsafe host-keys status',
  'stsafe host-keys control',
  'stsafe host-keys provision',
  'stsafe host-keys provision-wrapped',
  'stsafe host-keys provision-authenticated',
  'stsafe host-keys establish',
  'stsafe host-keys derive',
  'stsafe keys',
  'stsafe keys list',
  'stsafe keys control',
  'stsafe keys provision',
  'stsafe keys establish',
  'stsafe keys erase',
  'stsafe mac',
  'stsafe verify-mac',
  'stsafe encrypt',
  'stsafe decrypt',
  'stsafe decode',
  'stsafe key-pair',
  'stsafe public-keys',
  'stsafe public-keys list',
  'stsafe public-keys write',
  'stsafe public-keys flags',
  'stsafe sign',
  'stsafe verify',
  'stsafe ecdh',
  'stsafe hash',
  'stsafe derive',
  'stsafe wrap',
  'stsafe unwrap',
  'stsafe ac',
  'stsafe password',
  'stsafe password verify',
  'stsafe password put',
  'stsafe password delete',
  'stsafe lock',
  'unit',
  'unit show',
  'audit',
  'audit export',
  'audit verify',
  'doctor',
  'explain',
]

const words = (command: string): readonly string[] => command.split(' ').filter(Boolean)

describe('the help', () => {
  it.each(commands)('of `keyline %s` is there and says how it is used', async (command) => {
    const { code, out, err } = await keyline(...words(command), '--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(`Usage: ${['keyline', ...words(command)].join(' ')} `)
  })

  it('lists every command with a summary, and the exit codes', async () => {
    const { out } = await keyline('--help')
    for (const name of commands.filter((command) => words(command).length === 1)) {
      expect(out).toMatch(new RegExp(`^ {2}${name}\\b.* {2}\\S`, 'm'))
    }
    expect(out).toMatch(/0 done, 1 .*, 2 .*, 3 .*, 130 interrupted/)
  })

  it('is what a call without a command shows, as wrong usage', async () => {
    const { code, out, err } = await keyline()
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('Usage: keyline ')
  })

  it('has the version beside it', async () => {
    expect(await keyline('--version')).toEqual({ code: 0, out: '0.1.0\n', err: '' })
  })
})

describe('wrong usage', () => {
  it.each([
    [['explian', 'FD-020'], "unknown command 'explian'", 'Did you mean explain?', 'keyline --help'],
    [['pki', 'inti'], "unknown command 'inti'", 'Did you mean init?', 'keyline pki --help'],
    [['doctor', '--hom', 'x'], "unknown option '--hom'", '--home', 'keyline doctor --help'],
    [['provision'], "missing required argument 'order'", 'keyline provision --help'],
    [['unit', 'show'], "missing required argument 'unit'", 'keyline unit show --help'],
    [['provision', 'x', '--slots', '65'], '--slots', 'whole number from 1 to 64'],
    [['provision', 'x', '--slots', '2.5'], '--slots', 'whole number from 1 to 64'],
    [['demo', '--slots', '0'], '--slots', 'whole number from 1 to 64'],
    [['pki', 'init', '--vid', '0x1FFFF'], '--vid', '1 to 65535'],
    [['pki', 'init', '--vid', '0'], '--vid', '1 to 65535'],
    [['pki', 'init'], '--vid', 'keyline pki init --help'],
    [['explain', 'FD-999'], 'CLI_UNKNOWN_CODE', '"FD-999"', 'Remedy: run `keyline explain`'],
  ] as const)('%j ends with 2 and says what to do', async (args, ...texts) => {
    const { code, out, err } = await keyline(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    for (const text of texts) expect(err).toContain(text)
  })

  it('is what a process says too, without a stack trace', async () => {
    const { code, out, err } = await runInstalled(['explain', 'nothing\u001b[31m'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^keyline: CLI_UNKNOWN_CODE: .*\. Remedy: .*\n$/)
    expect(err).not.toMatch(stackTrace)
    expect(err).not.toContain('\u001b')
  })
})

describe('the program as it is installed', () => {
  it('has every command', async () => {
    const place = pathToFileURL(resolve('packages/cli/dist/commands.js')).href
    const script = `
      const { commands } = await import(${JSON.stringify(place)})
      for (const { name, load } of commands) if (typeof (await load()) === 'function') console.log(name)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script])
    expect(stdout.trim().split('\n')).toEqual(entries.map(({ name }) => name))
  })
})

describe('an output that takes nothing', () => {
  it('is named when its disk is full', async () => {
    await using running = startInShell(['explain', 'FD-020'], '> /dev/full')
    const { code, err } = await running.ended
    expect(code).toBe(3)
    expect(err).toMatch(/^keyline: CLI_OUTPUT: the standard output: ENOSPC.*\. Remedy: .+\n$/)
  })

  it('is left alone when its reader is gone', async () => {
    await using running = startInShell(['explain'], '| true; exit 0')
    expect(await running.ended).toMatchObject({ code: 0, err: '' })
  })
})

describe('explain', () => {
  it('finds a code in any case', async () => {
    const { code, out } = await keyline('explain', 'fd-020')
    expect(code).toBe(0)
    expect(out).toMatch(/^FD-020 {2}\(factory data, error\)\n.+\nRemedy: .+\n$/)
    expect(await keyline('explain', 'FD-020')).toEqual({ code: 0, out, err: '' })
  })

  it.each(['STATION_BUG', 'EVIDENCE_MISSING', 'EVIDENCE_KEY', 'INTERRUPTED', 'DEADLINE_PASSED'])(
    'knows the reason of a verdict: %s',
    async (reason) => {
      expect(await keyline('explain', reason)).toMatchObject({ code: 0, err: '' })
    },
  )

  it('lists every code on a line of its own', async () => {
    const { out } = await keyline('explain')
    const listed = out.trimEnd().split('\n')
    expect(listed.map((line) => line.split(' ')[0])).toEqual(catalogue().map(({ code }) => code))
    expect(new Set(listed).size).toBe(listed.length)
  })

  it('gives one JSON document', async () => {
    const { out } = await keyline('explain', 'STATION_BUSY', '--json')
    expect(JSON.parse(out)).toMatchObject([{ code: 'STATION_BUSY', family: 'station' }])
    expect(JSON.parse((await keyline('explain', '--json')).out)).toEqual(catalogue())
  })
})
