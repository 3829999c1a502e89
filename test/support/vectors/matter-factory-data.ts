import { readFile } from 'node:fs/promises'
import { toHex, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  appendCredentials,
  checkFactoryData,
  decodeImage,
  encodeImage,
  factoryDataToStJson,
  isProfileName,
  parseStJson,
  profiles,
  readerBuffers,
  readWithStReader,
  type Credentials,
  type FactoryDataMode,
  type FactoryDataProfile,
  type ReadFactoryData,
} from '@keyline/matter'
import type { CaseResult, VectorCheck } from './case.ts'
import { casesOf, compared, VectorReader } from './vector-reader.ts'

/** Images, their rules, ST's reader and ST's provisioning firmware. */
export const check: VectorCheck = async (file) => {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1)
  const cases = casesOf(file)
  switch (name) {
    case 'encode.json':
      return cases.map(encodeCase)
    case 'read.json':
      return cases.map(readCase)
    case 'provisioning-firmware.json': {
      const credentials = await developmentCredentials()
      return cases.map((vector) => firmwareCase(vector, credentials))
    }
    case 'invalid-binary.json':
      return Promise.all(cases.map(binaryCase))
    case 'invalid-input.json': {
      const bases = new VectorReader(file.path, file.json).object('bases')
      return Promise.all(cases.map((vector) => inputCase(vector, bases)))
    }
    default:
      throw new TypeError(`${file.path} is no file of factory-data vectors that is known here`)
  }
}

/** JSON to image and back, and the image to JSON and back: all four ways end at the same octets. */
function encodeCase(vector: VectorReader): CaseResult {
  const read = parseStJson(JSON.stringify(vector.raw('input')))
  const image = encodeImage(read.data)
  const wanted = `${vector.text('binary')} ${vector.number('length')} ${vector.text('sha256')}`
  const actual = `${toHex(image)} ${image.length} ${toHex(sha256(image))}`
  if (read.findings.length > 0 || actual !== wanted) {
    return compared(vector.id, wanted, `${actual} ${rulesOf(read.findings, 'error')}`)
  }
  const back = parseStJson(factoryDataToStJson(decodeImage(image).data))
  return compared(vector.id, toHex(image), toHex(encodeImage(back.data)))
}

function readCase(vector: VectorReader): CaseResult {
  const region = new Uint8Array(vector.number('regionSize')).fill(
    Number.parseInt(vector.text('padding'), 16),
  )
  region.set(vector.octets('image'))
  const generation = vector.flag('readerKnowsEndMarker') ? 'G2' : 'G1'
  const wanted: string[] = []
  const actual: string[] = []
  for (const [tag, value] of vector.object('reads').entries()) {
    const expected = new VectorReader(`${vector.id} tag ${tag}`, value)
    const isOk = expected.text('status') === 'OK'
    wanted.push(
      isOk
        ? `${tag} OK ${expected.number('length')} ${expected.text('sha256')}`
        : `${tag} ${expected.text('status')}`,
    )
    const result = readWithStReader(region, Number(tag), bufferOf(Number(tag)), generation)
    actual.push(
      result.status === 'OK'
        ? `${tag} OK ${result.value.length} ${toHex(sha256(result.value))}`
        : `${tag} ${result.status}`,
    )
  }
  return compared(vector.id, wanted.join(', '), actual.join(', '))
}

function bufferOf(tag: number): number {
  const size = readerBuffers[tag]
  if (size === undefined) throw new TypeError(`no caller reads tag ${tag}`)
  return size
}

/** The published credentials of the Matter development device, as the demonstration firmware has them. */
async function developmentCredentials(): Promise<Required<Credentials>> {
  const file = new URL('../../vectors/matter/factory-data/full-fff1-8004.bin', import.meta.url)
  const { data } = decodeImage(await readFile(file))
  const { dacCertificate: dac, paiCertificate: pai, dacPublicKey: publicKey } = data
  const { dacPrivateKey: privateKey } = data
  if (!dac || !pai || !publicKey || !privateKey) throw new TypeError('no complete image')
  return { dac, pai, publicKey, privateKey }
}

function firmwareCase(vector: VectorReader, credentials: Required<Credentials>): CaseResult {
  const window = profiles.wb55.credentialWindow
  const region = new Uint8Array(window).fill(0xff)
  region.set(vector.octets('before'))
  const isTest = vector.text('mode') === 'test'
  const { dac, pai, publicKey, privateKey } = credentials
  const appended = appendCredentials(
    region,
    isTest ? { dac, pai, publicKey, privateKey } : { dac, pai, publicKey },
    { window },
  )
  const isRefused = appended.ok && !isTest && !vector.flag('secureStorageAccepts')
  const code = !appended.ok ? 1 : isRefused ? 4 : 0
  const after = appended.ok && !isRefused ? toHex(trimmed(appended.region)) : 'null'
  const wanted = vector.raw('after') === null ? 'null' : vector.text('after')
  return compared(vector.id, `${vector.number('code')} ${wanted}`, `${code} ${after}`)
}

function trimmed(region: Uint8Array): Uint8Array {
  return region.subarray(0, region.findLastIndex((octet) => octet !== 0xff) + 1)
}

/** Rules of the container: all that mode `structure` asks for. */
const containerRules = new Set([
  'FD-002',
  'FD-004',
  'FD-006',
  'FD-007',
  'FD-043',
  'FD-044',
  'FD-045',
  'FD-046',
  'FD-047',
  'FD-050',
])

async function binaryCase(vector: VectorReader): Promise<CaseResult> {
  const read = decodeImage(vector.octets('image'))
  const findings = await allFindings(vector, read)
  const wanted = [
    vector.texts('expectedRules').toSorted().join(),
    vector.texts('expectedWarnings').toSorted().join(),
  ]
  const actual = [rulesOf(findings, 'error'), rulesOf(findings, 'warning')]
  return compared(vector.id, wanted.join(' / '), actual.join(' / '))
}

async function inputCase(vector: VectorReader, bases: VectorReader): Promise<CaseResult> {
  const removed = new Set(vector.texts('remove'))
  const base = bases.object(vector.text('base')).entries()
  const members = [...base, ...vector.object('set').entries()]
  const input = Object.fromEntries(members.filter(([name]) => !removed.has(name)))
  const read = parseStJson(JSON.stringify(input))
  const findings = await allFindings(vector, read)
  const wanted = vector.texts('expectedRules').toSorted().join()
  return compared(vector.id, wanted, rulesOf(findings, 'error'))
}

async function allFindings(
  vector: VectorReader,
  read: ReadFactoryData,
): Promise<readonly Finding[]> {
  const mode = vector.text('mode')
  if (mode === 'structure') return read.findings.filter(({ rule }) => containerRules.has(rule))
  const policy =
    vector.has('policy') && vector.text('policy') === 'production' ? 'production' : 'test'
  const checked = await checkFactoryData(read.data, {
    profile: profileOf(vector.text('profile')),
    mode: modeOf(mode),
    policy,
    present: read.present,
  })
  return [...read.findings, ...checked]
}

function rulesOf(findings: readonly Finding[], severity: Finding['severity']): string {
  const rules = findings.filter((finding) => finding.severity === severity).map(({ rule }) => rule)
  return [...new Set(rules)].toSorted().join()
}

function modeOf(text: string): FactoryDataMode {
  if (text === 'reconfigure' || text === 'provisioning') return text
  throw new TypeError(`${text} is no mode`)
}

function profileOf(text: string): FactoryDataProfile {
  if (isProfileName(text)) return profiles[text]
  throw new TypeError(`${text} is no profile`)
}
