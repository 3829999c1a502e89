import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkpointFolder, homeAt } from './home.ts'

describe('where the checkpoint of a ledger goes', () => {
  afterEach(() => vi.unstubAllEnvs())

  it.each([
    ['into the home', '', join(resolve('plant'), 'checkpoint')],
    [
      'where KEYLINE_CHECKPOINTS says, which a restore of the home leaves alone',
      'apart',
      resolve('apart'),
    ],
  ])('is %s', (_, named, folder) => {
    vi.stubEnv('KEYLINE_CHECKPOINTS', named)
    expect(checkpointFolder(homeAt('plant'))).toBe(folder)
  })
})
