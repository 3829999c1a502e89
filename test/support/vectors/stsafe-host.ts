import { concat, Secret, toHex, VirtualClock, type Random } from '@keyline/bytes'
import { aesCmac, curveKeyPair, encryptCcm, verifyDigest, type CurveKeyPair } from '@keyline/crypto'
import {
  inProcessTransport,
  returnCodeOf,
  Stsafe,
  StsafeError,
  type Transport,
} from '@keyline/stsafe'
import { counterBlock, crc16, decodeCommandFrame, maxCounter, unpad } from '@keyline/stsafe/layout'
import { SimulatedBus } from '@keyline/stsafe-sim'
import type { CaseResult, VectorFile } from './case.ts'
import { deviceCalls, storageCalls } from './stsafe-calls.ts'
import {
  authorizationOf,
  deviceTypeOf,
  stsafeCase,
  type Exchange,
  type StsafeCase,
} from './stsafe-case.ts'
import { chipOfCase, randomnessOfCase, volatileOfCase } from './stsafe-chip.ts'
import { corrected } from './stsafe-corrected.ts'
import { curveOf, plainPayload, type Call } from './stsafe-inputs.ts'
import { provisioningCalls, useCalls } from './stsafe-key-calls.ts'
import { Deviation, exchangeOf, ReplayTransport } from './stsafe-replay.ts'
import { runScenario } from './stsafe-scenario.ts'
import { resultId, sidesOf } from './stsafe-sides.ts'
import { compared, VectorReader } from './vector-reader.ts'

const calls = { ...deviceCalls, ...storageCalls, ...useCalls, ...provisioningCalls }

/** What a vector says of the chip, not of the host, or of STSELib's own memory. */
const notOfTheHost = new Set(
  [
    'zoneAcByteAfter keyInDevice recordLayout steps',
    'cmdAC cmdEncryption rspEncryption extCmdAC extCmdEncryption extRspEncryption',
    'sharedSecret baseKek workingKek envelopePlaintext tbs confirmationKey okm',
  ].flatMap((names) => names.split(' ')),
)

/** The host side of one file: exact requests, results and errors of every case (section 10). */
export async function checkHost(file: VectorFile): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  for (const json of new VectorReader(file.path, file.json).objects('cases')) {
    if (sidesOf(json).includes('host')) results.push(await checkCase(json))
  }
  return results
}

async function checkCase(json: VectorReader): Promise<CaseResult> {
  const id = resultId('host', json)
  try {
    if (json.has('kind')) return checkSample(id, json)
    const vector = stsafeCase(json)
    if (!vector.isLibraryDefect) return await runCase(id, vector)
    const right = corrected(vector)
    return await (right === undefined ? runOnSimulator(id, vector) : runCase(id, right))
  } catch (error) {
    if (!(error instanceof Deviation) && !(error instanceof TypeError)) throw error
    return { id, ok: false, expected: 'the recorded requests', actual: error.message }
  }
}

async function runCase(id: string, vector: StsafeCase): Promise<CaseResult> {
  const { json } = vector
  const transport = new ReplayTransport(overrideCounter(vector))
  const chip = hostOn(transport, vector)
  const outcome = await outcomeOf({ chip, inputs: vector.inputs, vector })
  if (isRefusedBeforeTheBus(vector, outcome, transport)) {
    return compared(id, 'a refusal', 'a refusal')
  }
  const expected = {
    returnCode: vector.returnCode,
    ...expectedOutputs(vector, outcome),
    ...(json.has('session') && expectedCounter(json.object('session'))),
    left: '',
  }
  const actual = {
    ...outcome,
    session: chip.sessionCounter,
    left: transport.left,
  }
  return compared(id, JSON.stringify(expected), JSON.stringify(pick(actual, expected)))
}

function hostOn(transport: Transport, vector: StsafeCase): Stsafe {
  const part = { deviceType: deviceTypeOf(vector), records: authorizationOf(vector) }
  return new Stsafe(transport, part, {
    clock: new VirtualClock(),
    random: challengeOf(vector),
    ephemeralKeyPair: ephemeralKeysOf(vector),
  })
}

/** A library without the defect gets through on a chip in the state of the case, whatever STSELib came to. */
async function runOnSimulator(id: string, vector: StsafeCase): Promise<CaseResult> {
  const { json } = vector
  const bus = new SimulatedBus({ state: chipOfCase(json), randomness: randomnessOfCase(json) })
  Object.assign(bus.chip.volatile, volatileOfCase(json))
  const chip = hostOn(inProcessTransport(bus), vector)
  const { returnCode } = await outcomeOf({ chip, inputs: vector.inputs, vector })
  return compared(id, '0', String(returnCode))
}

/** The host refuses before the bus what STSELib sends and the chip refuses. */
function isRefusedBeforeTheBus(
  { exchanges, returnCode, json }: StsafeCase,
  { error }: Outcome,
  { left }: ReplayTransport,
): boolean {
  const last = exchanges.at(-1)
  const isRefused = last?.response !== undefined && last.response[0] === returnCode
  const isUnsent = last !== undefined && left === toHex(last.request)
  return (
    error === 'STSAFE_ARGUMENT' && returnCode > 0 && isRefused && isUnsent && !json.has('session')
  )
}

/** STSELib lets an exhausted counter begin anew; it stays at its end here. */
function expectedCounter(session: VectorReader): Readonly<Record<string, number>> {
  if (!session.has('counterAfter')) return {}
  const [before, after] = [session.number('counterBefore'), session.number('counterAfter')]
  const isAtEnd = before === maxCounter(4) || before === maxCounter(3)
  return { session: isAtEnd && (after === 0 || after > before) ? before : after }
}

/** Return code and outputs, and the error behind the code. */
type Outcome = Readonly<Record<string, unknown>> & { readonly returnCode: number }

async function outcomeOf(call: Call): Promise<Outcome> {
  const { vector } = call
  try {
    if (vector.outputs?.has('steps') === true) {
      const { failure, given } = await runScenario(call)
      return { returnCode: failure ?? 0, ...given }
    }
    await openSession(call)
    const name = vector.api.join(',')
    if (name === 'stsafea_open_host_session') return { returnCode: 0 }
    const made = calls[name]
    if (made !== undefined) return { returnCode: 0, ...(await made(call)) }
    return { returnCode: 0, ...(await runEach(call)) }
  } catch (error) {
    if (!(error instanceof StsafeError)) throw error
    return { returnCode: returnCodeIn(vector, error), error: error.code }
  }
}

/** An argument that is refused before the bus: STSELib tells of two layers, this library has one. */
function returnCodeIn({ returnCode }: StsafeCase, { code, cause }: StsafeError): number {
  if (code === 'STSAFE_ARGUMENT' && returnCode === 0x0301) return returnCode
  // STSELib tells what was wrong with the answer, and leaves what it means to the caller.
  const isUncertain = code === 'STSAFE_OUTCOME_UNKNOWN' && cause instanceof StsafeError
  return returnCodeOf(isUncertain ? cause.code : code)
}

/** Several calls without inputs: each takes its arguments from its recorded request. */
async function runEach({ chip, vector }: Call): Promise<Readonly<Record<string, unknown>>> {
  const first = vector.json.has('session') ? 1 : 0
  const decrypted = encryptedPayloads(vector)
  const given: Record<string, unknown> = {}
  for (const [index, name] of vector.api.entries()) {
    const made = calls[name]
    const exchange = vector.exchanges[first + index]
    if (made === undefined || exchange === undefined) throw new TypeError(`${name} has no call`)
    const isEncrypted = isCommandEncrypted(vector, exchange.request)
    const payload = isEncrypted ? decrypted.shift() : plainPayload(exchange.request)
    const octets = payload ?? new Uint8Array()
    const inputs = new VectorReader(name, { size: octets[1], message: toHex(octets) })
    Object.assign(given, await made({ chip, inputs, vector }))
  }
  return given
}

function isCommandEncrypted(vector: StsafeCase, request: Uint8Array): boolean {
  const frame = decodeCommandFrame(request)
  if (typeof frame === 'string' || frame.flags === 0) return false
  const record = authorizationOf(vector).find(({ code }) => code === frame.code)
  return record?.encryption.command === true
}

/** What the vector's library encrypted, in order, without its padding. */
function encryptedPayloads({ json }: StsafeCase): Uint8Array[] {
  if (!json.has('intermediates')) return []
  return json
    .objects('intermediates')
    .filter((operation) => operation.text('op') === 'aes-cbc-encrypt')
    .map((operation) => unpad(operation.octets('input')) ?? new Uint8Array())
}

async function openSession({ chip, vector }: Call): Promise<void> {
  const isOpening = vector.api[0] === 'stsafea_open_host_session'
  if (!vector.json.has('session') && !isOpening) return
  const keys = vector.json.has('session') ? vector.json.object('session') : undefined
  await chip.openSession({
    macKey: new Secret(keys?.octets('macKey') ?? new Uint8Array(16)),
    cipherKey: new Secret(keys?.octets('cipherKey') ?? new Uint8Array(16)),
  })
}

/** Outputs that the host can know; where the call failed, there are none. */
function expectedOutputs(
  { outputs, returnCode }: StsafeCase,
  outcome: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (outputs === undefined || returnCode !== 0) return {}
  const known = outputs
    .entries()
    .filter(([name]) => Object.hasOwn(outcome, name) || !notOfTheHost.has(name))
  return Object.fromEntries(known)
}

/**
 * The members of `actual` that `expected` has, in its order, nested records alike. What stands in `actual` under another
 * name is known by its value: STSELib and this library do not name all of their results alike.
 */
function pick(actual: unknown, expected: unknown): unknown {
  if (!isRecord(expected) || !isRecord(actual)) return actual
  return Object.fromEntries(
    Object.entries(expected).map(([name, wanted]) => [
      name,
      Object.hasOwn(actual, name) ? pick(actual[name], wanted) : sameIn(actual, wanted),
    ]),
  )
}

function sameIn(actual: Readonly<Record<string, unknown>>, wanted: unknown): unknown {
  const text = JSON.stringify(wanted)
  return Object.values(actual).find((value) => JSON.stringify(value) === text)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Host keys that the vector's library "generated", in order. */
function ephemeralKeysOf({ json }: StsafeCase): () => CurveKeyPair {
  const pairs = json.has('hostEphemeralKeys') ? [...json.objects('hostEphemeralKeys')] : []
  return () => {
    const next = pairs.shift()
    if (next === undefined) throw new TypeError('the host made a key pair too many')
    return curveKeyPair(curveOf(next), next.octets('privateKey'))
  }
}

/** The challenge of an authentication stands in the request that lets the chip sign it. */
function challengeOf({ exchanges }: StsafeCase): Random {
  return {
    bytes(length) {
      const request = exchanges.find((exchange) => exchange.request[0] === 0x16)?.request
      return Uint8Array.from(request?.subarray(4, 4 + length) ?? new Uint8Array(length))
    },
  }
}

/** The host remembers another counter than the chip told. */
function overrideCounter({ exchanges, json }: StsafeCase): readonly Exchange[] {
  const session = json.has('session') ? json.object('session') : undefined
  const [opening, ...others] = exchanges
  if (session?.has('hostCounterOverride') !== true || opening?.response === undefined)
    return exchanges
  const payload = opening.response.slice(3, -2)
  const counter = counterBlock(
    { value: session.number('hostCounterOverride'), width: payload.length === 4 ? 3 : 4 },
    0,
  )
  payload.set(counter.subarray(0, payload.length === 4 ? 3 : 4), payload.length === 4 ? 1 : 2)
  const response = exchangeOf(new Uint8Array(), concat(Uint8Array.of(0), payload)).response
  return [{ ...opening, response }, ...others]
}

/** Values that ST's documentation prints, or that real parts sent. */
function checkSample(id: string, json: VectorReader): CaseResult {
  switch (json.text('kind')) {
    case 'CRC-16': {
      const crc = crc16(json.octets('bytes')).toString(16).padStart(4, '0')
      return compared(id, json.text('crc'), crc)
    }
    case 'AES-128-CMAC': {
      const expected = json.text('mac')
      const mac = toHex(aesCmac(json.octets('key'), json.octets('message')))
      return compared(id, expected, mac.slice(0, expected.length))
    }
    case 'AES-256-CCM': {
      const expected = json.text('ciphertext') + json.text('tag')
      const [key, nonce, plaintext] = [
        json.octets('key'),
        json.octets('nonce'),
        json.octets('plaintext'),
      ]
      const tagLength = json.octets('tag').length
      const input = { key, nonce, plaintext, associatedData: json.octets('aad'), tagLength }
      return compared(id, expected, toHex(encryptCcm(input)))
    }
    case 'ECDSA-P256-raw-digest': {
      const [publicKey, digest] = [json.octets('publicKey'), json.octets('digest')]
      const input = {
        curve: 'P-256',
        publicKey,
        digest,
        signature: json.octets('signature'),
      } as const
      return compared(id, 'valid', verifyDigest(input) ? 'valid' : 'invalid')
    }
    default:
      return { id, ok: false, expected: 'a known kind', actual: json.text('kind') }
  }
}
