import { systemClock, systemRandom } from '@keyline/bytes'
import {
  runProvisioningDialogue,
  type ExchangeHost,
} from '../../../packages/station/src/dialogue/provisioning-dialogue.ts'
import { createSerialPorts } from '../../../packages/station/src/serial/serial-ports.ts'

interface Station {
  certificateFor: ExchangeHost['certificateFor']
  log(text: string): void
}

const nothing = (): Promise<void> => Promise.resolve()

/** A manager for boards of profile X1, which brings their requests to the station. */
export async function Provisioning(
  mode: number,
  header: string,
  path: string,
  station: Station,
): Promise<readonly [message: string, code: number]> {
  const profile = await runProvisioningDialogue({
    port: await createSerialPorts().open(path),
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    mode: mode === 0 ? 'test' : 'production',
    host: {
      identified: ({ uid }) => {
        station.log(`${header} ${Buffer.from(uid).toString('hex')}`)
        return nothing()
      },
      reportsOnly: nothing,
      certificateFor: (csr) => station.certificateFor(csr),
      beforeCommit: nothing,
      stored: nothing,
      proven: nothing,
      restarted: nothing,
    },
  })
  return [profile, 0]
}
