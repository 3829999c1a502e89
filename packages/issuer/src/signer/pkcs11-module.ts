import type * as Pkcs11js from 'pkcs11js'
import { IssuerError } from '../errors.ts'

/** The package, as it is loaded. */
type Package = typeof Pkcs11js

/** A slot, a session or an object, as the module numbers it. */
export type Handle = Pkcs11js.Handle
export type Template = Pkcs11js.Template

/** A loaded module (shared library) of PKCS#11. All signers of a process share it. */
export interface Pkcs11Module {
  readonly path: string
  readonly library: Pkcs11js.PKCS11
  readonly names: Package
  /** Initialises the library anew when nobody else uses it: some find a token that came back only then. */
  restart(): void
  release(): void
}

interface LoadedModule {
  readonly library: Pkcs11js.PKCS11
  readonly names: Package
  isReady: boolean
  /** False when another part of the process has initialised the library: then it is not ours to end. */
  isOwn: boolean
  users: number
}

const modules = new Map<string, LoadedModule>()

/**
 * Loads a module, or shares the one that is loaded. Several threads may use it: without locks of the operating system
 * it is refused. @throws IssuerError `ISSUER_MODULE`
 */
export async function openPkcs11Module(path: string): Promise<Pkcs11Module> {
  const names = await loadPackage()
  const loaded = modules.get(path) ?? loadLibrary(path, names)
  ready(loaded)
  modules.set(path, loaded)
  loaded.users += 1
  let isReleased = false
  return {
    path,
    library: loaded.library,
    names,
    restart: () => {
      if (loaded.users === 1 && loaded.isOwn) finalise(loaded)
      ready(loaded)
    },
    release: () => {
      if (isReleased) return
      isReleased = true
      loaded.users -= 1
      if (loaded.users > 0) return
      modules.delete(path)
      if (loaded.isOwn) finalise(loaded)
      tryTo(() => loaded.library.close())
    },
  }
}

/** The one place that loads the native package, which is optional. */
async function loadPackage(): Promise<Package> {
  try {
    const loaded = await import('pkcs11js')
    return loaded.default
  } catch (cause) {
    throw new IssuerError('ISSUER_MODULE', 'the package pkcs11js is not installed, or not built', {
      cause,
      remedy: 'run `npm install pkcs11js` where keyline is installed; it needs a C++ compiler',
    })
  }
}

function loadLibrary(path: string, names: Package): LoadedModule {
  const library = new names.PKCS11()
  try {
    library.load(path)
  } catch (cause) {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    throw new IssuerError('ISSUER_MODULE', `the module ${path} cannot be loaded${why}`, { cause })
  }
  return { library, names, isReady: false, isOwn: false, users: 0 }
}

/** Initialises a library that is not. @throws IssuerError `ISSUER_MODULE` */
function ready(loaded: LoadedModule): void {
  const { library, names, isReady } = loaded
  if (isReady) return
  try {
    library.C_Initialize({ flags: names.CKF_OS_LOCKING_OK })
    loaded.isOwn = true
  } catch (cause) {
    if (pkcs11Code(cause) !== names.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
      const message = `the module cannot be initialised: ${pkcs11Name(cause)}`
      throw new IssuerError('ISSUER_MODULE', message, {
        cause,
        remedy: 'check the configuration of the module, for SoftHSM the file SOFTHSM2_CONF',
      })
    }
    loaded.isOwn = false
  }
  loaded.isReady = true
}

function finalise(loaded: LoadedModule): void {
  loaded.isReady = false
  tryTo(() => loaded.library.C_Finalize())
}

/** The return value (CKR_…) that a call failed with; undefined when it was no failure of the module. */
export function pkcs11Code(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'number' ? error.code : undefined
}

/** `CKR_… of C_…`, or what else is known of a failure. */
export function pkcs11Name(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'method' in error && typeof error.method === 'string' && error.method !== ''
    ? `${error.message} of ${error.method}`
    : error.message
}

/** Ends what may have ended already. */
export function tryTo(end: () => void): void {
  try {
    end()
  } catch {
    // The module is gone, and with it what was to be ended.
  }
}
