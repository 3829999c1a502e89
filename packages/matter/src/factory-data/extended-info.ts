import type { RuleTable } from '@keyline/bytes'
import { encodeUtf8, type Finding } from '@keyline/bytes'
import type { ExtendedReader } from './extended-reader.ts'

/** The rules of Matter attributes that ST's format has no tag for (matter-factory-data 6.3). */
export const infoRules = {
  'INFO-01': {
    severity: 'error',
    text: 'A text has a length that Matter allows, and no control characters.',
    remedy: 'shorten the text, or leave the member out',
  },
  'INFO-02': {
    severity: 'error',
    text: 'The product URL is an http or https URL.',
    remedy: 'write the whole URL, such as https://example.com/lamp',
  },
  'INFO-03': {
    severity: 'error',
    text: 'A number is one that Matter has a meaning for.',
    remedy: 'use a number of the range that the message names',
  },
} as const satisfies RuleTable

export type InfoRule = keyof typeof infoRules

/** Matter attributes without a tag: for ledger and labels, never in an image. */
export interface FactoryDataInfo {
  /** Of the Basic Information cluster; not the one of the rotating device id. */
  readonly uniqueId?: string | undefined
  readonly partNumber?: string | undefined
  readonly productUrl?: string | undefined
  readonly productLabel?: string | undefined
  /** Enumeration. */
  readonly productFinish?: number | undefined
  /** Enumeration. */
  readonly primaryColor?: number | undefined
  /** Belongs to the firmware: to be compared, not set. */
  readonly softwareVersion?: number | undefined
  readonly softwareVersionString?: string | undefined
}

interface TextAttribute {
  readonly name: 'uniqueId' | 'partNumber' | 'productUrl' | 'productLabel' | 'softwareVersionString'
  /** Octets of UTF-8. */
  readonly least: number
  readonly most: number
}

interface NumberAttribute {
  readonly name: 'productFinish' | 'primaryColor' | 'softwareVersion'
  readonly most: number
}

const texts: readonly TextAttribute[] = [
  { name: 'uniqueId', least: 1, most: 32 },
  { name: 'partNumber', least: 0, most: 32 },
  { name: 'productUrl', least: 1, most: 256 },
  { name: 'productLabel', least: 0, most: 64 },
  { name: 'softwareVersionString', least: 1, most: 64 },
]

const numbers: readonly NumberAttribute[] = [
  { name: 'productFinish', most: 0xff },
  { name: 'primaryColor', most: 0xff },
  { name: 'softwareVersion', most: 0xffff_ffff },
]

/** The group `info`: INFO-01 … INFO-03, and FD-048 for each attribute, because no image holds it. */
export function readInfo(reader: ExtendedReader): FactoryDataInfo {
  const info: { -readonly [K in keyof FactoryDataInfo]: FactoryDataInfo[K] } = {}
  for (const { name, least, most } of texts) {
    const path = `info.${name}`
    const text = reader.text(path)
    if (text === undefined) continue
    const { length } = encodeUtf8(text)
    if (length < least || length > most || /[\u0000-\u001f\u007f-\u009f]/.test(text)) {
      const message = `must be a text of ${least} to ${most} octets without control characters`
      reader.add(infoFinding('INFO-01', path, text, message))
    }
    if (name === 'productUrl' && !isWebUrl(text)) {
      reader.add(infoFinding('INFO-02', path, text, 'must be an http or https URL'))
    }
    info[name] = text
    reader.report('FD-048', path, unwritten)
  }
  for (const { name, most } of numbers) {
    const path = `info.${name}`
    const value = reader.integer(path, undefined, 4)
    if (value === undefined) continue
    if (value > most) {
      reader.add(infoFinding('INFO-03', path, String(value), `must be 0 to ${most}`))
    }
    info[name] = value
    reader.report('FD-048', path, unwritten)
  }
  return info
}

const unwritten = 'no tag holds the attribute; it is not written to the image'

/** @param value as it stands in the document; it is no secret */
export function infoFinding(
  rule: InfoRule,
  field: string,
  value: string,
  message: string,
): Finding {
  const { severity, remedy } = infoRules[rule]
  return { rule, severity, field, value: value.slice(0, 40), message, remedy }
}

function isWebUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && !/\s/.test(text) && URL.canParse(text)
}
