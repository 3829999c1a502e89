import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { toHexUpper } from '@keyline/bytes'
import { keyIdentifier, parseCertificate } from '@keyline/x509'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { initPki } from '../wiring/pki-init.ts'
import { defaultHome, id16 } from './options.ts'

interface InitOptions {
  readonly vid: number
  readonly pid?: number
  readonly out: string
  readonly passphraseFile?: string
  readonly paa?: string
  readonly paaPassphraseFile?: string
  readonly paaKey?: string
  readonly paiKey?: string
  readonly json?: boolean
}

/** `keyline pki init`: a root and an intermediate, their keys in files or in a PKCS#11 module. */
export function initCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('init')
    .summary('make a PAA and a PAI')
    .description(
      'Makes a product attestation authority (PAA), or takes one that exists, and an intermediate (PAI) under it.\n' +
        'Keys are encrypted files (PKCS#8, PBES2) for tests and small lines, or are made inside a PKCS#11 module and\n' +
        'never leave it: --pai-key "pkcs11:token=…;object=…?module-path=…&pin-source=file:…". Nothing is overwritten.',
    )
    .requiredOption('--vid <id>', 'vendor id, such as 0xFFF1', id16)
    .option('--pid <id>', 'product id; without it the PAI serves every product of the vendor', id16)
    .option('--out <folder>', 'where the files go', join(defaultHome, 'pki'))
    .option(
      '--passphrase-file <file>',
      'first line closes the key files; KEYLINE_PASSPHRASE_FILE does the same',
    )
    .option('--paa <folder>', 'a PAA that exists, with its key, in the place of a new one')
    .option('--paa-passphrase-file <file>', 'opens the key of that PAA, where it is another')
    .option('--paa-key <uri>', 'makes the key of the PAA in this PKCS#11 module (RFC 7512)')
    .option('--pai-key <uri>', 'makes the key of the PAI in this PKCS#11 module (RFC 7512)')
    .option('--json', 'machine-readable result')
    .action(async (options: InitOptions) => end(await init(output, options)))
}

async function init(output: Output, options: InitOptions): Promise<ExitCode> {
  const { paa: paaFolder, out, vid: vendorId, pid: productId, json, ...keys } = options
  const made = await initPki({ folder: resolve(out), vendorId, productId, paaFolder, ...keys })
  const { files } = made
  const result = { files, paa: keyIdentifierOf(made.paa), pai: keyIdentifierOf(made.pai) }
  if (json === true) output.out(`${JSON.stringify(result)}\n`)
  else {
    output.out(`PAA  key identifier ${result.paa}\nPAI  key identifier ${result.pai}\n`)
    for (const file of files) output.out(`  ${file}\n`)
  }
  return ExitCode.done
}

function keyIdentifierOf(der: Uint8Array): string {
  return toHexUpper(keyIdentifier(parseCertificate(der).spki.key.octets))
}
