import { existsSync } from 'node:fs'
import { z } from 'zod'
import { openSqliteFile } from '../../checker/output/sqlite-file.ts'

const Row = z.object({ sha256: z.string(), unit_id: z.string(), state: z.string() })
type Row = z.infer<typeof Row>

/**
 * What is wrong between the ledgers of a station and of its issuer once a run has ended, by plain SQL: a unit with two
 * live certificates at either end, one that lives at one end alone, or one that the station has never heard of.
 */
export function checkBothEnds(station: string, issuer: string): readonly string[] {
  const [here, there] = [certificatesIn(station), certificatesIn(issuer)]
  const states = new Map(here.map(({ sha256, state }) => [sha256, state]))
  return [
    ...doubled(here, 'the station'),
    ...doubled(there, 'the issuer'),
    ...there.flatMap(({ sha256, state }) => {
      const own = states.get(sha256)
      if (own === state) return []
      return [`certificate ${sha256} is ${state} at the issuer, ${own ?? 'unknown'} at the station`]
    }),
  ]
}

function doubled(rows: readonly Row[], place: string): readonly string[] {
  const live = rows.filter(({ state }) => state === 'live').map((row) => row.unit_id)
  const twice = live.filter((unit, index) => live.indexOf(unit) !== index)
  return twice.map((unit) => `unit ${unit} has two live certificates at ${place}`)
}

function certificatesIn(file: string): readonly Row[] {
  if (!existsSync(file)) return []
  const database = openSqliteFile(file)
  try {
    return z.array(Row).parse(database.rows('select sha256, unit_id, state from certificate'))
  } finally {
    database.close()
  }
}
