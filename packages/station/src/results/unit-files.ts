import { join } from 'node:path'
import { qrSvg } from '@keyline/matter'
import { pemEncode } from '@keyline/x509'
import type { OnboardingCodes } from '../unit/onboarding-of.ts'
import type { Passport } from './passport.ts'
import { makeResultFolder, removeResult, writeResult, writeWhole } from './write-file.ts'

export interface UnitFiles {
  readonly passport: Passport
  /** X.509 DER. */
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  readonly codes: OnboardingCodes
}

/** Folder of a unit in the results of its order. */
export function unitFolder(results: string, serialNumber: string): string {
  return join(results, 'units', serialNumber.replace(/[^A-Za-z0-9._-]/g, '_'))
}

/**
 * Writes what leaves the line with a unit: chain, code for the label as SVG and text, passport.
 * The code files hold the passcode and are readable by their owner alone. The passport comes last:
 * where it stands, the folder is complete.
 */
export function writeUnitFiles(results: string, files: UnitFiles): string {
  const { passport, codes } = files
  const folder = unitFolder(results, passport.serialNumber)
  makeResultFolder(folder)
  const chain = pemEncode('CERTIFICATE', files.dac) + pemEncode('CERTIFICATE', files.pai)
  const svg = qrSvg(codes.qr, { manualCode: codes.manual })
  const text = `QR code       ${codes.qr}\nManual code   ${codes.manual}\n`
  writeResult(join(folder, 'dac-chain.pem'), chain)
  writeResult(join(folder, 'onboarding.svg'), svg, { mode: 0o600 })
  writeResult(join(folder, 'onboarding.txt'), text, { mode: 0o600 })
  writePassport(results, passport)
  return folder
}

/** Writes the folder of a unit without Matter: its passport. */
export function writePassport(results: string, passport: Passport): void {
  const folder = unitFolder(results, passport.serialNumber)
  makeResultFolder(folder)
  writeWhole(join(folder, 'passport.json'), `${JSON.stringify(passport, null, 2)}\n`)
}

/** Removes what was written of a unit that has its verdict no more, the passport first. */
export function removeUnitFiles(results: string, serialNumber: string): void {
  const folder = unitFolder(results, serialNumber)
  removeResult(join(folder, 'passport.json'))
  removeResult(folder)
}
