import { BytesError, parseJson } from '@keyline/bytes'
import { commandAccessCodes, type CommandAccess } from '@keyline/stsafe/layout'
import { StsafeSimError } from '../errors.ts'
import { chipOf, type Profile, type ProfileZone } from './profile.ts'

/** Reads a profile from a data file and proves that a chip can be made of it. @throws StsafeSimError `SIM_PROFILE` */
export function parseProfile(text: string): Profile {
  try {
    const file = membersOf(parseJson(text, 'a profile'), 'the profile')
    const profile: Profile = {
      productData: textOf(file, 'productData'),
      i2cParameters: textOf(file, 'i2cParameters'),
      lifeCycleState: textOf(file, 'lifeCycleState'),
      commandAccess: accessOf(file),
      hostKeyControl: textOf(file, 'hostKeyControl'),
      symmetricSlots: wholeOf(file, 'symmetricSlots', 255),
      symmetricKeyControl: textOf(file, 'symmetricKeyControl'),
      globalUsageLimit: wholeOf(file, 'globalUsageLimit', 0xffff),
      privateKeySlots: listOf(file, 'privateKeySlots').map((slot) => whole(slot, 'a slot', 255)),
      privateKeyMode: textOf(file, 'privateKeyMode'),
      publicKeySlots: wholeOf(file, 'publicKeySlots', 255),
      publicKeyFlags: textOf(file, 'publicKeyFlags'),
      envelopeKeySlots: wholeOf(file, 'envelopeKeySlots', 255),
      zones: listOf(file, 'zones').map((zone) => zoneOf(zone)),
    }
    chipOf(profile)
    return profile
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new StsafeSimError('SIM_PROFILE', cause.message, { cause })
  }
}

type Members = ReadonlyMap<string, unknown>

function zoneOf(value: unknown): ProfileZone {
  const zone = membersOf(value, 'a zone')
  const conditions = textOf(zone, 'conditions')
  const length = wholeOf(zone, 'length', 0xffff)
  if (!zone.has('counter')) return { conditions, length }
  return { conditions, length, counter: wholeOf(zone, 'counter', 0xffff_ffff) }
}

function accessOf(file: Members): Profile['commandAccess'] {
  const access: Record<string, CommandAccess> = {}
  for (const [code, name] of membersOf(file.get('commandAccess'), 'commandAccess')) {
    if (typeof name !== 'string' || !isAccess(name)) {
      throw fail(`commandAccess.${code} is no access condition`)
    }
    access[code] = name
  }
  return access
}

function isAccess(name: string): name is CommandAccess {
  return Object.hasOwn(commandAccessCodes, name)
}

function membersOf(value: unknown, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fail(`${what} is no object`)
  }
  return new Map(Object.entries(value))
}

function textOf(members: Members, name: string): string {
  const value = members.get(name)
  if (typeof value === 'string') return value
  throw fail(`${name} is no text`)
}

function listOf(members: Members, name: string): readonly unknown[] {
  const value = members.get(name)
  if (Array.isArray(value) && value.length <= 255) return value
  throw fail(`${name} is no list of at most 255`)
}

function wholeOf(members: Members, name: string, most: number): number {
  return whole(members.get(name), name, most)
}

function whole(value: unknown, name: string, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) {
    return value
  }
  throw fail(`${name} is not a whole number of 0 to ${most}`)
}

function fail(message: string): StsafeSimError {
  return new StsafeSimError('SIM_PROFILE', message)
}
