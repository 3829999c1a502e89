import { Command, Option } from 'commander'
import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  LedgerError,
  ledgerRevocationReasons,
  type Ledger,
  type LedgerRevocationReason,
  type Revocation,
} from '@keyline/ledger'
import {
  extensionOf,
  Oid,
  parseCertificate,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  type Certificate,
} from '@keyline/x509'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { readCertificate } from '../wiring/pki-input.ts'
import { withLedger } from '../wiring/pki-revocation.ts'
import { defaultHome, ledgerOption, type StationOptions } from './options.ts'

interface RevokeOptions extends StationOptions {
  readonly reason: LedgerRevocationReason
}

/** `keyline pki revoke`: a certificate of the ledger, or a PAI, is good no more. */
export function revokeCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('revoke')
    .summary('revoke a certificate')
    .description(
      'Revokes a device certificate of the ledger, or a PAI in the name of its PAA. It stands for ever, with the first\n' +
        'reason. Devices learn of it by the list that `keyline pki crl` or a running server makes.',
    )
    .argument('<certificate>', 'file with the certificate (DER or PEM), or its SHA-256')
    .addOption(
      new Option('--reason <reason>', 'why, in the words of RFC 5280')
        .choices(ledgerRevocationReasons)
        .makeOptionMandatory(),
    )
    .option('--home <folder>', 'ledger of the station or server', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'machine-readable result')
    .action(async (certificate: string, options: RevokeOptions) =>
      end(await revoke(output, certificate, options)),
    )
}

async function revoke(output: Output, text: string, options: RevokeOptions): Promise<ExitCode> {
  const { reason, json } = options
  const certificate = /^[0-9a-f]{64}$/i.test(text)
    ? undefined
    : parseCertificate(await readCertificate(text))
  const certificateSha256 =
    certificate === undefined ? text.toLowerCase() : toHex(sha256(certificate.der))
  const made = await withLedger(options, (ledger) =>
    ledger.revocation
      .revoke({ certificateSha256, reason })
      .catch((error: unknown) => revokeCa(ledger, { certificate, reason, error })),
  )
  if (json === true) output.out(`${JSON.stringify(made)}\n`)
  else output.out(revocationText(made))
  return ExitCode.done
}

/** A CA certificate is no row of the ledger: its issuer and serial number name it. */
async function revokeCa(
  ledger: Ledger,
  given: {
    readonly certificate: Certificate | undefined
    readonly reason: LedgerRevocationReason
    readonly error: unknown
  },
): Promise<Revocation> {
  const { certificate, reason, error } = given
  const isUnknown = error instanceof LedgerError && error.code === 'LEDGER_CERTIFICATE_UNKNOWN'
  if (!isUnknown || certificate === undefined || !isCa(certificate)) throw error
  const authority = extensionOf(certificate, Oid.authorityKeyIdentifier)
  const issuerKeyId = authority && readAuthorityKeyIdentifier(authority.value)
  if (issuerKeyId === undefined) {
    throw new CliError('CLI_INPUT', 'the certificate does not name the key of its issuer')
  }
  return ledger.revocation.revokeSerial({
    issuerKeyId: toHex(issuerKeyId),
    serialNumber: toHex(certificate.serialNumber),
    reason,
  })
}

function isCa(certificate: Certificate): boolean {
  const constraints = extensionOf(certificate, Oid.basicConstraints)
  return constraints !== undefined && readBasicConstraints(constraints.value).ca
}

function revocationText(made: Revocation): string {
  const when = new Date(made.revokedAt).toISOString()
  const { issuerKeyId, place, reason, serialNumber } = made
  return (
    `serial number ${serialNumber} of CA ${issuerKeyId} is revoked: ${reason}, ${when}, place ${place}\n` +
    'Make the list that says so: keyline pki crl (a running server does it by itself)\n'
  )
}
