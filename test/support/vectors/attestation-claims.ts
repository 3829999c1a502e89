import { fromBase64, type JsonValue } from '@keyline/bytes'
import {
  cborMap,
  claimsToJson,
  isTokenProfile,
  judgeClaims,
  readClaims,
  readClaimsJson,
  TokenProfile,
  type CborMap,
  type CborValue,
  type EatFinding,
} from '@keyline/eat'
import { caseOf } from './attestation-case.ts'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import { compared, type VectorReader } from './vector-reader.ts'

/** Claims without an envelope: in CBOR, in JSON as each profile judges it, and in the YAML of iat-verifier. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  switch (vector.text('check')) {
    case 'claims-cbor':
      return [cborCase(vector)]
    case 'claims-json':
      return [jsonCase(vector)]
    default:
      return [yamlCase(vector)]
  }
}

function cborCase(vector: VectorReader): CaseResult {
  const { claims, profile, findings } = readClaims(vector.object('input').octets('payload_hex'))
  const [first] = findings
  const expect = vector.object('expect')
  const isValid = expect.flag('valid')
  const expected = {
    profile: expect.raw('profile'),
    reason: isValid ? undefined : `${expect.text('reason')} ${expect.text('field')}`,
    claims: isValid ? vector.raw('claims') : undefined,
  }
  const actual = {
    profile,
    reason: first && `${first.rule} ${first.field}`,
    claims: claims && claimsToJson(claims),
  }
  return compared(vector.id, canonical(expected), canonical(actual))
}

function jsonCase(vector: VectorReader): CaseResult {
  const expect = vector.object('expect')
  const verdicts = expect
    .object('profiles')
    .entries()
    .filter(([, verdict]) => verdict !== 'not-tested')
  // The members were parsed from JSON.
  const json = vector.object('input').raw('claims_json') as JsonValue
  const readings = verdicts.map(([profile]) => {
    if (!isTokenProfile(profile)) throw new TypeError(`${profile} is no profile`)
    return readClaimsJson(json, profile)
  })
  const actual = readings.map(({ claims }) => (claims === undefined ? 'reject' : 'accept'))
  const refusal = readings.flatMap(({ findings }) => findings.slice(0, 1)).at(0)
  const reason = expect.has('reason')
    ? [expect.text('reason'), expect.has('field') ? expect.text('field') : refusal?.field]
    : []
  return compared(
    vector.id,
    canonical([verdicts.map(([, verdict]) => verdict), reason]),
    canonical([actual, expect.has('reason') ? [refusal?.rule, refusal?.field] : []]),
  )
}

/** `CODE:field`, `CODE (…)`, or that an unknown key is ignored. */
function yamlCase(vector: VectorReader): CaseResult {
  const map = claimsOfYaml(vector.object('input').text('claims_yaml'))
  const { findings } = judgeClaims(map, TokenProfile.psa1)
  const expected = vector.object('expect').text('this_system')
  const { code = '', field } = /^(?<code>\w+)(?::(?<field>\S+))?/.exec(expected)?.groups ?? {}
  if (!code.startsWith('E_')) {
    const others = findings.filter(({ rule }) => rule !== 'E_PROFILE_UNKNOWN').map(nameOf)
    return compared(vector.id, '', others.join())
  }
  const found = findings.filter(({ rule }) => rule === code).map(nameOf)
  const wanted = `${code}:${field ?? 'psa-profile'}`
  return compared(vector.id, wanted, found.find((name) => name === wanted) ?? found.join())
}

function nameOf({ rule, field }: EatFinding): string {
  return `${rule}:${field}`
}

/** iat-verifier's names of the claims of profile 1. */
const yamlKeys: Readonly<Record<string, number>> = {
  instance_id: -75009,
  implementation_id: -75003,
  challenge: -75008,
  client_id: -75001,
  hardware_version: -75005,
  security_lifecycle: -75002,
  profile_id: -75000,
  boot_seed: -75004,
  sw_components: -75006,
  sw_component_type: 1,
  measurement_value: 2,
  sw_component_version: 4,
  signer_id: 5,
  measurement_description: 6,
}

/** The little of YAML that these files need: one map, in it one list of maps. */
function claimsOfYaml(yaml: string): CborMap {
  const claims: [number, CborValue][] = []
  const components: [number, CborValue][][] = []
  for (const line of yaml.split('\n')) {
    const [, indent = '', dash = '', name = '', text = ''] =
      /^(\s*)(- )?(\w+):\s*(.*)$/.exec(line) ?? []
    if (name === '' || name === 'sw_components') continue
    const key = yamlKeys[name] ?? Number(name)
    if (dash !== '') components.push([])
    const target = indent === '' ? claims : components.at(-1)
    target?.push([key, yamlScalar(text)])
  }
  const list = components.map((entries) => cborMap(...entries))
  return cborMap(...claims, [yamlKeys['sw_components'] ?? 0, list])
}

function yamlScalar(text: string): CborValue {
  if (text.startsWith('!!binary ')) return fromBase64(text.slice('!!binary '.length))
  if (text === 'sl_secured') return 0x3000
  return /^-?\d+$/.test(text) ? Number(text) : text.replace(/^(['"])(.*)\1$/, '$2')
}
