import { fromHex } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'

/** One I2C transaction as a logic analyser saw it. */
export interface TracedTransfer {
  readonly direction: 'write' | 'read'
  /** 7-bit address. */
  readonly address: number
  /** Empty where the chip did not acknowledge its address. */
  readonly octets: Uint8Array
}

const plainLine =
  /^(?<direction>[WR])\s+(?:0x)?(?<address>[0-9a-f]{2})(?:\s+(?<hex>[0-9a-f\s]*))?$/i

/**
 * Reads lines `W|R ADDRESS HEX`, or the I2C export of Saleae Logic 2 or of a program with the decoders of sigrok.
 * @throws StsafeError `STSAFE_TRACE` naming the line
 */
export function parseBusTrace(text: string): readonly TracedTransfer[] {
  const lines = text.split(/\r?\n/)
  const [head = ''] = lines
  if (/^"?name"?,"?type"?,/i.test(head)) return parseSaleae(lines)
  if (lines.some((line) => annotation.test(line))) return parseSigrok(lines)
  return lines.flatMap((line, index) => {
    const content = line.replace(/#.*$/, '').trim()
    if (content === '') return []
    const { direction, address, hex = '' } = plainLine.exec(content)?.groups ?? {}
    if (direction === undefined || address === undefined) throw refuse(index, line)
    return [transfer(direction.toUpperCase() === 'W', Number.parseInt(address, 16), hex, index)]
  })
}

/** Columns of Logic 2: name, type, start_time, duration, ack, address, read, data. */
function parseSaleae(lines: readonly string[]): readonly TracedTransfer[] {
  const columns = cells(lines[0] ?? '').map((name) => name.toLowerCase())
  const column = (row: readonly string[], name: string): string => row[columns.indexOf(name)] ?? ''
  const transfers: { isWrite: boolean; address: number; hex: string }[] = []
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue
    const row = cells(line)
    const type = column(row, 'type')
    if (type === 'address') {
      const address = Number(column(row, 'address'))
      if (!Number.isInteger(address)) throw refuse(index, line)
      transfers.push({ isWrite: column(row, 'read') !== 'true', address, hex: '' })
    } else if (type === 'data') {
      const last = transfers.at(-1)
      const octet = /^0x([0-9a-f]{2})$/i.exec(column(row, 'data'))?.[1]
      if (last === undefined || octet === undefined) throw refuse(index, line)
      last.hex += octet
    }
  }
  return transfers.map(({ isWrite, address, hex }) => transfer(isWrite, address, hex, 0))
}

/** What the I2C decoder of sigrok calls an octet; before it, each program writes what it likes. */
const annotation = /\b(Address|Data) (write|read): (?:0x)?([0-9a-f]{2})\b/i

/**
 * Lines like `i2c-1: Address write: 20` of `sigrok-cli -A i2c`, `10-20 I²C: Address/data: Data read: 00` of PulseView, and
 * `1,10.00,Data read: 00` of DSView.
 */
function parseSigrok(lines: readonly string[]): readonly TracedTransfer[] {
  const transfers: { isWrite: boolean; address: number; hex: string }[] = []
  for (const [index, line] of lines.entries()) {
    const match = annotation.exec(line)
    if (match === null) continue
    const [, kind = '', direction = '', octet = ''] = match
    if (kind.toLowerCase() === 'address') {
      const isWrite = direction.toLowerCase() === 'write'
      transfers.push({ isWrite, address: Number.parseInt(octet, 16), hex: '' })
      continue
    }
    const last = transfers.at(-1)
    if (last === undefined) throw refuse(index, line)
    last.hex += octet
  }
  return transfers.map(({ isWrite, address, hex }) => transfer(isWrite, address, hex, 0))
}

function transfer(isWrite: boolean, address: number, hex: string, line: number): TracedTransfer {
  const digits = hex.replaceAll(/\s/g, '')
  if (digits.length % 2 !== 0 || address > 0x7f) throw refuse(line, hex)
  return { direction: isWrite ? 'write' : 'read', address, octets: fromHex(digits) }
}

function cells(line: string): readonly string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"|"$/g, ''))
}

function refuse(index: number, line: string): StsafeError {
  return new StsafeError(
    'STSAFE_TRACE',
    `line ${index + 1} is no transfer: ${JSON.stringify(line.slice(0, 80))}`,
  )
}
