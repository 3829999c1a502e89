import { Command, Option } from 'commander'
import { hasErrors, isKeylineError, toHexUpper, type Finding } from '@keyline/bytes'
import {
  attestationRules,
  declarationSigners,
  parseDeclaration,
  verifyDeclaration,
  type ParsedDeclaration,
  type TrustPolicy,
} from '@keyline/matter'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { collect } from './options.ts'
import { declarationLines, declarationToJson } from '../wiring/pki-declaration.ts'
import { exitCodeOfFindings, findingLines } from '../wiring/pki-findings.ts'
import { readDerInput } from '../wiring/pki-input.ts'
import { readSigners } from '../wiring/pki-trust.ts'

interface ShowOptions {
  readonly cdSigner?: readonly string[]
  readonly policy: TrustPolicy
  readonly json?: boolean
}

/** `keyline pki cd show`: what a declaration says, who signed it, and what a commissioner holds of it. */
export function showCdCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('show')
    .summary('show and check a declaration')
    .description('Decodes a certification declaration and performs the checks ATT-16 to ATT-20.')
    .argument('<file>', 'CMS in DER, PEM or hexadecimal; - for the standard input')
    .option('--cd-signer <certificate>', 'a further signer for tests; may be repeated', collect)
    .addOption(
      new Option('--policy <policy>', 'production believes official signers alone')
        .choices(['test', 'production'])
        .default('test'),
    )
    .option('--json', 'machine-readable result')
    .action(async (file: string, options: ShowOptions) => end(await show(output, file, options)))
}

async function show(output: Output, file: string, options: ShowOptions): Promise<ExitCode> {
  const der = await readDerInput(file, 'declaration', 'CMS')
  const signers = [...declarationSigners, ...(await readSigners(options.cdSigner ?? []))]
  const parsed = parse(der)
  const result = verifyDeclaration(der, { policy: options.policy, signers })
  const findings = result.ok ? [] : findingsOf(result)
  const keyId = parsed === undefined ? undefined : toHexUpper(parsed.signerKeyId)
  const signer = signers.find((known) => toHexUpper(known.keyId) === keyId)
  if (options.json === true) {
    const document = {
      ok: !hasErrors(findings),
      declaration: parsed === undefined ? null : declarationToJson(parsed.declaration),
      signer: { keyId: keyId ?? null, name: signer?.name ?? null, trust: signer?.trust ?? null },
      findings,
    }
    output.out(`${JSON.stringify(document)}\n`)
  } else {
    if (parsed !== undefined) {
      const who = signer === undefined ? 'unknown' : `${signer.name} (${signer.trust})`
      const lines = [...declarationLines(parsed.declaration), `${'signer'.padEnd(22)}${who}`]
      output.out(`${lines.join('\n')}\n${''.padEnd(22)}${keyId}\n`)
    }
    output.out(findings.length === 0 ? 'a commissioner accepts it\n' : findingLines(findings, ''))
  }
  return exitCodeOfFindings(findings)
}

/** One finding, or one for each violation of the envelope. */
function findingsOf(
  failure: Extract<ReturnType<typeof verifyDeclaration>, { readonly ok: false }>,
): readonly Finding[] {
  const { check, message, violations } = failure
  const { severity, remedy } = attestationRules[check]
  const names = violations.length === 0 ? [''] : violations
  return names.map((value) => ({
    rule: check,
    severity,
    field: 'certification declaration',
    value,
    message: violations.length > 1 ? `the envelope breaks ${value}` : message,
    remedy,
  }))
}

function parse(der: Uint8Array): ParsedDeclaration | undefined {
  try {
    return parseDeclaration(der)
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}
