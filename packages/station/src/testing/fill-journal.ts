import { isKeylineError, systemClock } from '@keyline/bytes'
import { Journal } from '../journal/journal-file.ts'
import { readJournal } from '../journal/journal-reader.ts'
import { entry } from './scripted-journal.ts'

/** What became of a journal that was written until nothing went any more. */
interface FilledJournal {
  /** Records that were acknowledged while the journal had room, and after the reserve was taken. */
  readonly withRoom: number
  readonly fromReserve: number
  /** Codes of the first refused record and of the one behind it. */
  readonly refusals: readonly string[]
  readonly hasRoom: boolean
  /** Records that stand in the file afterwards. */
  readonly kept: number
  /** What a new process gets. */
  readonly reopened: string
}

/** Writes records into the journal of a folder until the system refuses more, then looks at what is there. */
async function fillJournal(folder: string, reserveOctets: number): Promise<FilledJournal> {
  const options = { folder, clock: systemClock, reserveOctets }
  const { journal } = await Journal.open(options)
  let [withRoom, fromReserve] = [0, 0]
  const refusals: string[] = []
  while (refusals.length < 2) {
    try {
      await journal.append(entry('outcome', 'exchange', { facts: 'f'.repeat(200) }))
      if (journal.hasRoom) withRoom++
      else fromReserve++
    } catch (error) {
      refusals.push(codeOf(error))
    }
  }
  const { hasRoom } = journal
  const { records } = await readJournal(`${folder}/journal.jsonl`)
  const reopened = await Journal.open(options).then(() => 'open', codeOf)
  return { withRoom, fromReserve, refusals, hasRoom, kept: records.length, reopened }
}

function codeOf(error: unknown): string {
  return isKeylineError(error) ? error.code : String(error)
}

/** Program: `fill-journal FOLDER RESERVE` prints what became of the journal as JSON. */
const [, , folder, reserve] = process.argv
if (folder !== undefined && reserve !== undefined) {
  process.stdout.write(JSON.stringify(await fillJournal(folder, Number(reserve))))
}
