import { hasErrors, type Finding } from '@keyline/bytes'
import { givenDevice, type GivenDevice, type RunOptions } from '@keyline/station'
import { checkBatch } from './factory-data-batch.ts'
import { readRunInput } from './gen-factory-data-input.ts'
import { cause } from './gen-factory-data-refusal.ts'

/** The devices of a provisioning run, and all that their rules say. */
export interface RunDevices {
  readonly devices: readonly GivenDevice[]
  readonly findings: readonly Finding[]
}

/** One device of `--json` or `--binary`, or one for each row of `--batch`. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function readDevices(options: RunOptions): Promise<RunDevices> {
  return options.files.batch === undefined ? readOne(options) : readRows(options)
}

async function readOne(options: RunOptions): Promise<RunDevices> {
  const { data, findings } = await readRunInput(options)
  const device = givenDevice(data)
  if (device !== undefined) return { devices: [device], findings }
  const isSaid = hasErrors(findings)
  return { devices: [], findings: isSaid ? findings : [...findings, noIdentity('')] }
}

async function readRows(options: RunOptions): Promise<RunDevices> {
  const { data, files, profile, policy, legacyImage } = options
  const devices: GivenDevice[] = []
  const findings: Finding[] = []
  await checkBatch(
    { common: data.path, rows: files.batch ?? '' },
    { profile, policy, mode: 'provisioning', keyStorage: 'flash', legacy: legacyImage },
    (row) => {
      findings.push(...row.findings)
      if (row.set === undefined || !row.isSound) return
      const device = givenDevice(row.set.data)
      if (device === undefined) findings.push(noIdentity(`row ${row.row}`))
      else devices.push(device)
    },
  )
  if (devices.length === 0 && !hasErrors(findings)) {
    findings.push(cause('CLI-21', '--batch', 'has no row', files.batch))
  }
  return { devices, findings }
}

function noIdentity(place: string): Finding {
  return cause('CLI-24', 'SPAKE2_SETUP_PASSCODE', 'is missing', place)
}
