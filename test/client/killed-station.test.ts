import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keyline, startKeyline, type KeylineProcess } from '../cli/support/keyline.ts'
import { unitsIn } from '../line/support/outcome.ts'
import { homeOf, temporaryFolder, writeOrder } from '../support/line.ts'
import { startTestServer } from './support/running-server.ts'

it('a station that is killed between the certificate and its own record of it gives it back', async () => {
  await using folder = await temporaryFolder()
  let station: KeylineProcess | undefined
  await using server = await startTestServer(join(folder.path, 'server'), {
    onIssued: async () => {
      const { process: child } = station ?? {}
      if (child === undefined || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  })
  const officer = await server.enrol('officer', 'officer')
  const credentials = await server.enrol('station-1', 'station')
  const order = await writeOrder(folder.path)
  await keyline('order', 'create', order, '--credentials', officer)
  const args = ['--fast', '--issuer', server.url, '--credentials', credentials]
  const places = ['--home', homeOf(folder.path), '--results', join(folder.path, 'results')]
  station = startKeyline(['provision', order, ...args, ...places])
  await station.ended
  expect(station.process.signalCode).toBe('SIGKILL')

  const own = async () => (await unitsIn(folder.path)).flatMap(({ certificates }) => certificates)
  expect(await own()).toEqual([])
  const [unit] = await unitsIn(folder.path)
  const atServer = () => server.ledger.certificateRecords(unit?.unit.id ?? '')
  expect(await atServer()).toMatchObject([{ state: 'live' }])

  const resumed = await keyline('provision', order, ...args, ...places, '--resume')
  expect(resumed).toMatchObject({ code: 0, err: '' })
  expect(resumed.out).toMatch(/the issuer had certificate .* whose answer was lost: it is revoked/)
  const states = (await own()).map(({ sha256, state }) => [sha256, state])
  expect(states.map(([, state]) => state)).toEqual(['void', 'live'])
  expect((await atServer()).map(({ sha256, state }) => [sha256, state])).toEqual(states)
  expect(await server.ledger.order('order-1')).toMatchObject({ certificatesUsed: 2 })
})
