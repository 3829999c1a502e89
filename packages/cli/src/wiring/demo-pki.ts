import { rm } from 'node:fs/promises'
import { encodeUtf8, Secret, systemRandom, toHex } from '@keyline/bytes'
import { createPki } from '@keyline/issuer'
import type { Ledger } from '@keyline/ledger'
import { CliError } from '../errors.ts'
import type { OpenStation } from './open-station.ts'
import { hasPki, openPki, writePki, type LinePki } from './pki.ts'

const settingName = 'demo-pki-passphrase'

/**
 * The PKI of the demo, made at its first run. Its passphrase is drawn and rests sealed in the ledger, so that
 * nobody types one; it lies apart from the PKI that `keyline pki init` makes.
 * @throws CliError `CLI_PASSPHRASE` when the ledger is not the one that sealed the passphrase
 */
export async function demoPki(station: OpenStation, vendorId: number): Promise<LinePki> {
  const { home, ledger } = station
  const folder = home.demoPkiFolder
  const sealed = await ledger.setting(settingName)
  if (await hasPki(folder)) {
    if (sealed !== undefined) return openPki(folder, sealed)
    throw new CliError('CLI_PASSPHRASE', `the ledger does not hold the passphrase of ${folder}`, {
      remedy: 'remove that folder, then the demo makes another PKI; or use the ledger of its runs',
    })
  }
  const passphrase = sealed ?? (await sealNewPassphrase(ledger))
  // Without its PAI key, the last file that is written, a PKI was never used.
  await rm(folder, { recursive: true, force: true })
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const pki = await createPki({ vendorId, notBefore, random: systemRandom })
  await writePki(folder, { pki, passphrase, random: systemRandom })
  return openPki(folder, passphrase)
}

async function sealNewPassphrase(ledger: Ledger): Promise<Secret> {
  const passphrase = new Secret(encodeUtf8(toHex(systemRandom.bytes(24))))
  await ledger.setSetting(settingName, passphrase)
  return passphrase
}
