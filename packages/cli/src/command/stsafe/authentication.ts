import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import { stsafeRoot } from '@keyline/stsafe'
import { attributeText, parseCertificate, pemEncode, readName } from '@keyline/x509'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import { readCertificate } from '../../wiring/pki-input.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { simulatorRoot } from '../../wiring/stsafe-sim.ts'
import { fieldsText } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, onChip, type End } from './on-chip.ts'

interface CertificateOptions extends ChipOptions {
  readonly zone: number
  readonly out?: string
}

interface AuthenticateOptions extends ChipOptions {
  readonly zone: number
  readonly slot: number
  readonly root?: string
  readonly simulatorRoot?: boolean
}

const zoneOption = [
  '--zone <zone>',
  'where the certificate stands',
  wholeNumber(0, 255),
  0,
] as const

/** `keyline stsafe certificate`: that of the part, in PEM. */
export function certificateCommand(output: Output, end: End): Command {
  return chipCommand('certificate', 'read the certificate of the part')
    .option(...zoneOption)
    .option('--out <file>', 'takes the certificate: PEM, or DER where the name ends in .der')
    .action(async ({ zone, out, ...options }: CertificateOptions) =>
      end(
        await onChip(output, options, async ({ authentication }, call) => {
          const size = await authentication.certificateSize(zone, call)
          const der = await authentication.certificate(zone, size, call)
          const pem = pemEncode('CERTIFICATE', der)
          if (out === undefined) return { text: pem, document: { certificate: pem } }
          await writeWhole({ path: out, content: out.endsWith('.der') ? der : pem })
          return { text: `certificate   ${out}\n`, document: { certificate: out } }
        }),
      ),
    )
}

/** `keyline stsafe authenticate`: is the part an original? */
export function authenticateCommand(output: Output, end: End): Command {
  return chipCommand(
    'authenticate',
    'prove by certificate and challenge that the part is an original',
  )
    .option(...zoneOption)
    .option('--slot <slot>', 'private key slot of the certificate', wholeNumber(0, 255), 0)
    .option(
      '--root <file>',
      'root to trust, DER or PEM; that of STSAFE-A production parts unless given',
    )
    .option('--simulator-root', 'trust the root of simulated chips, which proves nothing')
    .action(async (options: AuthenticateOptions) => {
      const root = await rootOf(options)
      end(
        await onChip(output, options, async ({ authentication }, call) => {
          const { zone, slot } = options
          const { certificate, serialNumber } = await authentication.authenticate(
            { zone, slot, root },
            call,
          )
          const document = {
            authentic: true,
            subject: subjectOf(certificate),
            serialNumber: toHex(serialNumber),
            root: subjectOf(root),
          }
          const text = fieldsText({
            part: document.subject,
            'serial number': document.serialNumber,
            root: document.root,
            verdict: 'authentic: certified by the root, and in possession of the certified key',
          })
          return { text, document }
        }),
      )
    })
}

async function rootOf(options: AuthenticateOptions): Promise<Uint8Array> {
  const { root, simulatorRoot: isSimulated = false } = options
  if (root !== undefined && isSimulated) {
    throw new CliError('CLI_USAGE', '--root and --simulator-root are both given')
  }
  if (isSimulated) return (await simulatorRoot()).certificate
  return root === undefined ? stsafeRoot : readCertificate(root)
}

function subjectOf(der: Uint8Array): string {
  const attributes = readName(parseCertificate(der).subject)
  return attributes.map((one) => attributeText(one) ?? toHex(one.value)).join(', ')
}
