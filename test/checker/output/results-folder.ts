import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'

const Passport = z.object({
  serialNumber: z.string(),
  unit: z.string(),
  order: z.string(),
  board: z.string().nullable(),
  verdict: z.unknown(),
  certificates: z.array(z.object({ sha256: z.string(), state: z.string() })),
})
export type Passport = z.infer<typeof Passport>

const Manifest = z.object({
  order: z.string(),
  units: z.array(
    z.object({
      serialNumber: z.string(),
      unit: z.string(),
      verdict: z.string(),
      certificate: z.object({ sha256: z.string() }).optional(),
    }),
  ),
  audit: z.object({ seq: z.number(), hash: z.string() }),
  signature: z.object({ publicKey: z.string(), value: z.string() }),
})
export type Manifest = z.infer<typeof Manifest>

export interface UnitResults {
  readonly folder: string
  /** Written last: where it is missing, the folder is not complete. */
  readonly passport: Passport | undefined
  /** Text of `onboarding.txt`. */
  readonly onboarding: string
  /** DER of each certificate of the chain file. */
  readonly chain: readonly Uint8Array[]
}

/** What stands in the results folder of one order. */
export interface OrderResults {
  readonly units: readonly UnitResults[]
  readonly manifest: Manifest | undefined
  /** The whole document as it was signed, without its signature. */
  readonly manifestBody: unknown
  readonly paa: Uint8Array | undefined
  readonly pai: Uint8Array | undefined
  /** What verifiers get of the order. */
  readonly corim: Uint8Array | undefined
}

export function readResults(folder: string): OrderResults {
  const units = join(folder, 'units')
  const corim = join(folder, `${basename(folder)}.corim`)
  const names = existsSync(units) ? readdirSync(units) : []
  const manifest = readJson(join(folder, 'manifest.json'))
  return {
    units: names.map((name) => readUnit(join(units, name))),
    manifest: manifest === undefined ? undefined : Manifest.parse(manifest),
    manifestBody: withoutSignature(manifest),
    paa: readPem(join(folder, 'paa.pem'))[0],
    pai: readPem(join(folder, 'pai.pem'))[0],
    corim: existsSync(corim) ? readFileSync(corim) : undefined,
  }
}

function readUnit(folder: string): UnitResults {
  const passport = readJson(join(folder, 'passport.json'))
  return {
    folder,
    passport: passport === undefined ? undefined : Passport.parse(passport),
    onboarding: readText(join(folder, 'onboarding.txt')) ?? '',
    chain: readPem(join(folder, 'dac-chain.pem')),
  }
}

function withoutSignature(manifest: unknown): unknown {
  if (typeof manifest !== 'object' || manifest === null) return undefined
  return Object.fromEntries(Object.entries(manifest).filter(([name]) => name !== 'signature'))
}

function readPem(file: string): readonly Uint8Array[] {
  const text = readText(file) ?? ''
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)
  return [...blocks].map(([, base64 = '']) => Buffer.from(base64, 'base64'))
}

function readJson(file: string): unknown {
  const text = readText(file)
  return text === undefined ? undefined : JSON.parse(text)
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
