import { toBase64, toHex } from '@keyline/bytes'
import { pbkdf2Sha256, spake2pScalars, spake2pVerifier } from '@keyline/crypto'
import { checkFactoryData, profiles } from '@keyline/matter'
import type { CaseResult, VectorCheck } from './case.ts'
import { casesOf, compared, type VectorReader } from './vector-reader.ts'

/** The SPAKE2+ verifier with all its intermediate values, and the parameters that are refused. */
export const check: VectorCheck = async (file) => {
  const cases = casesOf(file)
  if (file.path.endsWith('verifiers.json')) return Promise.all(cases.map(verifierCase))
  if (file.path.endsWith('invalid.json')) return Promise.all(cases.map(invalidCase))
  throw new TypeError(`${file.path} is no file of SPAKE2+ vectors that is known here`)
}

async function verifierCase(vector: VectorReader): Promise<CaseResult> {
  const input = {
    passcode: vector.number('passcode'),
    salt: vector.octets('salt'),
    iterations: vector.number('iterations'),
  }
  const password = new Uint8Array(4)
  new DataView(password.buffer).setUint32(0, input.passcode, true)
  const { salt, iterations } = input
  const pbkdf2 = await pbkdf2Sha256({ password, salt, iterations, length: 80 })
  const scalars = await spake2pScalars(input)
  const derived = await spake2pVerifier(input)
  const actual: readonly (readonly [string, string])[] = [
    ['saltBase64', toBase64(salt)],
    ['pbkdf2', toHex(pbkdf2)],
    ['w0s', toHex(pbkdf2.subarray(0, 40))],
    ['w1s', toHex(pbkdf2.subarray(40))],
    ['w0', toHex(scalars.w0)],
    ['w1', toHex(scalars.w1)],
    ['L', toHex(derived.L)],
    ['verifier', toHex(derived.verifier)],
    ['verifierBase64', toBase64(derived.verifier)],
  ]
  const named = actual.filter(([name]) => vector.has(name))
  const wanted = named.map(([name]) => `${name} ${vector.text(name)}`)
  const given = named.map(([name, value]) => `${name} ${value}`)
  return compared(vector.id, wanted.join(', '), given.join(', '))
}

/** The first rule of the parameters that is broken is the expected one. */
async function invalidCase(vector: VectorReader): Promise<CaseResult> {
  const findings = await checkFactoryData(
    {
      passcode: vector.number('passcode'),
      salt: vector.octets('salt'),
      iterations: vector.number('iterations'),
      verifier: vector.has('verifier') ? vector.octets('verifier') : undefined,
    },
    { profile: profiles.wba, mode: 'provisioning', policy: 'test' },
  )
  const broken = findings.find(({ rule }) => rule >= 'FD-014' && rule <= 'FD-020')
  return compared(vector.id, vector.text('rule'), broken?.rule ?? 'nothing')
}
