import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { optionEntries, optionHelp, optionTable } from './option-table.ts'
import { resolveOptions } from './resolve-options.ts'

const wba = '--provisioning 0 --json full.json --flashAddr 0x081EC000'
const secure =
  '--provisioning 1 --security 1 --platform wba --json p.json --flashAddr 0x081EC000 --flashAppFW app.bin --AppFwAddr 0x70006000 --provisioning_script m.py --flashMagicTrailer t.bin --flashMagicTrailerAddr 0x701CBFF0'

function rulesOf(line: string, isFile: (path: string) => boolean = () => true): readonly string[] {
  return resolveOptions(line.split(' '), isFile).findings.map(({ rule }) => rule)
}

describe('the options', () => {
  it.each<[string, readonly string[]]>([
    // A value that is missing leaves its option out.
    ['--provisioning 0 --json full.json --flashAddr', ['CLI-01', 'CLI-03']],
    ['--provisioning 0 --flashAddr --json full.json', ['CLI-01', 'CLI-03']],
    [`${wba} --flashAddr 0x081EC000`, ['CLI-01']],
    [`${wba} -fa=0x081EC000`, ['CLI-01']],
    [`${wba} --verbose --verbose`, ['CLI-01']],
    ['--provisioning 0 --json full.json --flashAddr=', ['CLI-07']],
    [`${wba} --CoFwAddr x`, ['CLI-07']],
    [`${wba} --CoFwAddr 0x08094000`, ['CLI-W2']],
    [`${wba} --AppFwAddr 0x08000000`, ['CLI-W2']],
    [`${wba} --mode never`, ['CLI-13']],
    [`${wba} --mode test --security 1`, ['CLI-W2']],
    [`${wba} --flashProvisioningFW p.bin`, ['CLI-11', 'CLI-W4']],
    [`${wba} --rdp 3 --jobs 65 --profile h7 --timeout-sync 0`, ['CLI-19']],
    [`${wba} --same-identity`, ['CLI-W6']],
    [`${wba} --same-identity --policy production`, ['CLI-20']],
    [`${wba} --same-identity --batch units.jsonl`, ['CLI-20', 'CLI-W6']],
    [`${wba} --profile wb55`, ['CLI-W5']],
    ['--provisioning 0 --json full.json --flashAddr 0x901C0000', []],
    [
      '--provisioning 0 --json full.json --flashAddr 0x901C0000 --platform u5',
      ['CLI-W2', 'CLI-W5'],
    ],
    [secure.replace('--platform wba', ''), ['CLI-01', 'CLI-16']],
    [secure.replace('--security 1 --platform wba', '--security 1'), ['CLI-16']],
    [secure.replace('--security 1', '--security 9'), ['CLI-15']],
    [secure.replace('--provisioning 1', '--provisioning 9'), ['CLI-02']],
    [
      secure.replace('wba', 'u5').replace('--security 1', '--security 0'),
      ['CLI-08', 'CLI-W2', 'CLI-W3', 'CLI-W5'],
    ],
    [`${secure} --mode test --CoFwAddr 0x08094000`, ['CLI-W1', 'CLI-W2']],
  ])('%s: %j', (line, rules) => {
    expect(rulesOf(line)).toEqual(rules)
  })

  it('name every cause of a rule in its one finding', () => {
    const { findings } = resolveOptions([...wba.split(' '), '--foo', 'bar'], () => true)
    expect(findings).toMatchObject([
      {
        rule: 'CLI-01',
        field: '--foo, bar',
        message: '--foo is no option; bar belongs to no option',
      },
    ])
  })

  it('name the trailer addresses that would fit', () => {
    const { findings } = resolveOptions(
      secure.replace('0x701CBFF0', '0x701BFFF0').split(' '),
      () => true,
    )
    expect(findings).toMatchObject([
      { message: 'does not end the slot of 0x70006000; 0x701CBFF0 or 0x700E5FF0 would' },
    ])
  })

  it('ask for files alone, and for each of them once', () => {
    const asked: string[] = []
    const isFile = (path: string): boolean => asked.push(path) < 0
    expect(rulesOf(`${secure} -pp /opt/prog -el LOADER --labels out`, isFile)).toEqual(['CLI-06'])
    expect(asked).toEqual(['p.json', 'app.bin', 'm.py', 't.bin'])
  })

  it('of any words end in findings, each rule once and in order, and have a meaning without errors', () => {
    const word = fc.oneof(
      fc.constantFrom(...optionEntries.keys(), '-fa', '-v', '-afwa', '-k'),
      fc.constantFrom('0', '1', '2', 'wba', 'u5', 'test', '0x081EC000', '0x70006000', 'a.bin', ''),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), fc.boolean(), (words, isFile) => {
        const { findings, options } = resolveOptions(words, () => isFile)
        const rules = findings.map(({ rule }) => rule)
        expect(rules).toEqual([...new Set(rules)].sort())
        expect(options === undefined).toBe(findings.some(({ severity }) => severity === 'error'))
      }),
    )
  })
})

describe('the table of options', () => {
  it('has no name or alias twice', () => {
    const names = [...optionEntries].flatMap(([name, { alias }]) => [
      name,
      ...(alias ? [alias] : []),
    ])
    expect(new Set(names).size).toBe(names.length)
  })

  it('is the help', () => {
    const help = optionHelp()
    expect(help.split('\n')).toHaveLength(Object.keys(optionTable).length + 1)
    expect(help).toContain('-fa, --flashAddr ADDRESS')
    expect(help).toContain('--mode test|production')
  })
})
