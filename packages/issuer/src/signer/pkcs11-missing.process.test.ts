import { encodeUtf8, Secret } from '@keyline/bytes'
import { expect, it, vi } from 'vitest'
import { openPkcs11Signer } from './pkcs11-signer.ts'

vi.mock('pkcs11js', () => {
  throw new Error('not installed')
})

it('without the package pkcs11js, a key in a module is refused with the way to get it', async () => {
  const key = { token: 'T', object: 'pai', modulePath: '/usr/lib/p11.so' }
  const opened = openPkcs11Signer({ key, pin: new Secret(encodeUtf8('1234')) })
  await expect(opened).rejects.toMatchObject({
    code: 'ISSUER_MODULE',
    fault: 'operator',
    remedy: expect.stringContaining('npm install pkcs11js') as string,
  })
})
