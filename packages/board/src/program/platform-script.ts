import { isScriptName, scriptFolders } from '../script/script-table.ts'
import { runToolProgram } from './terminal.ts'

/**
 * A platform script for simulated boards: `SCRIPT FOLDER [AUTO]`, where FOLDER ends as one of the folders of
 * X-CUBE-MATTER does. `STLINK_SN` names the probe; `KEYLINE_SIM_PROVISIONING` a signed provisioning firmware.
 * @returns the exit code
 */
export async function scriptMain(argv: readonly string[]): Promise<number> {
  const [, , name = '', path = '', mode] = argv
  const folder = scriptFolders.find((one) => path.replaceAll('\\', '/').endsWith(one.path))
  if (!isScriptName(name) || folder?.scripts.includes(name) !== true) {
    process.stderr.write(`there is no simulated script ${name} in ${path}\n`)
    return 1
  }
  const { platform, security } = folder
  return runToolProgram({
    tool: 'script',
    name,
    platform,
    security,
    isAuto: mode === 'AUTO',
    cwd: process.cwd(),
    probe: process.env['STLINK_SN'],
    firmware: process.env['KEYLINE_SIM_PROVISIONING'],
  })
}
