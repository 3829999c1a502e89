import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { concat, fromBase64url, seededRandom, toBase64url } from '@keyline/bytes'
import { hkdfSha256, sha256 } from '@keyline/crypto'
import { BootModule, componentEntry, encodeBootRecord } from '@keyline/eat'
import * as psa from '@keyline/psa'
import * as ccbFace from '@keyline/psa/ccb'
import * as itsFace from '@keyline/psa/its'
import { reachableFrom } from './support/object-graph.ts'
import { filesBelow, printed } from './support/places.ts'
import { SecretSearch, type Place } from './support/search.ts'
import { secretOctets, type PlantedSecret } from './support/secret.ts'

const { Algorithm, Lifetime, Usage, KeyType, withHash } = psa
const rsaPss = withHash(Algorithm.rsaPss, Algorithm.sha256)
const rootSecret = sha256(new TextEncoder().encode('root of the test'))
const state = { rdp: 1, isSecure: false, isPrivileged: true } as const

/** Octets that nobody meets by chance, and that the test knows. */
function known(name: string, length = 32): Uint8Array {
  return concat(
    sha256(new TextEncoder().encode(name)),
    sha256(new TextEncoder().encode(`${name} 2`)),
  ).subarray(0, length)
}

const scalars = {
  'signing scalar': known('signing scalar'),
  'agreement scalar': known('agreement scalar', 48),
  'AES key': known('AES key'),
} as const

const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

/** Keys that the chip derives for itself, computed here as the specification says. */
function derived(salt: string, info: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(salt)
  return hkdfSha256({ secret: rootSecret, salt: text, info, length: 32 })
}

const hidden: Readonly<Record<string, Uint8Array>> = {
  'RSA exponent': fromBase64url(rsaKey.export({ format: 'jwk' }).d ?? ''),
  ...scalars,
  'root secret': rootSecret,
  DHUK: derived('sim-dhuk/1', Uint8Array.of(1, 0, 1)),
  'DUA scalar FU': derived('sim-dua/1', new TextEncoder().encode('FU/0')),
  'DUA scalar LU': derived('sim-dua/1', new TextEncoder().encode('LU/0')),
}

/** In both orders, so that numbers are found as either end writes them. */
const planted: readonly PlantedSecret[] = Object.entries(hidden).flatMap(([name, octets]) => [
  secretOctets(name, octets),
  secretOctets(`${name}, turned round`, octets.toReversed()),
])
const search = new SecretSearch(planted)

function leaksIn(places: readonly Place[]): readonly string[] {
  return [...new Set(search.in(places).map(({ secret, place }) => `${secret.name} in ${place}`))]
}

interface Observed {
  readonly folder: string
  readonly roots: Record<string, unknown>
  readonly ccb: ccbFace.Ccb
  readonly crypto: psa.PsaCrypto
}

/** A device that does everything it can do with wrapped keys; what it gives back is kept. */
function observedDevice(folder: string): Observed {
  const random = seededRandom('observed')
  const operations: unknown[] = []
  const chip = psa.manufactureChip({ rootSecret: rootSecret.slice() })
  const ccb = new ccbFace.Ccb({
    chip: chip.secrets,
    state: () => state,
    random,
    onOperation: (operation) => operations.push(operation),
  })
  const medium = itsFace.folderMedium(folder)
  const hardwareUniqueKey = known('hardware unique key')
  const storage = new itsFace.InternalTrustedStorage({ medium, hardwareUniqueKey, random })
  const engine = new psa.KeyWrapEngine({ ccb, random, verifyOnImport: true })
  const crypto = new psa.PsaCrypto({ storage, random, drivers: [engine] })
  crypto.init()

  const wrapped = (id: number, change: Partial<psa.KeyAttributes>): psa.KeyAttributes => ({
    lifetime: Lifetime.keyWrapEngine,
    id,
    type: KeyType.eccPairSecpR1,
    bits: 0,
    usage: Usage.signHash | Usage.export,
    algorithm: Algorithm.ecdsaSha256,
    ...change,
  })
  const hash = sha256(rootSecret, hardwareUniqueKey)
  const ecdh = { usage: Usage.derive | Usage.export, algorithm: Algorithm.ecdh }
  const aes = { type: KeyType.aes, usage: Usage.encrypt | Usage.decrypt, algorithm: Algorithm.gcm }
  const aead = {
    key: 3,
    algorithm: Algorithm.gcm,
    nonce: hash.subarray(0, 12).slice(),
    associatedData: hash,
  }
  const results = {
    imports: [
      crypto.importKey({ attributes: wrapped(1, {}), data: scalars['signing scalar'].slice() }),
      crypto.importKey({ attributes: wrapped(2, ecdh), data: scalars['agreement scalar'].slice() }),
      crypto.importKey({ attributes: wrapped(3, aes), data: scalars['AES key'].slice() }),
      crypto.importKey({
        attributes: wrapped(5, { type: KeyType.rsaPair, algorithm: rsaPss }),
        data: new Uint8Array(rsaKey.export({ format: 'der', type: 'pkcs1' })),
      }),
    ],
    'RSA signature': crypto.signHash({ key: 5, algorithm: rsaPss, hash }),
    refused: crypto.importKey({
      attributes: wrapped(4, { bits: 384 }),
      data: scalars['signing scalar'].slice(),
    }),
    signature: crypto.signHash({ key: 1, algorithm: Algorithm.ecdsaSha256, hash }),
    publicKeys: [crypto.exportPublicKey(1), crypto.exportPublicKey(2)],
    exports: [crypto.exportKey(1), crypto.exportKey(2), crypto.exportKey(3)],
    agreed: crypto.rawKeyAgreement({ key: 2, algorithm: Algorithm.ecdh, peerKey: hash }),
    sealed: crypto.aeadEncrypt({ ...aead, input: hash }),
    attributes: [crypto.attributes(1), crypto.attributes(2)],
  }
  const exported = (['FU', 'LU'] as const).map((keyType) =>
    psa.exportDuaKey(
      { ccb, rdp: 1, isDebugOpen: true },
      { ...psa.parseRsseParameters(['ExportPublicKey=Yes']), keyType },
    ),
  )
  const steps: unknown[] = []
  const attestation = new psa.InitialAttestation({
    crypto,
    key: {
      attributes: wrapped(psa.duaKeyIds.FU, { bits: 256 }),
      data: exported[0]?.container,
    },
    certificate: { pack: chip.pack2, kind: 'u3-user-fu' },
    includeCertificate: true,
    platform: {
      bootSeed: hash,
      implementationId: hash,
      securityLifecycle: 0x3000,
      bootRecord: encodeBootRecord([
        componentEntry(BootModule.spe, { measurementValue: hash, signerId: hash }),
      ]),
    },
    onStep: (step) => steps.push(step),
  })
  attestation.init()
  const token = attestation.getToken(hash, -1)
  const { signature, sealed, 'RSA signature': rsaSignature } = results
  expect([token, signature, sealed, rsaSignature].map(({ status }) => status)).toEqual([0, 0, 0, 0])
  const roots = {
    faces: { ...psa },
    'face of ccb': { ...ccbFace },
    'face of its': { ...itsFace },
    device: { chip, ccb, medium, storage, engine, crypto, attestation },
    results,
    exported,
    steps,
    operations,
    token,
    failures: attemptsOf(ccb),
  }
  return { folder, roots, ccb, crypto }
}

/** Calls that end in an error or a refusal, with what is told of it. */
function attemptsOf(ccb: ccbFace.Ccb): readonly unknown[] {
  const attempts = [
    () => psa.exportDuaKey({ ccb, rdp: 2, isDebugOpen: true }, psa.parseRsseParameters([])),
    () => new ccbFace.ChipSecrets({ rootSecret: concat(rootSecret, rootSecret) }),
    () => ccb.wrapPrivateKey({ usage: 'ecdsa', curve: 'P-384' }, scalars['signing scalar'].slice()),
  ]
  return attempts.map((attempt) => {
    try {
      return attempt()
    } catch (error) {
      return error
    }
  })
}

let folder = ''
let said: Place[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'psa-keys-'))
  said = []
  const keep = (...values: readonly unknown[]): boolean => {
    for (const value of values) said.push(printed('console', value))
    return true
  }
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, name).mockImplementation(keep)
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(keep)
  vi.spyOn(process.stderr, 'write').mockImplementation(keep)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function placesOf({ roots }: Observed): readonly Place[] {
  const texts = Object.entries(roots).map(([name, value]) => printed(name, value))
  return [...reachableFrom(roots), ...texts, ...filesBelow(folder), ...said]
}

describe('a wrapped private key', () => {
  it('is found nowhere: in no face, no result, no object of the device, no file, no output', () => {
    const places = placesOf(observedDevice(folder))
    expect(places.length).toBeGreaterThan(50)
    expect(leaksIn(places)).toEqual([])
  })
})

describe('the search finds a key that', () => {
  const scalar = scalars['signing scalar']
  it.each<[string, (observed: Observed) => void]>([
    [
      'a result holds',
      ({ roots }) => void (roots['leak'] = { deep: [new Map([['d', scalar.slice()]])] }),
    ],
    [
      'lies beside the octets of a result',
      ({ roots }) => void (roots['leak'] = concat(Uint8Array.of(1), scalar).subarray(0, 1)),
    ],
    [
      'an object hides',
      ({ ccb }) => void Object.defineProperty(ccb, 'cache', { value: scalar.slice() }),
    ],
    [
      'an accessor gives',
      ({ crypto }) => void Object.defineProperty(crypto, 'secret', { get: () => scalar.slice() }),
    ],
    [
      'is a number',
      ({ roots }) =>
        void (roots['leak'] = { d: BigInt(`0x${Buffer.from(scalar).toString('hex')}`) }),
    ],
    [
      'is a number, turned round',
      ({ roots }) =>
        void (roots['leak'] = BigInt(`0x${Buffer.from(scalar.toReversed()).toString('hex')}`)),
    ],
    [
      'stands in an error',
      ({ roots }) =>
        void (roots['leak'] = new Error('failed', { cause: new Error(inspect(scalar)) })),
    ],
    [
      'stands in a file',
      (observed) => writeFileSync(join(observed.folder, 'dump.txt'), toBase64url(scalar)),
    ],
    [
      'lies in a file, turned round',
      (observed) => writeFileSync(join(observed.folder, 'dump.bin'), scalar.toReversed()),
    ],
    // oxlint-disable-next-line no-console
    ['is printed', () => console.log(Buffer.from(scalar).toString('hex').toUpperCase())],
  ])('%s', (_, leak) => {
    const observed = observedDevice(folder)
    leak(observed)
    expect(leaksIn(placesOf(observed)).join('\n')).toMatch(/signing scalar/)
  })
})
