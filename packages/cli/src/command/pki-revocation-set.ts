import { Command } from 'commander'
import { systemClock, toHex } from '@keyline/bytes'
import {
  defaultListPolicy,
  listState,
  revocationSetOf,
  type RevocationSetEntry,
} from '@keyline/issuer'
import { checkRevocation, readRevocationSet } from '@keyline/matter'
import { keyIdentifier, parseCertificate, parseCrl } from '@keyline/x509'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { readCertificate, readJsonInput } from '../wiring/pki-input.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import { readAuthority, withLedger } from '../wiring/pki-revocation.ts'
import { defaultHome, ledgerOption, type StationOptions } from './options.ts'

interface SetOptions extends StationOptions {
  readonly pki?: string
  readonly signerCert?: string
}

interface ExportOptions extends SetOptions {
  readonly out?: string
}

interface CheckOptions extends SetOptions {
  readonly pai: string
  readonly set?: string
}

/** `keyline pki revocation-set`: what a commissioner off-line knows of revoked certificates. */
export function revocationSetCommand(output: Output, end: (code: ExitCode) => void): Command {
  const set = new Command('revocation-set').summary('revocations in the form of the Matter SDK')
  set.addCommand(
    withSource(new Command('export'))
      .summary('write the set from the lists in the ledger')
      .option('--out <file>', 'where the set goes; the standard output unless given')
      .action(async (options: ExportOptions) => end(await exportSet(output, options))),
  )
  set.addCommand(
    withSource(new Command('check'))
      .summary('look a device certificate and its PAI up')
      .argument('<dac>', 'device certificate, DER or PEM')
      .requiredOption('--pai <file>', 'the PAI that issued it, DER or PEM')
      .option('--set <file>', 'a revocation set; that of the ledger unless given')
      .option('--json', 'machine-readable result')
      .action(async (dac: string, options: CheckOptions) => end(await check(output, dac, options))),
  )
  return set
}

/** The options that say whose lists are meant, and where they are. */
function withSource(command: Command): Command {
  return command
    .option('--pki <folder>', 'PAA and PAI; pki of --home unless given')
    .option('--signer-cert <file>', 'certificate of a separate signer of lists of the PAI')
    .option('--home <folder>', 'ledger of the station or server', defaultHome)
    .option(...ledgerOption)
}

async function exportSet(output: Output, options: ExportOptions): Promise<ExitCode> {
  const text = `${JSON.stringify(await setOfLedger(output, options), null, 2)}\n`
  if (options.out === undefined) output.out(text)
  else await writeWhole({ path: options.out, content: text })
  return ExitCode.done
}

/** From the newest lists of the PAI and the PAA, as far as there are any. */
async function setOfLedger(
  output: Output,
  options: SetOptions,
): Promise<readonly RevocationSetEntry[]> {
  const authorities = await Promise.all([
    readAuthority({ ...options, role: 'pai', signerCertificate: options.signerCert }),
    readAuthority({ ...options, role: 'paa' }),
  ])
  return withLedger(options, async ({ revocation }) => {
    const entries: RevocationSetEntry[] = []
    for (const authority of authorities) {
      const keyId = toHex(keyIdentifier(authority.issuer.spki.key.octets))
      const list = await revocation.crl(keyId)
      if (list === undefined) continue
      if (listState(list, systemClock.now(), defaultListPolicy) === 'lapsed') {
        output.err(`The list of CA ${keyId} has lapsed: make it anew with keyline pki crl\n`)
      }
      entries.push(revocationSetOf({ ...authority, crl: parseCrl(list.der) }))
    }
    if (entries.length > 0) return entries
    throw new CliError('CLI_INPUT', 'the ledger has no revocation list of this PKI', {
      remedy: 'make one with `keyline pki crl`',
    })
  })
}

async function check(output: Output, path: string, options: CheckOptions): Promise<ExitCode> {
  const chain = {
    dac: parseCertificate(await readCertificate(path)),
    pai: parseCertificate(await readCertificate(options.pai)),
  }
  const json =
    options.set === undefined
      ? await setOfLedger(output, options)
      : await readJsonInput(options.set, 'revocationSet')
  const result = checkRevocation(chain, readRevocationSet(json))
  if (options.json === true) output.out(`${JSON.stringify(result)}\n`)
  else {
    const { dacRevoked, paiRevoked } = result
    output.out(`DAC  ${wordOf(dacRevoked)}\nPAI  ${wordOf(paiRevoked)}\n`)
    for (const place of result.suspicious)
      output.err(`${place} is not genuine: it revokes nothing\n`)
  }
  return result.dacRevoked || result.paiRevoked ? ExitCode.failed : ExitCode.done
}

function wordOf(isRevoked: boolean): string {
  return isRevoked ? 'revoked' : 'not revoked'
}
