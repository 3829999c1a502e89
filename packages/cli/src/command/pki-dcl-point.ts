import { Command, Option } from 'commander'
import { hasErrors } from '@keyline/bytes'
import { distributionPoint } from '@keyline/issuer'
import { matterIds } from '@keyline/matter'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { findingLines } from '../wiring/pki-findings.ts'
import { readAuthority } from '../wiring/pki-revocation.ts'
import type { CaRole } from '../wiring/pki.ts'
import { defaultHome, id16 } from './options.ts'

interface PointOptions {
  readonly role: CaRole
  readonly home: string
  readonly pki?: string
  readonly signerCert?: string
  readonly vid?: number
  readonly pid?: number
  readonly label: string
  readonly url: string
}

/** `keyline pki dcl-point`: the record that tells commissioners where a list is found. */
export function dclPointCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('dcl-point')
    .summary('print the DCL record of a revocation list')
    .description(
      'Prints the members of ADD_REVOCATION_DISTRIBUTION_POINT for the Distributed Compliance Ledger as JSON, and checks them\n' +
        '(REV-…). Whoever holds the vendor account sends the transaction. By itself it revokes nothing.',
    )
    .requiredOption('--url <url>', 'where the list is found; one for each CA of a vendor')
    .requiredOption('--label <text>', 'name of the point among those of the vendor')
    .addOption(new Option('--role <role>', 'whose list').choices(['pai', 'paa']).default('pai'))
    .option('--pki <folder>', 'PAA and PAI; pki of --home unless given')
    .option('--home <folder>', 'folder of the station or server', defaultHome)
    .option('--signer-cert <file>', 'certificate of a separate signer of lists')
    .option('--vid <id>', 'vendor id; that of the CA unless given', id16)
    .option('--pid <id>', 'product id; that of the PAI unless given', id16)
    .action(async (options: PointOptions) => end(await printPoint(output, options)))
}

async function printPoint(output: Output, options: PointOptions): Promise<ExitCode> {
  const { role, label, url: dataUrl } = options
  const authority = await readAuthority({ ...options, signerCertificate: options.signerCert })
  const ids = matterIds(authority.issuer.subject)
  const { record, findings } = distributionPoint({
    ...authority,
    isPaa: role === 'paa',
    vendorId: options.vid ?? ids.vendorId ?? 0,
    productId: options.pid ?? ids.productId,
    label,
    dataUrl,
  })
  output.out(`${JSON.stringify(record, null, 2)}\n`)
  output.err(findingLines(findings, ''))
  return hasErrors(findings) ? ExitCode.failed : ExitCode.done
}
