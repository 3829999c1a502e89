import { isKeylineError } from '@keyline/bytes'
import type { BenchProbe } from '../bench/bench.ts'
import type { Part } from '../part/part.ts'

/** Version that the simulated programmer says it is. */
export const programmerVersion = '2.20.0'

const rule = '      -------------------------------------------------------------------\n'

export const banner = `${rule}                       STM32CubeProgrammer v${programmerVersion}                  \n${rule}\n`

/** Answer to `-l`: probes and serial ports. */
export function listText(probes: readonly BenchProbe[]): string {
  const stLink =
    probes.length === 0
      ? 'Error: No ST-Link detected!\n'
      : `-------- Connected ST-LINK Probes List --------\n\n${probes.map(probeText).join('')}${'-'.repeat(47)}\n`
  return [
    '=====  DFU Interface   =====\n\nNo STM32 device in DFU mode connected\n\n',
    `===== STLink Interface =====\n\n${stLink}\n`,
    '=====  UART Interface  =====\n\n',
    `Total number of serial ports available: ${probes.length}\n\n`,
    ...probes.map(portText),
  ].join('')
}

function probeText({ serialNumber, boardName }: BenchProbe, index: number): string {
  return [
    `ST-Link Probe ${index} :`,
    `   ST-LINK SN  : ${serialNumber}`,
    '   ST-LINK FW  : V3J15M6',
    '   Access Port Number  : 1',
    `   Board Name  : ${boardName}\n`,
  ].join('\n')
}

function portText({ serialNumber, boardName, port }: BenchProbe): string {
  return [
    `Board Name  : ${boardName}`,
    `ST-LINK SN: ${serialNumber}`,
    `Port: ${port.replace(/^\/dev\//, '')}`,
    `Location: ${port}`,
    'Description: STMicroelectronics STLink Virtual COM Port',
    'Manufacturer: STMicroelectronics\n\n',
  ].join('\n')
}

const modeTexts: Readonly<Record<string, string | undefined>> = {
  UR: 'Under Reset',
  HOTPLUG: 'Hot Plug',
  POWERDOWN: 'Power Down',
  HWRSTPULSE: 'Hardware Reset Pulse',
}

export interface Connection {
  readonly probe: string
  readonly part: Part
  readonly mode: string
}

/** What is printed when the target has answered. */
export function connectionText({ probe, part, mode }: Connection): string {
  return [
    `ST-LINK SN  : ${probe}`,
    'ST-LINK FW  : V3J15M6',
    `Board       : ${part.boardName}`,
    'Voltage     : 3.29V',
    'SWD freq    : 8000 KHz',
    `Connect mode: ${modeTexts[mode.toUpperCase()] ?? 'Normal'}`,
    `Reset mode  : ${mode.toUpperCase() === 'NORMAL' ? 'Software reset' : 'Hardware reset'}`,
    `Device ID   : 0x${part.deviceId.toString(16).toUpperCase()}`,
    `Revision ID : ${part.revision}`,
    `Device name : ${part.deviceName}`,
    `Flash size  : ${part.flash.size / 1024 / 1024} MBytes`,
    'Device type : MCU',
    `Device CPU  : ${part.cpu}`,
    `BL Version  : ${part.bootloaderVersion}\n\n\n`,
  ].join('\n')
}

/** `829.00 B`, `600.00 KB`. */
export function sizeText(octets: number): string {
  return octets < 1024 ? `${octets.toFixed(2)} B` : `${(octets / 1024).toFixed(2)} KB`
}

/** `00:00:00.120`. */
export function durationText(ms: number): string {
  return new Date(Math.round(ms)).toISOString().slice(11, 23)
}

export function hex(value: number, digits = 8): string {
  return `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`
}

/** The error line of a failed act, in the words by which its class is known (provisioning-station section 4.4). */
export function errorLine(error: unknown): string {
  if (!isKeylineError(error)) throw error
  const { address, found, wanted } = error.details
  const place = typeof address === 'number' ? ` at address ${hex(address)}` : ''
  switch (error.code) {
    case 'BOARD_NO_PROBE':
    case 'BOARD_PROBE_BUSY':
      return 'Error: No debug probe detected.'
    case 'BOARD_NO_TARGET':
      return 'Error: Unable to get core ID'
    case 'BOARD_VERIFY':
      return `Error: Data mismatch found${place} (byte = ${hex(Number(found), 2)} instead of ${hex(Number(wanted), 2)})`
    case 'BOARD_NOT_ERASED':
      return `Error: Flash programming failed${place}: the unit is protected against a second write`
    case 'BOARD_ERASE':
      return 'Error: failed to erase memory'
    case 'BOARD_LOADER':
      return 'Error: External loader initialisation failed'
    default:
      return `Error: ${error.message}`
  }
}
