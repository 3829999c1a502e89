import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { systemRandom, toHexUpper } from '@keyline/bytes'
import { createPki } from '@keyline/issuer'
import { keyIdentifier, parseCertificate } from '@keyline/x509'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { readPassphrase, writePki } from '../wiring/pki.ts'
import { defaultHome, id16 } from './options.ts'

interface InitOptions {
  readonly vid: number
  readonly pid?: number
  readonly out: string
  readonly passphraseFile?: string
  readonly json?: boolean
}

/** `keyline pki init`: a root and an intermediate for tests and small lines. */
export function initCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('init')
    .summary('make a PAA and a PAI')
    .description(
      'Makes a product attestation authority (PAA) and an intermediate (PAI), keys encrypted (PKCS#8, PBES2).\n' +
        'Existing keys are never overwritten. For tests and small lines: a production PAI belongs into an HSM.',
    )
    .requiredOption('--vid <id>', 'vendor id, such as 0xFFF1', id16)
    .option('--pid <id>', 'product id; without it the PAI serves every product of the vendor', id16)
    .option('--out <folder>', 'where the four files go', join(defaultHome, 'pki'))
    .option(
      '--passphrase-file <file>',
      'first line closes both keys; KEYLINE_PASSPHRASE_FILE does the same',
    )
    .option('--json', 'machine-readable result')
    .action(async (options: InitOptions) => end(await init(output, options)))
}

async function init(output: Output, options: InitOptions): Promise<ExitCode> {
  const passphrase = await readPassphrase(options.passphraseFile)
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000)
  const pki = await createPki({
    vendorId: options.vid,
    productId: options.pid,
    notBefore,
    random: systemRandom,
  })
  const files = await writePki(resolve(options.out), { pki, passphrase, random: systemRandom })
  passphrase.wipe()
  const result = {
    files,
    paa: keyIdentifierOf(pki.paa.certificate),
    pai: keyIdentifierOf(pki.pai.certificate),
  }
  if (options.json === true) output.out(`${JSON.stringify(result)}\n`)
  else {
    output.out(`PAA  key identifier ${result.paa}\nPAI  key identifier ${result.pai}\n`)
    for (const file of files) output.out(`  ${file}\n`)
  }
  return ExitCode.done
}

function keyIdentifierOf(der: Uint8Array): string {
  return toHexUpper(keyIdentifier(parseCertificate(der).spki.key.octets))
}
