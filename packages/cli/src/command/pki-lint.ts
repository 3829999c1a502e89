import { Command, Option } from 'commander'
import { equalOctets, hasErrors, isKeylineError, type Finding } from '@keyline/bytes'
import { lintAnyDac, lintPaa, lintPai, roleOf, type LintRole } from '@keyline/issuer'
import { parseCertificate, type Certificate } from '@keyline/x509'
import type { ExitCode } from '../exit-code.ts'
import { paint, type Output } from '../terminal/output.ts'
import { exitCodeOfFindings, findingLines } from '../wiring/pki-findings.ts'
import { readCertificate, readCertificates, type NamedOctets } from '../wiring/pki-input.ts'
import { id16 } from './options.ts'

interface LintOptions {
  readonly role?: LintRole
  readonly pai?: string
  readonly paa?: string
  readonly vid?: number
  readonly pid?: number
  readonly json?: boolean
}

/** A certificate of the input; octets that are none have no `parsed`. */
interface Given extends NamedOctets {
  readonly parsed: Certificate | undefined
  readonly role: LintRole
}

/** `keyline pki lint`: every rule about certificates, all findings at once. */
export function lintCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('lint')
    .summary('judge certificates by rule')
    .description(
      'Judges certificates by the rules LINT-…: profile, ids, validity and, where the issuer is known, the chain.\n' +
        'An issuer is looked for among the given certificates by its name, unless --pai or --paa names it.',
    )
    .argument(
      '<file...>',
      'certificates, DER or PEM with any number of blocks; - for the standard input',
    )
    .addOption(
      new Option(
        '--role <role>',
        'role of all of them; told from each certificate unless given',
      ).choices(['DAC', 'PAI', 'PAA']),
    )
    .option('--pai <file>', 'the PAI that issued the DACs')
    .option('--paa <file>', 'the PAA that issued the PAIs')
    .option('--vid <id>', 'vendor id that a DAC must carry', id16)
    .option('--pid <id>', 'product id that a DAC must carry', id16)
    .option('--json', 'machine-readable result')
    .action(async (files: readonly string[], options: LintOptions) =>
      end(await lint(output, files, options)),
    )
}

async function lint(
  output: Output,
  files: readonly string[],
  options: LintOptions,
): Promise<ExitCode> {
  const given = (await Promise.all(files.map(readCertificates)))
    .flat()
    .map((named) => givenOf(named, options.role))
  const pai = options.pai === undefined ? undefined : await readCertificate(options.pai)
  const paa = options.paa === undefined ? undefined : await readCertificate(options.paa)
  const judged = given.map((one) => {
    const issuers = issuersOf(one, given, { pai, paa })
    return { ...one, findings: findingsOf(one, issuers, options) }
  })
  const findings = judged.flatMap((one) => one.findings)
  if (options.json === true) {
    const certificates = judged.map(({ place, role, findings: own }) => ({
      certificate: place,
      role,
      ok: !hasErrors(own),
      findings: own,
    }))
    output.out(`${JSON.stringify({ ok: !hasErrors(findings), certificates })}\n`)
  } else {
    for (const { place, role, findings: own } of judged) {
      const word = hasErrors(own) ? paint(output, 'red', 'FAILED') : paint(output, 'green', 'ok')
      output.out(`${role}  ${place}  ${word}\n${findingLines(own)}`)
    }
  }
  return exitCodeOfFindings(findings)
}

function givenOf(named: NamedOctets, role: LintRole | undefined): Given {
  const parsed = parse(named.octets)
  const told = parsed === undefined ? 'DAC' : roleOf(parsed)
  return { ...named, parsed, role: role ?? told }
}

interface Issuers {
  readonly pai?: Uint8Array | undefined
  readonly paa?: Uint8Array | undefined
}

/** The named issuers, else those among the certificates that have the right name. */
function issuersOf(one: Given, given: readonly Given[], named: Issuers): Issuers {
  switch (one.role) {
    case 'PAA':
      return {}
    case 'PAI':
      return { paa: named.paa ?? issuerAmong(one.octets, given, 'PAA') }
    case 'DAC': {
      const pai = named.pai ?? issuerAmong(one.octets, given, 'PAI')
      const paa = named.paa ?? (pai === undefined ? undefined : issuerAmong(pai, given, 'PAA'))
      return { pai, paa }
    }
    default:
      return one.role satisfies never
  }
}

function issuerAmong(
  der: Uint8Array,
  given: readonly Given[],
  role: LintRole,
): Uint8Array | undefined {
  const child = parse(der)
  if (child === undefined) return undefined
  return given.find(
    ({ parsed, role: own }) =>
      own === role && parsed !== undefined && equalOctets(parsed.subject, child.issuer),
  )?.octets
}

function findingsOf(one: Given, issuers: Issuers, options: LintOptions): readonly Finding[] {
  const { octets: certificate, role } = one
  switch (role) {
    case 'PAA':
      return lintPaa(certificate)
    case 'PAI':
      return lintPai({ certificate, paa: issuers.paa })
    case 'DAC':
      return lintAnyDac({
        certificate,
        ...issuers,
        vendorId: options.vid,
        productId: options.pid,
      })
    default:
      return role satisfies never
  }
}

function parse(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der)
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}
