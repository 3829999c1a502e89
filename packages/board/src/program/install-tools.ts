import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parts } from '../part/part-table.ts'
import { deviceKeyCalls, deviceKeyScript } from '../script/device-key-script.ts'
import { scriptFolders } from '../script/script-table.ts'
import { toolImages } from '../script/tool-images.ts'
import { boardsVariable } from './terminal.ts'

export interface InstalledTools {
  /** STM32_Programmer_CLI. */
  readonly programmer: string
  /** Folder that has `Projects` in it. */
  readonly scripts: string
  /** Folder of simulated images for each flow. */
  readonly images: string
}

/** The executables of this package; the built ones, whatever this file is run from. */
const binFolder = fileURLToPath(new URL('../../bin/', import.meta.url))

/**
 * Writes what a line PC has: `bin/STM32_Programmer_CLI` with its external loaders, and the platform scripts below
 * `Projects`, for a shell and for Windows, and simulated images below `images`. The tools work on the boards of `boards` unless the environment says otherwise.
 */
export function installTools(folder: string, boards: string): InstalledTools {
  const bin = join(folder, 'bin')
  const programmer = join(bin, 'STM32_Programmer_CLI')
  writeTool(programmer, { boards, words: [join(binFolder, 'STM32_Programmer_CLI.js')] })
  for (const { external } of Object.values(parts).filter((part) => 'external' in part)) {
    if (external === undefined) continue
    const loader = join(bin, 'ExternalLoader', `${external.loader}.stldr`)
    mkdirSync(dirname(loader), { recursive: true })
    writeFileSync(loader, `simulated external loader ${external.loader}\n`)
  }
  for (const { path, scripts } of scriptFolders) {
    for (const name of scripts) {
      const words = [join(binFolder, 'platform-script.js'), name, path]
      writeTool(join(folder, path, name), { boards, words, suffix: '.sh' })
    }
  }
  writeDeviceKeyScript(folder, programmer)
  const images = join(folder, 'images')
  for (const { path, octets } of toolImages()) {
    mkdirSync(dirname(join(images, path)), { recursive: true })
    writeFileSync(join(images, path), octets)
  }
  return { programmer, scripts: folder, images }
}

/** As ST's own script, this one does nothing but call the programmer; `STLINK_SN` names the probe. */
function writeDeviceKeyScript(folder: string, programmer: string): void {
  const path = join(folder, deviceKeyScript.path, deviceKeyScript.name)
  const calls = deviceKeyCalls.map((words) => words.join(' '))
  const connect = '-c port=SWD mode=UR'
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    `${path}.sh`,
    [
      '#!/bin/sh -e',
      ...calls.map(
        (words) => `"${resolve(programmer)}" ${connect} \${STLINK_SN:+sn=$STLINK_SN} ${words}`,
      ),
      '',
    ].join('\n'),
  )
  chmodSync(`${path}.sh`, 0o755)
  writeFileSync(
    `${path}.bat`,
    [
      '@echo off',
      'if defined STLINK_SN set "PROBE=sn=%STLINK_SN%"',
      ...calls.map(
        (words) => `call "${resolve(programmer)}.bat" ${connect} %PROBE% ${words} || exit /b 1`,
      ),
      '',
    ].join('\r\n'),
  )
}

interface Tool {
  readonly boards: string
  readonly words: readonly string[]
  readonly suffix?: string | undefined
}

function writeTool(path: string, { boards, words, suffix = '' }: Tool): void {
  const command = [process.execPath, ...words].map((word) => `"${word}"`).join(' ')
  const place = resolve(boards)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    `${path}${suffix}`,
    `#!/bin/sh\n: "\${${boardsVariable}:=${place}}"\nexport ${boardsVariable}\nexec ${command} "$@"\n`,
  )
  chmodSync(`${path}${suffix}`, 0o755)
  writeFileSync(
    `${path}.bat`,
    `@echo off\r\nif not defined ${boardsVariable} set "${boardsVariable}=${place}"\r\n${command} %*\r\n`,
  )
}
