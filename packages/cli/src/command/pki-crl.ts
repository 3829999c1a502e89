import { Command, Option } from 'commander'
import { systemClock } from '@keyline/bytes'
import { defaultListPolicy, ListBuilder, type KeptList } from '@keyline/issuer'
import { pemEncode } from '@keyline/x509'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import { openAuthority, withLedger } from '../wiring/pki-revocation.ts'
import type { CaRole } from '../wiring/pki.ts'
import { defaultHome, ledgerOption, wholeNumber, type StationOptions } from './options.ts'

interface CrlOptions extends StationOptions {
  readonly role: CaRole
  readonly pki?: string
  readonly passphraseFile?: string
  readonly signerCert?: string
  readonly signerKey?: string
  readonly days: number
  readonly point?: string
  readonly out?: string
  readonly format: 'der' | 'pem'
}

const dayMs = 86_400_000

/** `keyline pki crl`: the revocation list of a CA, signed anew. */
export function crlCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('crl')
    .summary('sign the revocation list of a CA')
    .description(
      'Signs a list (RFC 5280) of all that the ledger knows to be revoked for a CA, under the next number, and keeps it in the\n' +
        'ledger. A list must be made anew before it ends: a running server does so after a quarter of its life.',
    )
    .addOption(
      new Option('--role <role>', 'whose list: of device certificates (pai) or of PAIs (paa)')
        .choices(['pai', 'paa'])
        .default('pai'),
    )
    .option('--pki <folder>', 'PAA, PAI and their keys; pki of --home unless given')
    .option('--passphrase-file <file>', 'opens the key; KEYLINE_PASSPHRASE_FILE does the same')
    .option('--signer-cert <file>', 'certificate of a separate signer of lists')
    .option('--signer-key <file>', 'key of that signer')
    .option('--days <number>', 'how long the list is good', wholeNumber(1, 365), 7)
    .option('--point <url>', 'where the list is found, for a CA with several lists')
    .option('--home <folder>', 'ledger of the station or server', defaultHome)
    .option(...ledgerOption)
    .option('--out <file>', 'where the list goes, too')
    .addOption(new Option('--format <form>', 'of that file').choices(['der', 'pem']).default('der'))
    .option('--json', 'machine-readable result')
    .action(async (options: CrlOptions) => end(await crl(output, options)))
}

async function crl(output: Output, options: CrlOptions): Promise<ExitCode> {
  const { out, format, json, days } = options
  const authority = await openAuthority({
    ...options,
    signerCertificate: options.signerCert,
    distributionPoint: options.point,
  })
  const policy = { ...defaultListPolicy, lifeMs: days * dayMs }
  const list = await withLedger(options, ({ revocation }) =>
    new ListBuilder({ authority, store: revocation, clock: systemClock, policy }).build(),
  )
  if (out !== undefined) {
    const content = format === 'pem' ? pemEncode('X509 CRL', list.der) : list.der
    await writeWhole({ path: out, content })
  }
  output.out(json === true ? listJson(list) : listText(list))
  return ExitCode.done
}

function listJson({ der, thisUpdate, nextUpdate, ...list }: KeptList): string {
  const document = {
    ...list,
    thisUpdate: new Date(thisUpdate).toISOString(),
    nextUpdate: new Date(nextUpdate).toISOString(),
    octets: der.length,
  }
  return `${JSON.stringify(document)}\n`
}

function listText({ issuerKeyId, number, count, nextUpdate, der }: KeptList): string {
  const until = new Date(nextUpdate).toISOString()
  return `list ${number} of CA ${issuerKeyId}: ${count} revoked, ${der.length} octets, good until ${until}\n`
}
