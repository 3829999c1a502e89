import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { equalOctets, parseJson, systemRandom, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { openStation } from '@keyline/cli/wiring'
import { UnitFileHeader } from '@keyline/ledger/records'
import { decodeImage } from '@keyline/matter'
import { plainLines, sealedLines, type UnitRecord } from '@keyline/station'
import { homeOf } from '../../support/line.ts'
import type { Place } from './place.ts'

/**
 * Everything that is wrong with the file of a finished batch and with what the ledger has of it: exactly its units,
 * all distinct, each in both, none in one alone.
 */
export async function auditBatch(
  place: Place,
  expected: { readonly file: string; readonly units: number },
): Promise<readonly string[]> {
  const station = await openStation({ home: homeOf(place.folder), policy: 'test', mustExist: true })
  const problems: string[] = []
  try {
    const input = createInterface({ input: createReadStream(expected.file) })
    const texts: string[] = []
    for await (const line of input) texts.push(line)
    const [first = '', ...lines] = texts
    const header = UnitFileHeader.parse(parseJson(first, 'header'))
    const key = { key: station.storeKey, random: systemRandom, batch: header.batch }
    const reader = header.sealed ? sealedLines(key) : plainLines
    const distinct = new Map<string, Set<string>>()
    const seen = (what: string, value: string): void => {
      const known = distinct.get(what) ?? new Set()
      distinct.set(what, known)
      if (known.has(value)) problems.push(`${what} ${value} twice`)
      known.add(value)
    }
    if (lines.length !== expected.units) problems.push(`${lines.length} lines`)
    for (const [index, line] of lines.entries()) {
      let record: UnitRecord
      try {
        record = reader.read(line)
      } catch (error) {
        problems.push(`line ${index + 1} cannot be read: ${String(error)}`)
        continue
      }
      if (record.unit !== index + 1) problems.push(`line ${index + 1} holds unit ${record.unit}`)
      const { data, findings } = decodeImage(record.image)
      if (findings.length > 0) problems.push(`the image of unit ${record.unit} has findings`)
      seen('serial number', record.serialNumber)
      seen('key', toHex(data.dacPublicKey ?? new Uint8Array()))
      seen('salt', toHex(data.salt ?? new Uint8Array()))
      const dac = data.dacCertificate ?? new Uint8Array()
      seen('certificate', toHex(sha256(dac)))
      const report = await station.ledger.unit(record.serialNumber)
      const [certificate] = report?.certificates ?? []
      if (certificate === undefined || !equalOctets(certificate.certificate, dac)) {
        problems.push(`the ledger has another certificate of unit ${record.unit}`)
      }
    }
    const batch = await station.ledger.batch(header.batch)
    if (batch?.recorded !== expected.units) problems.push(`the ledger has ${batch?.recorded}`)
    const pool = await station.ledger.serialPool('test')
    if (pool?.issued !== expected.units || pool.held !== 0) {
      problems.push(`the ledger has ${pool?.issued} units, and ${pool?.held} that miss`)
    }
  } finally {
    await station.close()
  }
  return problems
}
