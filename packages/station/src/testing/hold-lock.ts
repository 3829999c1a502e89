import { isKeylineError } from '@keyline/bytes'
import { takeLock, type Lock } from '../line/lock.ts'

/**
 * A process that takes a lock for each line that it is told, and says `taken` or why not.
 * A line is `take`, `release` or, to die without releasing, `die`.
 */
const [, , folder = '', name = ''] = process.argv
let lock: Lock | undefined

process.on('message', (order: string) => void obey(order))
process.send?.('ready')

async function obey(order: string): Promise<void> {
  if (order === 'die') process.kill(process.pid, 'SIGKILL')
  process.send?.(order === 'take' ? await take() : await release())
}

async function take(): Promise<string> {
  try {
    lock = await takeLock(folder, name)
    return 'taken'
  } catch (error) {
    return isKeylineError(error) ? `${error.code} ${error.message}` : String(error)
  }
}

async function release(): Promise<string> {
  await lock?.release()
  lock = undefined
  return 'released'
}
