import type { Link } from '../bus/link.ts'
import { StsafeError } from '../errors.ts'
import { decodeResponseFrame, encodeCommandFrame, type ResponseFrame } from '../layout/frame.ts'

export interface FrameExchange {
  readonly header: Uint8Array
  /** As transmitted, without MAC. */
  readonly payload: Uint8Array
  /** C-MAC of a protected command. */
  readonly mac?: Uint8Array | undefined
  /** Greatest frame of the part without CRC, both ways. */
  readonly maxFrame: number
  /** Processing time of the command, for hosts that do not poll. */
  readonly nominalMs: number
  readonly signal?: AbortSignal | undefined
}

const noMac = new Uint8Array()

/**
 * Sends one command frame and gives the response frame, whatever its status.
 * @throws StsafeError `STSAFE_FRAME_SIZE` before anything is sent or after a bad announcement; `STSAFE_FRAME_CRC`;
 * `STSAFE_BUS_BUSY`, `STSAFE_BUS`
 */
export async function exchangeFrame(link: Link, exchange: FrameExchange): Promise<ResponseFrame> {
  const { header, payload, mac = noMac, maxFrame, nominalMs, signal } = exchange
  const length = header.length + payload.length + mac.length
  if (length > maxFrame) {
    const message = `the command has ${length} octets, at most ${maxFrame} fit a frame`
    throw new StsafeError('STSAFE_FRAME_SIZE', message, {
      details: { sent: false },
      remedy: 'send less at once',
    })
  }
  const frame = encodeCommandFrame(header, payload, mac)
  const response = decodeResponseFrame(await link.transact({ frame, maxFrame, nominalMs, signal }))
  if (typeof response === 'object') return response
  if (response === 'crc') {
    throw new StsafeError('STSAFE_FRAME_CRC', `a response on ${link.name} has a wrong CRC`)
  }
  const message = `a response on ${link.name} changed its length between two reads`
  throw new StsafeError('STSAFE_FRAME_SIZE', message)
}
