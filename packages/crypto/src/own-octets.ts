/**
 * What `node:crypto` gives, as plain octets: never a `Buffer`, never a slice of the pool that other Buffers share.
 * Memory that belongs to the result alone is taken over, so no second copy of a secret is left behind.
 */
export function ownOctets(result: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { buffer } = result
  return buffer.byteLength === result.length ? new Uint8Array(buffer) : new Uint8Array(result)
}

/** The same octets as a `Buffer`, for the functions of `node:crypto` whose types ask for one. */
export function bufferOf(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}
