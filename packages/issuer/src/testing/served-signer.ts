import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { SignatureCounter } from '../signer/signature-counter.ts'
import { serveSigner } from '../signer/signer-server.ts'
import { createSigningCheck } from '../signer/signing-check.ts'

/** A signer behind a socket, in this process. */
export interface ServedSigner {
  readonly address: string
  readonly path: string
  readonly counter: SignatureCounter
  close(): Promise<void>
}

export async function served(
  signer: Signer,
  pai: Uint8Array,
  limits: { readonly limit?: number } = {},
): Promise<ServedSigner> {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-signer-'))
  const path = join(folder, 'pai.sock')
  const { publicKey } = signer
  const counter = await SignatureCounter.open({
    path: join(folder, 'signer.count'),
    publicKey,
    clock: systemClock,
    ...limits,
  })
  const server = await serveSigner({ path, signer, check: createSigningCheck(pai), counter })
  return {
    address: `unix:${path}`,
    path,
    counter,
    close: async () => {
      await server.close()
      await counter.close()
      rmSync(folder, { recursive: true })
    },
  }
}
