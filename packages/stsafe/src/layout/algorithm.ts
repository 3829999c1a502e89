import {
  BytesError,
  concat,
  fromHex,
  mapped,
  prefixedOctets,
  toHex,
  u16be,
  type BytesErrorCode,
  type Field,
} from '@keyline/bytes'

/** A curve of section 3.4; sizes in octets. */
export interface Curve {
  readonly oid: string
  readonly coordinate: number
  /** Raw public key: X ‖ Y, or the encoding of RFC 7748 and RFC 8032. */
  readonly publicKey: number
  readonly privateKey: number
  /** 0: no key agreement. */
  readonly sharedSecret: number
  /** Raw signature R ‖ S; 0: no signatures. */
  readonly signature: number
  /** `weierstrass` points carry the marker 04 and two coordinates, the others one length and the key. */
  readonly form: 'weierstrass' | 'montgomery' | 'edwards'
}

/** In the order of the reference library's enumeration, which never appears on the wire. */
export const curves = {
  'P-256': weierstrass('2a8648ce3d030107', 32),
  'P-384': weierstrass('2b81040022', 48),
  'P-521': weierstrass('2b81040023', 66),
  brainpoolP256r1: weierstrass('2b2403030208010107', 32),
  brainpoolP384r1: weierstrass('2b240303020801010b', 48),
  brainpoolP512r1: weierstrass('2b240303020801010d', 64),
  X25519: {
    oid: '2b656e',
    coordinate: 32,
    publicKey: 32,
    privateKey: 32,
    sharedSecret: 32,
    signature: 0,
    form: 'montgomery',
  },
  Ed25519: {
    oid: '2b6570',
    coordinate: 32,
    publicKey: 32,
    privateKey: 32,
    sharedSecret: 0,
    signature: 64,
    form: 'edwards',
  },
} as const satisfies Readonly<Record<string, Curve>>
export type CurveName = keyof typeof curves

function weierstrass(oid: string, size: number): Curve {
  return {
    oid,
    coordinate: size,
    publicKey: 2 * size,
    privateKey: size,
    sharedSecret: size,
    signature: 2 * size,
    form: 'weierstrass',
  }
}

/** The hash algorithms that have an identifier. SHA-224 is no service of the A120: the chip refuses it. */
export const hashes = {
  'SHA-224': { oid: '608648016503040204', length: 28 },
  'SHA-256': { oid: '608648016503040201', length: 32 },
  'SHA-384': { oid: '608648016503040202', length: 48 },
  'SHA-512': { oid: '608648016503040203', length: 64 },
  'SHA3-256': { oid: '608648016503040208', length: 32 },
  'SHA3-384': { oid: '608648016503040209', length: 48 },
  'SHA3-512': { oid: '60864801650304020a', length: 64 },
} as const
export type HashName = keyof typeof hashes

/** `lv` of section 0.2: a 16-bit length, then the octets; the frame limits them. */
export const lv = prefixedOctets(u16be, 0xffff)

function oidChoice<N extends string>(
  names: Readonly<Record<N, { readonly oid: string }>>,
): Field<N> {
  // The keys of the table are its names, by its own declaration.
  const known = Object.keys(names) as N[]
  const byOid = new Map<string, N>(known.map((name) => [names[name].oid, name]))
  const oids = new Map<N, Uint8Array>(known.map((name) => [name, fromHex(names[name].oid)]))
  return mapped(
    lv,
    (oid, path) => {
      const name = byOid.get(toHex(oid))
      if (name !== undefined) return name
      const message = `${path} is the object identifier ${toHex(oid)}, but must be one of ${known.join(', ')}`
      throw new BytesError('BYTES_RANGE', message)
    },
    (name, path) => {
      const oid = oids.get(name)
      if (oid !== undefined) return oid
      throw new BytesError(
        'BYTES_RANGE',
        `${path} is ${name}, but must be one of ${known.join(', ')}`,
      )
    },
  )
}

/** `lv(OID)` of a curve. */
export const curveId: Field<CurveName> = {
  ...oidChoice(curves),
  min: 5,
  max: 11,
  notation: 'curve',
}

/** `lv(OID)` of a hash algorithm. */
export const hashId: Field<HashName> = { ...oidChoice(hashes), min: 11, max: 11, notation: 'hash' }

/** `lv(OID)`, or `00 00` where an Ed25519 signer announces none. */
export const optionalHashId: Field<HashName | undefined> = {
  read(reader, path) {
    const oid = lv.read(reader, path)
    if (oid.length === 0) return undefined
    const name = hashNameOf(oid)
    if (name !== undefined) return name
    throw new BytesError('BYTES_RANGE', `${path} is no hash algorithm of the chip: ${toHex(oid)}`)
  },
  write(writer, value, path) {
    if (value === undefined) writer.u16be(0, path)
    else hashId.write(writer, value, path)
  },
  min: 2,
  max: 11,
  notation: 'hash',
}

function hashNameOf(oid: Uint8Array): HashName | undefined {
  const wanted = toHex(oid)
  // The keys of the table are its names, by its own declaration.
  return (Object.keys(hashes) as HashName[]).find((name) => hashes[name].oid === wanted)
}

const uncompressed = 0x04

/** Octets that do not parse because of their number: what they say is not even looked at. */
function lengthFault(length: number, wanted: number): BytesErrorCode {
  return length < wanted ? 'BYTES_CUT' : 'BYTES_TRAILING'
}

/** A public key that stands behind its curve; raw in the record, with marker and lengths on the wire. */
export function publicKeyOn(curve: CurveName): Field<Uint8Array> {
  const { publicKey: size, form } = curves[curve]
  const claim = (key: Uint8Array, path: string, code = lengthFault(key.length, size)) => {
    if (key.length === size) return key
    const message = `${path} has ${key.length} octets, but a raw public key on ${curve} has ${size}`
    throw new BytesError(code, message)
  }
  const encoded = form === 'weierstrass' ? 1 + 2 * 2 + size : 2 + size
  return {
    read: (reader, path) => claim(publicKey.read(reader, path), path),
    write: (writer, value, path) =>
      publicKey.write(writer, claim(value, path, 'BYTES_RANGE'), path),
    min: encoded,
    max: encoded,
    notation: 'public key',
  }
}

/**
 * A public key whose curve stands nowhere in the frame: `04 ‖ lv(X) ‖ lv(Y)`, or `lv(key)` of 32 octets.
 * Raw in the record; 32 octets are X25519 or Ed25519.
 */
export const publicKey: Field<Uint8Array> = {
  read(reader, path) {
    const first = reader.u8(`${path}.marker`)
    if (first === uncompressed) {
      const x = lv.read(reader, `${path}.x`)
      const y = lv.read(reader, `${path}.y`)
      if (x.length === y.length) return concat(x, y)
      const message = `${path} has coordinates of ${x.length} and ${y.length} octets`
      throw new BytesError(lengthFault(y.length, x.length), message)
    }
    const length = (first << 8) | reader.u8(`${path}.length`)
    if (length === 32) return reader.octets(length, path)
    throw new BytesError('BYTES_RANGE', `${path} is neither a point nor a key of 32 octets`)
  },
  write(writer, value, path) {
    if (value.length === 32) {
      lv.write(writer, value, path)
      return
    }
    const half = value.length / 2
    writer.u8(uncompressed)
    lv.write(writer, value.subarray(0, half), `${path}.x`)
    lv.write(writer, value.subarray(half), `${path}.y`)
  },
  min: 34,
  max: 137,
  notation: 'public key',
}

/** A raw signature R ‖ S, on the wire `lv(R) ‖ lv(S)` with halves of one size. */
export const signature: Field<Uint8Array> = {
  read(reader, path) {
    const r = lv.read(reader, `${path}.r`)
    const s = lv.read(reader, `${path}.s`)
    if (r.length === s.length) return concat(r, s)
    const message = `${path} has halves of ${r.length} and ${s.length} octets`
    throw new BytesError(lengthFault(s.length, r.length), message)
  },
  write(writer, value, path) {
    if (value.length % 2 !== 0) {
      throw new BytesError('BYTES_RANGE', `${path} has ${value.length} octets, no two halves`)
    }
    const half = value.length / 2
    lv.write(writer, value.subarray(0, half), `${path}.r`)
    lv.write(writer, value.subarray(half), `${path}.s`)
  },
  min: 4,
  max: 136,
  notation: 'signature',
}

export interface CurvePublicKey {
  readonly curve: CurveName
  /** Raw: X ‖ Y, or the 32 octets of a 25519 key. */
  readonly publicKey: Uint8Array
}

/** `curve id ‖ public key`. */
export const curvePublicKey: Field<CurvePublicKey> = {
  read(reader, path) {
    const curve = curveId.read(reader, `${path}.curve`)
    return { curve, publicKey: publicKeyOn(curve).read(reader, `${path}.publicKey`) }
  },
  write(writer, value, path) {
    curveId.write(writer, value.curve, `${path}.curve`)
    publicKeyOn(value.curve).write(writer, value.publicKey, `${path}.publicKey`)
  },
  min: 39,
  max: 148,
  notation: 'curve ‖ public key',
}
