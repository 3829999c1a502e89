import { concat, decode, equalOctets } from '@keyline/bytes'
import { aesCmac, decryptCbc, encryptCbc, encryptEcb } from '@keyline/crypto'
import {
  authenticatedFlags,
  BlockSubject,
  commandHeader,
  commandMacInput,
  counterBlock,
  decodeResponseFrame,
  encodeCommandFrame,
  encodeRequest,
  pad,
  responseMacInput,
  unpad,
  type BusAnswer,
  type BusRequest,
  type CommandForm,
  type HostKeys,
} from '@keyline/stsafe/layout'

/** Whatever answers as a chip on its bus does. */
export interface Answering {
  answer(request: BusRequest): BusAnswer
}

/** Status and payload of a response, or what was wrong with the bus or the frame. */
export interface Outcome {
  readonly status: number | string
  readonly payload: Uint8Array
}

const empty = new Uint8Array()

/** One write, and one read of as many octets as the response announces. */
export function transact(bus: Answering, frame: Uint8Array): Outcome {
  const written = bus.answer({ kind: 'write', data: frame })
  if (written.kind !== 'done') return { status: written.kind, payload: empty }
  const start = bus.answer({ kind: 'read', length: 5 })
  if (start.kind !== 'done') return { status: start.kind, payload: empty }
  const length = 3 + (((start.data[1] ?? 0) << 8) | (start.data[2] ?? 0))
  const whole = bus.answer({ kind: 'read', length })
  if (whole.kind !== 'done') return { status: whole.kind, payload: empty }
  const response = decodeResponseFrame(whole.data)
  return typeof response === 'string' ? { status: response, payload: empty } : response
}

/** Sends a command in plain. */
export function send<Request>(
  bus: Answering,
  form: CommandForm<Request, unknown>,
  request: Request,
): Outcome {
  return transact(bus, frameOf(form, request))
}

export function frameOf<Request>(
  form: CommandForm<Request, unknown>,
  request: Request,
): Uint8Array {
  return encodeCommandFrame(commandHeader(form.command.code), encodeRequest(form, request))
}

/** The fields of a response that must have come. */
export function ask<Request, Response>(
  bus: Answering,
  form: CommandForm<Request, Response>,
  request: Request,
): Response {
  const { status, payload } = send(bus, form, request)
  if (status !== 0) throw new Error(`${form.name}: ${status}`)
  return decode(form.response, payload, form.name)
}

export interface Protection {
  readonly keys: HostKeys
  /** Before the command. */
  readonly counter: number
  readonly isCommandEncrypted?: boolean
  readonly isResponseEncrypted?: boolean
}

/** The frame of a command with C-MAC, encrypted if wanted. */
export function protectedFrame(code: number, payload: Uint8Array, protection: Protection) {
  const { keys, counter, isCommandEncrypted = false } = protection
  const header = commandHeader(code, authenticatedFlags)
  const sent = isCommandEncrypted
    ? encryptCbc({
        key: keys.cipherKey,
        iv: ivOf(keys, counter + 1, BlockSubject.commandIv),
        octets: pad(payload),
      })
    : payload
  const command = { header, payload: sent }
  const input = commandMacInput({ value: counter, width: 4 }, command)
  const mac = aesCmac(keys.macKey, input).subarray(0, 4)
  return { command, frame: encodeCommandFrame(header, sent, mac) }
}

/** Sends a command under the host keys; the status is `mac` where the R-MAC is wrong. */
export function sendProtected<Request>(
  bus: Answering,
  form: CommandForm<Request, unknown>,
  request: Request,
  protection: Protection,
): Outcome {
  const { keys, counter, isResponseEncrypted = false } = protection
  const { command, frame } = protectedFrame(
    form.command.code,
    encodeRequest(form, request),
    protection,
  )
  const { status, payload } = transact(bus, frame)
  if (status !== 0) return { status, payload }
  const [received, mac] = [payload.subarray(0, -4), payload.subarray(-4)]
  const input = responseMacInput(
    { value: counter + 1, width: 4 },
    { command, status, payload: received },
  )
  if (!equalOctets(aesCmac(keys.macKey, input).subarray(0, 4), mac)) {
    return { status: 'mac', payload: empty }
  }
  if (!isResponseEncrypted || received.length === 0) return { status, payload: received }
  const iv = ivOf(keys, counter + 1, BlockSubject.responseIv)
  const plain = unpad(decryptCbc({ key: keys.cipherKey, iv, octets: received }))
  return plain === undefined ? { status: 'padding', payload: empty } : { status, payload: plain }
}

function ivOf(keys: HostKeys, value: number, subject: BlockSubject): Uint8Array {
  const octets = counterBlock({ value, width: 4 }, subject)
  return encryptEcb({ key: keys.cipherKey, octets })
}

/** The octets with their CRC behind them, computed bit by bit. */
export function withCrc(octets: Uint8Array): Uint8Array {
  let crc = 0xffff
  for (const octet of octets) {
    crc ^= octet
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
  }
  crc ^= 0xffff
  return concat(octets, Uint8Array.of(crc >>> 8, crc & 0xff))
}
