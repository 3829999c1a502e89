import { createECDH, X509Certificate } from 'node:crypto'

/** Records of factory data by their tags, as they lie in a flash: tag and length in 4 octets each, little endian. */
export type Records = ReadonlyMap<number, Uint8Array>

const endMarker = 0xacac_acac

/** Reads records up to the marker, or to where an image without one ends. @throws Error for what is no image */
export function recordsOf(octets: Uint8Array): Records {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  const records = new Map<number, Uint8Array>()
  for (let at = 0; at + 4 <= octets.length;) {
    const tag = view.getUint32(at, true)
    if (tag === endMarker) return records
    const length = view.getUint32(at + 4, true)
    if (records.has(tag) || at + 8 + length > octets.length) throw new Error(`no image at ${at}`)
    records.set(tag, Uint8Array.from(octets.subarray(at + 8, at + 8 + length)))
    at += 8 + length
  }
  throw new Error('no marker ends the image')
}

export const tags = { dac: 3, pai: 4, privateKey: 5, publicKey: 6 } as const

/** What is wrong with the credentials among the records; nothing is good. */
export function credentialProblems(records: Records): readonly string[] {
  const [dacDer, paiDer, publicKey, privateKey] = [
    tags.dac,
    tags.pai,
    tags.publicKey,
    tags.privateKey,
  ].map((tag) => records.get(tag))
  if (dacDer === undefined || paiDer === undefined || publicKey === undefined) {
    return ['credentials are missing']
  }
  const dac = new X509Certificate(dacDer)
  const pai = new X509Certificate(paiDer)
  const problems: string[] = []
  if (!dac.verify(pai.publicKey)) problems.push('the PAI did not sign the DAC')
  if (!endsWith(dac.publicKey.export({ format: 'der', type: 'spki' }), publicKey)) {
    problems.push('the DAC is for another key')
  }
  if (privateKey !== undefined && !isKeyOf(privateKey, publicKey)) {
    problems.push('the private key is another one')
  }
  return problems
}

function endsWith(octets: Uint8Array, end: Uint8Array): boolean {
  return Buffer.from(octets.subarray(octets.length - end.length)).equals(end)
}

/** Places in the octets at which the private key of a public key stands, in either byte order. */
export function keyPlaces(octets: Uint8Array, publicKey: Uint8Array): readonly number[] {
  const places: number[] = []
  for (let at = 0; at + 32 <= octets.length; at++) {
    const window = octets.slice(at, at + 32)
    // Erased flash, code and text repeat themselves; a key does not.
    if (new Set(window).size < 20) continue
    if (isKeyOf(window, publicKey) || isKeyOf(window.toReversed(), publicKey)) places.push(at)
  }
  return places
}

function isKeyOf(scalar: Uint8Array, publicKey: Uint8Array): boolean {
  const ecdh = createECDH('prime256v1')
  try {
    ecdh.setPrivateKey(scalar)
  } catch {
    return false
  }
  return ecdh.getPublicKey().equals(publicKey)
}
