import { systemClock } from '@keyline/bytes'
import type { WorkOrder } from '@keyline/ledger/records'
import { flowOf, type RunOptions, type StationEvent } from '@keyline/station'
import { CliError } from '../errors.ts'
import { demoPki } from './demo-pki.ts'
import { homeAt } from './home.ts'
import { issuerAddress } from './issuer-address.ts'
import { openIssuer, requireKeysOf, type RemoteIssuer } from './issuer-open.ts'
import { readOptionalPassphrase } from './issuer-passphrase.ts'
import type { OpenStation } from './open-station.ts'
import { hasPki, openPki, passphraseOf, type LinePki } from './pki.ts'

export interface IssuerOfRun {
  readonly options: RunOptions
  readonly station: OpenStation
  readonly order: WorkOrder
  /** Folder of the station whose PKI it is. */
  readonly home: string
  readonly onEvent: (event: StationEvent) => void
}

/**
 * Who issues: `--issuer`, else the PKI of the station, else under policy `test` a PKI that is made for it.
 * @throws CliError `CLI_NO_PKI`, `CLI_PASSPHRASE`, `CLI_USAGE`
 */
export async function issuerOfRun(run: IssuerOfRun): Promise<LinePki | RemoteIssuer> {
  const { options, station, order, home, onEvent } = run
  const onWarning = (text: string): void => onEvent({ type: 'notice', text })
  if (options.issuer !== undefined) {
    const address = issuerAddress(options.issuer)
    requireKeysOf(address, flowOf(order))
    using passphrase = await readOptionalPassphrase(undefined)
    const credentials = process.env['KEYLINE_CREDENTIALS'] || 'keyline-credentials'
    const around = { order, clock: systemClock, onWarning, passphrase }
    return await openIssuer({ ...around, address, credentials })
  }
  const { pkiFolder } = homeAt(home)
  if (await hasPki(pkiFolder)) {
    using passphrase = await passphraseOf(pkiFolder, undefined)
    return await openPki(pkiFolder, passphrase)
  }
  if (order.policy === 'production') {
    throw new CliError('CLI_NO_PKI', `${pkiFolder} holds no PKI, and no --issuer is named`)
  }
  onWarning('no PKI is here: test certificates come from one that is made for this station')
  return demoPki(station, order.product.vendorId)
}
