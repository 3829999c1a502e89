import type { PsaOutput } from '../status/result.ts'
import { PsaStatus, type FailureStatus } from '../status/status.ts'

/** Fills what a signature leaves of its buffer, so that no stale octets can be taken for one. */
const signatureFiller = 0x21

/** Octets of the buffer of a caller; one that leaves it open gets a buffer that fits. */
export type OutputSize = number | undefined

/** A buffer that holds a result, and zeros behind it. */
export function written(octets: Uint8Array, size: OutputSize = octets.length): PsaOutput {
  if (octets.length > size) return unwritten(PsaStatus.bufferTooSmall, size)
  const buffer = new Uint8Array(size)
  buffer.set(octets)
  return { status: PsaStatus.success, buffer, length: octets.length }
}

/** A buffer that the call did not touch. */
export function unwritten(status: FailureStatus, size: OutputSize = 0): PsaOutput {
  return { status, buffer: new Uint8Array(size), length: 0 }
}

/** As {@link written}, with the filler of signatures. */
export function writtenSignature(octets: Uint8Array, size: OutputSize): PsaOutput {
  const output = written(octets, size)
  output.buffer.fill(signatureFiller, output.length)
  return output
}

/** A signature buffer after a failure: all filler. */
export function spoiledSignature(status: FailureStatus, size: OutputSize): PsaOutput {
  const output = unwritten(status, size)
  output.buffer.fill(signatureFiller)
  return output
}
