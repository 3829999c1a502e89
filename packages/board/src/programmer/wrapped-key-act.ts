import { toHex } from '@keyline/bytes'
import { parseRsseParameters, PsaError, type RsseExportOptions } from '@keyline/psa'
import { exportWrappedKey } from '../bench/wrapped-key.ts'
import { BoardError } from '../errors.ts'
import { readFirmwareHeader } from '../image/firmware-image.ts'
import type { Operation } from './operation.ts'
import { fileOf, type Session } from './session.ts'

/** How the name of a simulated service binary begins. */
export const rsseServiceName = 'RSSe_KW_'

/** `-rssekw`: loads the service, exports a wrapped key, writes its container. @throws BoardError `BOARD_RSSE` */
export async function exportContainer(
  session: Session,
  operation: Extract<Operation, { readonly cmd: 'wrappedKeyExport' }>,
): Promise<void> {
  const { board, print, signal } = session
  const service = readFirmwareHeader(await fileOf(session, operation.service))
  if (service?.name.startsWith(rsseServiceName) !== true) {
    throw new BoardError('BOARD_RSSE', `${operation.service} is not an RSSe-KW binary`)
  }
  const options = optionsOf(operation.parameters)
  const { userKey: path } = operation
  const userKey = path === undefined ? undefined : await fileOf(session, path)
  print(`\nRSSe-KW ${service.version} is running\n`)
  const exported = await exportWrappedKey(board, { ...options, userKey }, signal)
  userKey?.fill(0)
  await session.writeFile(operation.output, exported.container)
  if (exported.publicKey !== undefined) {
    print(`Public key  : ${toHex(exported.publicKey).toUpperCase()}\n`)
  }
  print(
    `\nWrapped key is saved in the file ${operation.output}\n\nRSSe-KW command execution finished\n`,
  )
}

function optionsOf(parameters: readonly string[]): RsseExportOptions {
  try {
    return parseRsseParameters(parameters)
  } catch (cause) {
    if (!(cause instanceof PsaError)) throw cause
    throw new BoardError('BOARD_RSSE', cause.message, { cause })
  }
}
