import { resolve } from 'node:path'
import { Command } from 'commander'
import { equalOctets, toHex, type Finding, type JsonValue } from '@keyline/bytes'
import { attestationRules, buildDeclaration, verifyDeclaration } from '@keyline/matter'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { collect, id16 } from './options.ts'
import { makeCdSigner, type OpenCdSigner } from '../wiring/pki-cd-signer.ts'
import { declarationFromJson, objectOf } from '../wiring/pki-declaration.ts'
import { findingLines } from '../wiring/pki-findings.ts'
import { placeOf, readJsonInput } from '../wiring/pki-input.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import { readSigner, readSigners } from '../wiring/pki-trust.ts'
import { readPassphrase } from '../wiring/pki.ts'

interface MakeOptions {
  readonly fields?: string
  readonly vid?: number
  readonly pid?: readonly string[]
  readonly deviceType?: string
  readonly certificateId?: string
  readonly type?: string
  readonly versionNumber?: string
  readonly dacOrigin?: string
  readonly authorizedPaa?: readonly string[]
  readonly signerKey?: string
  readonly signerCert?: string
  readonly newSigner?: string
  readonly passphraseFile?: string
  readonly out?: string
  readonly json?: boolean
}

/** `keyline pki cd make`: a declaration for tests; real ones come from the certification body. */
export function makeCdCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('make')
    .summary('make a declaration for tests')
    .description(
      'Builds and signs a certification declaration, and checks it as a commissioner does. Values come from --fields\n' +
        '(the JSON of `keyline pki cd show --json`) and from options, which win. A declaration of a product that ships\n' +
        'is made by the certification body alone.',
    )
    .option('--fields <file>', 'the declaration as JSON; - for the standard input')
    .option('--vid <id>', 'vendor id', id16)
    .option('--pid <id>', 'product id; may be repeated', collect)
    .option('--device-type <id>', 'device type id')
    .option('--certificate-id <text>', 'certificate id, 19 characters')
    .option('--type <type>', 'development, provisional, official, or a number')
    .option('--version-number <number>', 'version number')
    .option('--dac-origin <vid:pid>', 'ids that DAC and PAI carry instead')
    .option('--authorized-paa <key id>', 'key identifier of a PAA; may be repeated', collect)
    .option('--signer-key <file>', 'private key of the signer, PKCS#8 or SEC1')
    .option('--signer-cert <file>', 'certificate of the signer')
    .option(
      '--new-signer <folder>',
      'make a signer for tests there, key encrypted, and sign with it',
    )
    .option(
      '--passphrase-file <file>',
      'closes or opens the key; KEYLINE_PASSPHRASE_FILE does the same',
    )
    .option('--out <file>', 'write DER there; hexadecimal on the standard output unless given')
    .option('--json', 'machine-readable result')
    .action(async (options: MakeOptions) => end(await make(output, options)))
}

async function make(output: Output, options: MakeOptions): Promise<ExitCode> {
  const declaration = declarationFromJson(await membersOf(options))
  const { identity, signer } = await openSigner(options)
  const der = await buildDeclaration({ declaration, signer, signerKeyId: identity.keyId })
  const result = verifyDeclaration(der, { policy: 'test', signers: [identity] })
  const findings = result.ok ? [] : [findingOf(result)]
  if (findings.length > 0) {
    if (options.json === true) output.out(`${JSON.stringify({ ok: false, findings })}\n`)
    else output.err(`no declaration was made\n${findingLines(findings)}`)
    return ExitCode.failed
  }
  const hex = toHex(der)
  if (options.out !== undefined) await writeWhole({ path: resolve(options.out), content: der })
  if (options.json === true) {
    const signerKeyId = toHex(identity.keyId).toUpperCase()
    output.out(`${JSON.stringify({ ok: true, signerKeyId, declaration: hex })}\n`)
  } else if (options.out === undefined) output.out(`${hex}\n`)
  else output.err(`${options.out}: ${der.length} octets, signed by ${identity.name}\n`)
  return ExitCode.done
}

/** The members of the file with those of the options in their place. */
async function membersOf(options: MakeOptions): Promise<JsonValue> {
  const file = options.fields === undefined ? {} : await readJsonInput(options.fields)
  const [vendorId, productId] = options.dacOrigin?.split(':') ?? []
  const given: Readonly<Record<string, JsonValue | undefined>> = {
    vendorId: options.vid,
    productIds: options.pid,
    deviceTypeId: options.deviceType,
    certificateId: options.certificateId,
    certificationType: options.type,
    versionNumber: options.versionNumber,
    dacOrigin:
      options.dacOrigin === undefined
        ? undefined
        : { vendorId: vendorId ?? '', productId: productId ?? '' },
    authorizedPaas: options.authorizedPaa,
  }
  const named = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...objectOf(file, placeOf(options.fields ?? '')), ...Object.fromEntries(named) }
}

async function openSigner(options: MakeOptions): Promise<OpenCdSigner> {
  const { newSigner, signerCert, signerKey } = options
  if (newSigner !== undefined) {
    const passphrase = await readPassphrase(options.passphraseFile)
    return makeCdSigner(resolve(newSigner), passphrase).finally(() => passphrase.wipe())
  }
  if (signerKey === undefined || signerCert === undefined) {
    throw new CliError(
      'CLI_USAGE',
      'a declaration needs --signer-key and --signer-cert, or --new-signer',
    )
  }
  const isOpenKey = options.passphraseFile === undefined && !process.env['KEYLINE_PASSPHRASE_FILE']
  const passphrase = isOpenKey ? undefined : await readPassphrase(options.passphraseFile)
  const signer = await readSigner(signerKey, passphrase).finally(() => passphrase?.wipe())
  const [identity] = await readSigners([signerCert])
  if (identity === undefined || !equalOctets(identity.publicKey.point, signer.publicKey.point)) {
    throw new CliError('CLI_INPUT', `${signerKey} is not the key of ${signerCert}`)
  }
  return { identity, signer }
}

function findingOf(
  failure: Extract<ReturnType<typeof verifyDeclaration>, { readonly ok: false }>,
): Finding {
  const { severity, remedy } = attestationRules[failure.check]
  const { check: rule, message } = failure
  return { rule, severity, field: 'certification declaration', value: '', message, remedy }
}
