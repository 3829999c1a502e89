import { concat, fromHex, toHex } from '@keyline/bytes'
import { erasePages, massErase, programFlash, readFlash } from '../bench/probe.ts'
import { BoardError } from '../errors.ts'
import type { Board } from '../mcu/board.ts'
import { readAddressedImage, type Segment } from '../image/addressed-image.ts'
import { DeviceKey } from '../storage/device-key.ts'
import { rdpValue } from '../part/option-byte.ts'
import type { Operation } from './operation.ts'
import { fileOf, type Session } from './session.ts'
import { durationText, hex, sizeText } from './text.ts'
import { exportContainer } from './wrapped-key-act.ts'
import { wirelessAct } from './wireless-acts.ts'

type OperationOf<C extends Operation['cmd']> = Extract<Operation, { readonly cmd: C }>

/** Does one command of a call. @throws BoardError, which ends the call */
export async function acts(session: Session, operation: Operation): Promise<void> {
  const { board, print } = session
  switch (operation.cmd) {
    case 'download':
      return download(session, operation)
    case 'write':
      return write(session, operation)
    case 'upload':
      return upload(session, operation)
    case 'read':
      return read(session, operation)
    case 'erase':
      return erase(session, operation)
    case 'optionBytes':
      return programOptions(session, operation.values)
    case 'optionBytesDisplay':
      return print(optionText(session))
    case 'readUnprotect':
      return unprotect(session)
    case 'lockRdp1':
    case 'lockRdp2':
      return lock(session, operation)
    case 'unlockRdp1':
    case 'unlockRdp2':
      return unlock(session, operation)
    case 'reset':
      board.reset()
      return print('\nMCU Reset\n\nSoftware reset is performed\n')
    case 'hardReset':
      board.reset()
      return print('\nHard reset is performed\n')
    case 'halt':
      board.halt()
      return print('\nCore halted\n')
    case 'run':
      if (board.running === undefined) board.reset()
      return print('\nApplication is running\n')
    case 'uid64':
      return print(`\nUID64 : ${toHex(board.uid.subarray(0, 8)).toUpperCase()}\n`)
    case 'userKey':
      return writeUserKey(session, operation)
    case 'wrappedKeyExport':
      return exportContainer(session, operation)
    case 'startFus':
    case 'startWirelessStack':
    case 'firmwareUpgrade':
    case 'firmwareDelete':
    case 'fusState':
    case 'fusVersion':
      return wirelessAct(session, operation)
    case 'list':
    case 'version':
    case 'connect':
    case 'verify':
    case 'skipErase':
    case 'externalLoader':
    case 'optionBytesUnlock':
    case 'quiet':
    case 'verbosity':
    case 'log':
    case 'assent':
      return undefined
  }
}

async function download(session: Session, operation: OperationOf<'download'>): Promise<void> {
  const { board } = session
  const { file, address } = operation
  const octets = await fileOf(session, file)
  const segments =
    address === undefined ? inWholePages(readAddressedImage(octets), board) : [{ address, octets }]
  const size = segments.reduce((sum, segment) => sum + segment.octets.length, 0)
  session.print(
    `\n\n Memory Programming ...\n  File          : ${file.replace(/^.*[\\/]/, '')}\n  Size          : ${sizeText(size)} \n  Address       : ${hex(segments[0]?.address ?? 0)}\n\n\n`,
  )
  for (const [index, segment] of segments.entries()) await programSegment(session, segment, index)
}

/** Segments that share a page are programmed as one, from the start of a program unit, with FF between. */
function inWholePages(segments: readonly Segment[], { flash }: Board): readonly Segment[] {
  const merged: Segment[] = []
  for (const { address, octets } of segments.toSorted((a, b) => a.address - b.address)) {
    const { pageSize, unitSize } = flash.geometryAt(address)
    const pageOf = (place: number): number => Math.floor(place / pageSize)
    const last = merged.at(-1)
    const end = last === undefined ? 0 : last.address + last.octets.length
    if (last !== undefined && address >= end && pageOf(end - 1) === pageOf(address)) {
      merged.pop()
      const gap = new Uint8Array(address - end).fill(0xff)
      merged.push({ address: last.address, octets: concat(last.octets, gap, octets) })
    } else {
      const lead = new Uint8Array(address % unitSize).fill(0xff)
      merged.push({ address: address - lead.length, octets: concat(lead, octets) })
    }
  }
  return merged
}

async function programSegment(
  session: Session,
  { address, octets }: Segment,
  index: number,
): Promise<void> {
  const { board, clock, print, operations, signal } = session
  const skipErase = operations.some(({ cmd }) => cmd === 'skipErase')
  const verify = operations.some(({ cmd }) => cmd === 'verify')
  const { pageSize, base, size } = board.flash.geometryAt(address)
  if (!skipErase) {
    const first = Math.floor(((address - base) % size) / pageSize)
    const last = Math.floor((((address - base) % size) + Math.max(octets.length, 1) - 1) / pageSize)
    const range = first === last ? `sector ${first}` : `sectors [${first} ${last}]`
    const memory = board.flash.internal.contains(address) ? 'internal' : 'external'
    print(
      `\nErasing memory corresponding to segment ${index}:\nErasing ${memory} memory ${range}\n`,
    )
  }
  print('Download in Progress:\n\n\n')
  const start = clock.monotonicMs()
  const onProgrammed = (): void => {
    const elapsed = durationText(clock.monotonicMs() - start)
    print('File download complete\n')
    print(`Time elapsed during download operation: ${elapsed}\n\n\n\n`)
    if (verify) print('Verifying ...\n\n\nRead progress:\n\n\n')
  }
  const loader = operations.findLast((one) => one.cmd === 'externalLoader')?.file
  try {
    await programFlash(
      board,
      { address, octets },
      { skipErase, verify, loader, signal, onProgrammed },
    )
  } catch (error) {
    if (!(error instanceof BoardError) || error.code !== 'BOARD_VERIFY') throw error
    return session.fail(error)
  }
  if (verify) print('Download verified successfully \n\n')
}

async function write(session: Session, operation: OperationOf<'write'>): Promise<void> {
  const { width, address, values } = operation
  const octets = concat(...values.map((value) => littleEndian(value, width / 8)))
  await programFlash(
    session.board,
    { address, octets },
    { skipErase: true, verify: false, signal: session.signal },
  )
  session.print(
    `\nWriting ${width}-bit memory content\n  Address : ${hex(address)}\n\nData written successfully\n`,
  )
}

function littleEndian(value: number, length: number): Uint8Array {
  const digits = BigInt(value)
    .toString(16)
    .padStart(length * 2, '0')
  return fromHex(digits.slice(-length * 2)).toReversed()
}

async function upload(session: Session, operation: OperationOf<'upload'>): Promise<void> {
  const { address, size, file } = operation
  const octets = await octetsOf(session, address, size)
  await session.writeFile(file, octets)
  session.print(
    `\nReading memory...\n\nUPLOADING ...\n  Size          : ${size} Bytes\n  Address       : ${hex(address)}\n\nRead progress:\n\nData read successfully\nThe read data is stored in the file ${file}\n`,
  )
}

async function read(session: Session, operation: OperationOf<'read'>): Promise<void> {
  const { width, address, size } = operation
  const octets = await octetsOf(session, address, size)
  const unit = width / 8
  const lines: string[] = []
  for (let offset = 0; offset < size; offset += 16) {
    const row: string[] = []
    for (let at = offset; at < Math.min(offset + 16, size); at += unit) {
      row.push(toHex(octets.slice(at, at + unit).toReversed()).toUpperCase())
    }
    lines.push(`${hex(address + offset)} : ${row.join(' ')}`)
  }
  session.print(
    `\nReading ${width}-bit memory content\n  Size          : ${size} Bytes\n  Address:      : ${hex(address)}\n\n${lines.join('\n')}\n`,
  )
}

function octetsOf(session: Session, address: number, length: number): Promise<Uint8Array> {
  const { board, operations, signal } = session
  const loader = operations.findLast((one) => one.cmd === 'externalLoader')?.file
  return readFlash(board, { address, length }, { loader, signal })
}

async function erase(session: Session, operation: OperationOf<'erase'>): Promise<void> {
  const { board, print, signal } = session
  const { from, to } = operation
  if (from === undefined || to === undefined) {
    print('\nMass erase ... \n\n')
    await massErase(board, signal)
    return print('Mass erase successfully achieved\n')
  }
  const { base, pageSize } = board.part.flash
  print(`\nErase sectors [${from} ${to}] ...\n\n`)
  board.halt()
  await erasePages(
    board,
    { address: base + from * pageSize, length: (to - from + 1) * pageSize },
    signal,
  )
  print('Sectors erase successfully achieved\n')
}

function programOptions(session: Session, values: Readonly<Record<string, number>>): void {
  const { board, print } = session
  if (board.programOptions(values)) {
    return print('\nPROGRAMMING OPTION BYTES AREA ...\n\nOption Bytes successfully programmed\n')
  }
  for (const [name, value] of Object.entries(values)) {
    const was = `value: 0x${value.toString(16).toUpperCase()}, was not modified.`
    print(`Warning: Option Byte: ${name.toLowerCase()}, ${was}\n`)
  }
  print("Warning: Option Bytes are unchanged, Data won't be downloaded\n")
}

function optionText({ board }: Session): string {
  const lines = board.options
    .programmed()
    .map(([name, value]) => `     ${name.padEnd(14)}: 0x${value.toString(16).toUpperCase()}`)
  return `\nOPTION BYTES BANK: 0\n\n${lines.join('\n')}\n`
}

function unprotect({ board, print }: Session): void {
  board.programOptions({ RDP: rdpValue.level0 })
  board.reset()
  print('\nDisabling memory read protection successfully achieved\n')
}

function lock({ board, print }: Session, operation: OperationOf<'lockRdp1' | 'lockRdp2'>): void {
  const level = operation.cmd === 'lockRdp1' ? 1 : 2
  requirePassword(board.part.hasRdpPassword)
  if (board.options.rdp !== 0) throw locked('a password is set at RDP level 0 alone')
  board.setPassword(level, passwordOf(operation.key))
  print(`\nLock RDP${level} password succeeded\n`)
}

function unlock(
  { board, print }: Session,
  operation: OperationOf<'unlockRdp1' | 'unlockRdp2'>,
): void {
  const level = operation.cmd === 'unlockRdp1' ? 1 : 2
  requirePassword(board.part.hasRdpPassword)
  if (board.options.rdp !== level) throw locked(`the device is not at RDP level ${level}`)
  if (board.password(level) !== passwordOf(operation.key)) {
    throw locked(`RDP level ${level} stays: wrong password`)
  }
  if (level === 2) board.openLevel2()
  else board.openLevel1()
  print(`\nUnlock RDP${level} password succeeded\n`)
}

function requirePassword(hasRdpPassword: boolean): void {
  if (!hasRdpPassword) throw locked('this device has no password for RDP')
}

function passwordOf(key: readonly string[]): string {
  return key.map((word) => Number(word).toString(16).padStart(8, '0')).join('')
}

function locked(reason: string): BoardError {
  return new BoardError('BOARD_PROTECTED', `the device stays locked: ${reason}`, {
    details: { class: 'protection' },
  })
}

async function writeUserKey(session: Session, { file }: OperationOf<'userKey'>): Promise<void> {
  const { board, print } = session
  const scalar = await fileOf(session, file)
  const { customerKeys } = board
  const slots = board.part.coprocessor?.keySlots ?? 0
  const free = Array.from({ length: slots }, (_, index) => index + 1).find(
    (slot) => customerKeys?.isWritten(slot) === false,
  )
  if (free === undefined || scalar.length !== 32)
    throw locked('no free slot for a key of 32 octets')
  customerKeys?.write(free, new DeviceKey(scalar))
  print(`\nUser key is written to slot ${free}\n`)
}
