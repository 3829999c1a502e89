import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeUtf8, Secret } from '@keyline/bytes'
import type { Pkcs11Uri } from '@keyline/issuer'
import type Pkcs11js from 'pkcs11js'
import { softhsmModule } from './softhsm-module.ts'

/** The PKCS#11 modules that tests run against: none under `KEYLINE_WITHOUT_HSM=1`, which is said in one line. */
export function modulesAtHand(): readonly { readonly module: string }[] {
  if (process.env['KEYLINE_WITHOUT_HSM'] !== '1') return [{ module: 'SoftHSM' }]
  process.stderr.write('KEYLINE_WITHOUT_HSM=1: the tests with a PKCS#11 module are left out\n')
  return []
}

/** The package `pkcs11js`, which is optional: loaded when a test needs it. */
export function pkcs11(): typeof Pkcs11js {
  // What the package exports, as its own declarations say.
  return createRequire(import.meta.url)('pkcs11js') as typeof Pkcs11js
}

export const userPin = '4711-user'

/**
 * A folder of tokens of this test's own, with one token in it. SoftHSM reads where it is from the environment of the
 * process when it is initialised: it must be a process, not a thread, and one of these folders at a time.
 */
export class TestToken implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'keyline-softhsm-'))
  readonly modulePath = softhsmModule()
  readonly label: string
  /** The first line of this file is the PIN. */
  readonly pinFile = join(this.folder, 'pin.txt')
  readonly configuration = join(this.folder, 'softhsm2.conf')
  readonly #before = process.env['SOFTHSM2_CONF']

  constructor(label = 'keyline test') {
    this.label = label
    const lines = [
      `directories.tokendir = ${this.tokens}`,
      'objectstore.backend = file',
      'log.level = ERROR',
    ]
    mkdirSync(this.tokens)
    writeFileSync(this.configuration, `${lines.join('\n')}\n`)
    writeFileSync(this.pinFile, `${userPin}\n`, { mode: 0o600 })
    process.env['SOFTHSM2_CONF'] = this.configuration
    this.#initialise()
  }

  /** Where SoftHSM keeps its tokens; what is removed here is a token that was pulled out. */
  get tokens(): string {
    return join(this.folder, 'tokens')
  }

  /** For the environment of a child process. */
  get env(): Readonly<Record<string, string>> {
    return { SOFTHSM2_CONF: this.configuration }
  }

  get pin(): Secret {
    return new Secret(encodeUtf8(userPin))
  }

  /** The name of a key in this token. */
  key(object: string, id?: Uint8Array): Pkcs11Uri {
    const { label: token, modulePath, pinFile } = this
    return { token, object, id, modulePath, pinFile }
  }

  #initialise(): void {
    const pkcs11js = pkcs11()
    const library = new pkcs11js.PKCS11()
    library.load(this.modulePath)
    library.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
    try {
      const [slot] = library.C_GetSlotList(false)
      if (slot === undefined) throw new Error('SoftHSM has no slot')
      // The label is padded by who calls.
      library.C_InitToken(slot, 'security officer', this.label.padEnd(32))
      const wanted = library
        .C_GetSlotList(true)
        .find((one) => library.C_GetTokenInfo(one).label.trim() === this.label)
      if (wanted === undefined) throw new Error('the new token is not there')
      const flags = pkcs11js.CKF_RW_SESSION | pkcs11js.CKF_SERIAL_SESSION
      const session = library.C_OpenSession(wanted, flags)
      library.C_Login(session, pkcs11js.CKU_SO, 'security officer')
      library.C_InitPIN(session, userPin)
      library.C_Logout(session)
    } finally {
      library.C_Finalize()
      library.close()
    }
  }

  [Symbol.dispose](): void {
    if (this.#before === undefined) delete process.env['SOFTHSM2_CONF']
    else process.env['SOFTHSM2_CONF'] = this.#before
    rmSync(this.folder, { recursive: true, force: true })
  }
}
