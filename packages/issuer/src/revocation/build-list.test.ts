import { toHex, VirtualClock } from '@keyline/bytes'
import { keyPairSigner } from '@keyline/crypto'
import { expect, it } from 'vitest'
import { MemoryLists } from '../testing/memory-lists.ts'
import { testPki, today } from '../testing/test-line.ts'
import { ListBuilder } from './build-list.ts'
import { openListAuthority } from './list-authority.ts'
import { defaultListPolicy } from './list-life.ts'

it('a list is not made from fewer revocations than the ledger counts', async () => {
  const { pai } = await testPki()
  const signer = keyPairSigner(pai.keyPair)
  const authority = openListAuthority({ issuer: pai.certificate, signer })
  const keyId = authority.issuerKeyId
  const store = new MemoryLists()
  const revokedAt = today.getTime()
  store.revoke(keyId, { serialNumber: toHex(Uint8Array.of(7)), reason: 'keyCompromise', revokedAt })
  const snapshot = await store.openCrl(keyId)
  const forgetful = Object.assign(store, {
    openCrl: () => Promise.resolve({ ...snapshot, count: 2 }),
  })
  const clock = new VirtualClock(today.getTime())
  const builder = new ListBuilder({ authority, store: forgetful, clock, policy: defaultListPolicy })
  await expect(builder.build()).rejects.toMatchObject({
    code: 'ISSUER_STORE_DOWN',
    message: expect.stringContaining('1 of 2'),
  })
  expect(await store.crl(keyId)).toBeUndefined()
})
