import { toHex } from '@keyline/bytes'
import { keyPairSigner } from '@keyline/crypto'
import {
  basicConstraints,
  buildCertificate,
  buildRequest,
  isSignedBy,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  parseCertificate,
  parseRequest,
  pemDecode,
  pemEncode,
  subjectKeyIdentifier,
} from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { Openssl } from '../support/openssl.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { certificateFields, readNameTexts } from './support/certificate-fields.ts'
import {
  allUsages,
  drawCertificate,
  drawKeyPair,
  drawName,
  drawNamedKey,
  type NamedKey,
} from './support/drawn-certificate.ts'
import { differences, shown, type Fields } from './support/fields.ts'
import { opensslName, readCertificateTexts } from './support/openssl-text.ts'

const cases = scaled(1_000, 100_000)
/** Certificates of one process: a start costs more than reading them. */
const batchSize = 250

let openssl: Openssl

beforeAll(() => {
  openssl = new Openssl()
})

afterAll(() => openssl[Symbol.dispose]())

describe(`${cases} certificates that we built, drawn with seed ${testSeed},`, () => {
  it('say the same to openssl as to us, and verify there', async () => {
    const draw = new Draw(`our certificates ${testSeed}`)
    const problems: string[] = []
    for (let first = 0; first < cases; first += batchSize) {
      const issuer = drawNamedKey(draw)
      const batch = await buildBatch(draw, issuer)
      const printed = await printBundle(batch)
      expect(printed).toHaveLength(batch.length)
      problems.push(
        ...batch.flatMap((der, index) =>
          differences(place(first + index), fieldsOf(der), printed[index] ?? {}),
        ),
        ...(await unverified(issuer, batch)).map((line) => `${place(first)}: ${line}`),
      )
    }
    expect(shown(problems)).toEqual([])
  })

  it('would be told apart by each field, and by the signature', async () => {
    const draw = new Draw(`control ${testSeed}`)
    const issuer = drawNamedKey(draw)
    const input = drawCertificate(draw, issuer)
    const everything = {
      extensions: [
        basicConstraints({ ca: true }),
        keyUsage(['keyCertSign']),
        subjectKeyIdentifier(issuer.keyId),
      ],
    }
    const built = await buildCertificate({ ...input, ...everything })
    const [printed = {}] = await printBundle([built])
    const changes: Readonly<Record<string, Partial<typeof input>>> = {
      serialNumber: { serialNumber: Uint8Array.of(0x55) },
      issuer: { issuer: name([{ type: '2.5.4.3', value: 'another' }]) },
      subject: { subject: name([{ type: '2.5.4.3', value: 'another' }]) },
      notBefore: { notBefore: new Date('1999-01-01T00:00:00Z') },
      notAfter: { notAfter: new Date('2049-12-31T23:59:58Z') },
      publicKey: { publicKey: drawKeyPair(draw).publicKey },
    }
    for (const [field, change] of Object.entries(changes)) {
      const other = await buildCertificate({ ...input, ...everything, ...change })
      const found = differences('control', fieldsOf(other), printed)
      expect(found).toEqual([expect.stringMatching(`^control: ${field} is `)])
    }
    const bare = await buildCertificate({ ...input, extensions: [] })
    expect(differences('control', fieldsOf(bare), printed).map(fieldName)).toEqual([
      'basicConstraints',
      'keyUsage',
      'subjectKeyIdentifier',
    ])
    const forged = await buildCertificate({ ...input, signer: keyPairSigner(drawKeyPair(draw)) })
    expect(await unverified(issuer, [forged])).toHaveLength(1)
  })
})

describe(`${cases} certificates that openssl made of our requests, drawn with seed ${testSeed},`, () => {
  it('say to us what was asked for, and verify', async () => {
    const draw = new Draw(`their certificates ${testSeed}`)
    const problems: string[] = []
    for (let first = 0; first < cases; first += batchSize) {
      const issuer = drawNamedKey(draw)
      const requests = await Promise.all(
        Array.from({ length: batchSize }, () =>
          buildRequest({ subject: name(drawName(draw, 1)), keyPair: drawKeyPair(draw) }),
        ),
      )
      const asked = await drawAsked(draw, issuer)
      const made = await makeCertificates(asked, requests)
      expect(made).toHaveLength(requests.length)
      problems.push(
        ...made.flatMap((der, index) =>
          mismatches(place(first + index), asked, requests[index] ?? new Uint8Array(), der),
        ),
      )
    }
    expect(shown(problems)).toEqual([])
  })

  it('are not made of a request whose signature we spoilt', async () => {
    const draw = new Draw(`spoilt request ${testSeed}`)
    const issuer = drawNamedKey(draw)
    const subject = name(drawName(draw, 1))
    const [good, spoilt] = [
      await buildRequest({ subject, keyPair: drawKeyPair(draw) }),
      await buildRequest({ subject, keyPair: drawKeyPair(draw) }),
    ]
    const last = spoilt.length - 1
    spoilt[last] = (spoilt[last] ?? 0) ^ 1
    const asked = await drawAsked(draw, issuer)
    const [only, ...others] = await makeCertificates(asked, [spoilt, good])
    expect(others).toEqual([])
    expect(mismatches('good', asked, good, only ?? new Uint8Array())).toEqual([])
    expect(mismatches('spoilt', asked, spoilt, only ?? new Uint8Array()).map(fieldName)).toEqual([
      'publicKey',
      'subjectKeyIdentifier',
    ])
  })
})

function place(index: number): string {
  return `seed ${testSeed}, case ${index}`
}

function fieldName(line: string): string {
  return /: (\w+) is /.exec(line)?.[1] ?? line
}

/** Our reading, with names in the words of openssl. */
function fieldsOf(der: Uint8Array): Fields {
  const { issuer, subject } = parseCertificate(der)
  return {
    ...certificateFields(der),
    issuer: opensslName(readNameTexts(issuer)),
    subject: opensslName(readNameTexts(subject)),
  }
}

async function buildBatch(draw: Draw, issuer: NamedKey): Promise<readonly Uint8Array[]> {
  return Promise.all(
    Array.from({ length: batchSize }, () => buildCertificate(drawCertificate(draw, issuer))),
  )
}

async function printBundle(batch: readonly Uint8Array[]): Promise<readonly Fields[]> {
  openssl.write('bundle.pem', batch.map((der) => pemEncode('CERTIFICATE', der)).join(''))
  return readCertificateTexts(
    await openssl.output(['storeutl', '-certs', '-text', '-noout', 'bundle.pem']),
  )
}

/** A line for each certificate whose signature openssl does not verify with the key of the issuer. */
async function unverified(
  issuer: NamedKey,
  batch: readonly Uint8Array[],
): Promise<readonly string[]> {
  openssl.write('issuer.pem', pemEncode('CERTIFICATE', await authorityOf(issuer)))
  const files = batch.map((der, index) => {
    openssl.write(`${index}.pem`, pemEncode('CERTIFICATE', der))
    return `${index}.pem`
  })
  const options = ['-no_check_time', '-partial_chain', '-CAfile', 'issuer.pem']
  const { stdout, stderr } = await openssl.run(['verify', ...options, ...files])
  const verified = new Set(stdout.split('\n'))
  return files.filter((file) => !verified.has(`${file}: OK`)).map((file) => `${file}: ${stderr}`)
}

function authorityOf(issuer: NamedKey): Promise<Uint8Array> {
  const { subject, keyPair, keyId } = issuer
  return buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: subject,
    subject,
    notBefore: new Date('1970-01-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: keyPair.publicKey,
    extensions: [
      basicConstraints({ ca: true }),
      keyUsage(['keyCertSign']),
      subjectKeyIdentifier(keyId),
    ],
    signer: keyPairSigner(keyPair),
  })
}

/** What openssl is told to certify. */
interface Asked {
  readonly issuer: NamedKey
  readonly notBefore: Date
  readonly notAfter: Date
  readonly keyUsage: string
  readonly basicConstraints: string
}

async function drawAsked(draw: Draw, issuer: NamedKey): Promise<Asked> {
  const [start = new Date(0), end = new Date(0)] = [draw.second(), draw.second()].sort(
    (a, b) => a.getTime() - b.getTime(),
  )
  const usages = allUsages.filter(() => draw.once(3))
  const pathLength = draw.below(200)
  return {
    issuer,
    notBefore: start,
    notAfter: draw.once(3) ? new Date(noExpiry.getTime()) : end,
    keyUsage: usages.length === 0 ? 'digitalSignature' : usages.join(' '),
    basicConstraints: draw.pick(['no CA', 'CA', `CA, path length ${pathLength}`]),
  }
}

/** The certificates that `openssl ca` makes in one process, of the requests that it verified. */
async function makeCertificates(
  asked: Asked,
  requests: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const { issuer } = asked
  openssl.write('ca.pem', pemEncode('CERTIFICATE', await authorityOf(issuer)))
  const key = issuer.keyPair.handle.export({ format: 'pem', type: 'pkcs8' })
  openssl.write('ca.key', key.toString())
  openssl.write('index.txt', '')
  openssl.write('ca.cnf', configuration(asked))
  const files = requests.map((der, index) => {
    openssl.write(`${index}.csr`, pemEncode('CERTIFICATE REQUEST', der))
    return `${index}.csr`
  })
  const dates = ['-startdate', digits(asked.notBefore), '-enddate', digits(asked.notAfter)]
  const options = ['-config', 'ca.cnf', '-preserveDN', '-batch', '-notext']
  const { stdout } = await openssl.run(['ca', ...options, ...dates, '-infiles', ...files])
  const blocks = stdout.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? []
  return blocks.map((block) => pemDecode(block, 'CERTIFICATE'))
}

function configuration(asked: Asked): string {
  const constraints = asked.basicConstraints
    .replace('no CA', 'CA:FALSE')
    .replace(/^CA\b(?!:)/, 'CA:TRUE')
    .replace(', path length ', ',pathlen:')
  return `
[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
x509_extensions = extensions
[any]
commonName = optional
[extensions]
basicConstraints = critical,${constraints}
keyUsage = critical,${asked.keyUsage.replaceAll(' ', ',')}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`
}

function digits(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}Z`
}

/** Our reading of what openssl made, against what it was asked and the request it was made of. */
function mismatches(
  where: string,
  asked: Asked,
  request: Uint8Array,
  der: Uint8Array,
): readonly string[] {
  const certificate = parseCertificate(der)
  const { subject, publicPoint: point = new Uint8Array() } = parseRequest(request)
  const ours: Fields = {
    ...certificateFields(der),
    issuer: toHex(certificate.issuer),
    subject: toHex(certificate.subject),
    signature: String(isSignedBy(certificate, asked.issuer.keyPair.publicKey)),
  }
  return differences(where, ours, {
    version: '3',
    issuer: toHex(asked.issuer.subject),
    subject: toHex(subject),
    notBefore: asked.notBefore.toISOString(),
    notAfter: asked.notAfter.toISOString(),
    publicKey: toHex(point),
    basicConstraints: `critical ${asked.basicConstraints}`,
    keyUsage: `critical ${asked.keyUsage}`,
    subjectKeyIdentifier: toHex(keyIdentifier(point)),
    authorityKeyIdentifier: toHex(asked.issuer.keyId),
    signature: 'true',
  })
}
