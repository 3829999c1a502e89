import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { describeFinding, isKeylineError, parseJson, systemClock } from '@keyline/bytes'
import { verifyAuditExport, type AuditHead, type AuditReport } from '@keyline/ledger'
import { isManifestSigned, Manifest } from '@keyline/ledger/records'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { openStation } from '../wiring/open-station.ts'
import { collect, defaultHome, ledgerOption, type StationOptions } from './options.ts'

interface VerifyOptions {
  readonly head?: readonly string[]
  readonly key?: string
  readonly json?: boolean
}

/** `keyline audit`: the hash-chained log of the ledger. */
export function auditCommand(output: Output, end: (code: ExitCode) => void): Command {
  const audit = new Command('audit')
  audit
    .command('export')
    .summary('write the chain as JSON lines')
    .argument('[file]', 'where to; standard output unless given')
    .option('--home <folder>', 'ledger of the station', defaultHome)
    .option(...ledgerOption)
    .action(async (file: string | undefined, options: StationOptions) =>
      end(await exportChain(output, file, options)),
    )
  audit
    .command('verify')
    .summary('prove an exported chain')
    .description(
      'Recomputes every hash of an export. With heads of manifests, a cut end is found too.',
    )
    .argument('<export>', 'file of `keyline audit export`')
    .option('--head <manifest>', 'signed batch manifest; may be given several times', collect)
    .option(
      '--key <base64>',
      'public key that must have signed the manifests (SubjectPublicKeyInfo)',
    )
    .option('--json', 'machine-readable result')
    .action(async (file: string, options: VerifyOptions) =>
      end(await verify(output, file, options)),
    )
  return audit
}

async function exportChain(
  output: Output,
  file: string | undefined,
  options: StationOptions,
): Promise<ExitCode> {
  const station = await openStation({
    home: options.home,
    ledger: options.ledger,
    policy: 'test',
    clock: systemClock,
    mustExist: true,
  })
  try {
    if (file === undefined) {
      await station.ledger.exportAudit((line) => output.out(`${line}\n`))
      return ExitCode.done
    }
    const target = await open(file, 'w', 0o644).catch((cause: unknown) => {
      throw new CliError('CLI_FILE', `${file} cannot be written`, { cause })
    })
    try {
      const head = await station.ledger.exportAudit(async (line) => {
        await target.write(`${line}\n`)
      })
      output.err(`${head.seq} records, head ${head.hash}\n`)
    } finally {
      await target.close()
    }
    return ExitCode.done
  } finally {
    await station.close()
  }
}

async function verify(output: Output, file: string, options: VerifyOptions): Promise<ExitCode> {
  const heads: AuditHead[] = []
  for (const path of options.head ?? []) heads.push(await readHead(path, options.key))
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity })
  let result
  try {
    result = await verifyAuditExport(lines, heads)
  } catch (cause) {
    if (isKeylineError(cause)) throw cause
    throw new CliError('CLI_FILE', `${file} cannot be read`, { cause })
  }
  if (options.json === true) output.out(`${JSON.stringify(result)}\n`)
  else {
    for (const finding of result.findings) output.out(`${describeFinding(finding)}\n`)
    output.out(`${verdictText(result)}\n`)
  }
  return result.findings.length === 0 ? ExitCode.done : ExitCode.failed
}

function verdictText(report: AuditReport): string {
  const { seq, hash } = report.consistentTo
  if (report.findings.length > 0)
    return `broken: sound up to record ${seq} of ${report.lines} lines`
  const end =
    report.anchoredTo === 0
      ? 'internally consistent, end not checked (give --head)'
      : `whole, anchored at record ${report.anchoredTo}`
  return `${seq} records, last hash ${hash}: ${end}`
}

/** The head of a manifest, after its signature. */
async function readHead(path: string, key: string | undefined): Promise<AuditHead> {
  let manifest: Manifest
  try {
    manifest = Manifest.parse(parseJson(await readFile(path, 'utf8'), path))
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} is not a batch manifest`, { cause })
  }
  const isByKey = key === undefined || manifest.signature.publicKey === key
  if (isManifestSigned(manifest) && isByKey) return manifest.audit
  const why = isByKey ? 'its signature does not verify' : 'another key has signed it'
  throw new CliError('CLI_FILE', `the manifest ${path} is refused: ${why}`, {
    remedy: 'use the manifest as the line wrote it, and the public key of that line',
  })
}
