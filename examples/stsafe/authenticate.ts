// Device authentication: is the chip one that its maker has certified, and does it hold the certified key?
//
//   npx tsx examples/stsafe/authenticate.ts [DEVICE] [--root=FILE.pem]
//
// A chip of production is judged by the root of its maker, which the library knows; a simulated one by a root for tests.
// No preparation is needed: the factory has written certificate and key.
import { readFile } from 'node:fs/promises'
import { isKeylineError, toHexUpper } from '@keyline/bytes'
import { stsafeRoot } from '@keyline/stsafe'
import { attributeText, parseCertificate, pemDecode, readName } from '@keyline/x509'
import { openChip, print, printOctets, testRoot } from './chip.ts'

const subjectOf = (der: Uint8Array): string =>
  readName(parseCertificate(der).subject)
    .map((attribute) => attributeText(attribute) ?? '?')
    .join(', ')

const file = process.argv.find((word) => word.startsWith('--root='))?.slice('--root='.length)
const hasDevice = process.argv.slice(2).some((word) => !word.startsWith('--'))
const isReal = hasDevice || process.env['KEYLINE_STSAFE'] !== undefined

print('STSAFE-A120: device authentication')
await using chip = await openChip()

const known = isReal ? stsafeRoot : testRoot.certificate
const root = file === undefined ? known : pemDecode(await readFile(file, 'utf8'), 'CERTIFICATE')
print(`- Root         ${subjectOf(root)}`)
try {
  const { certificate, serialNumber } = await chip.authentication.authenticate({ root })
  print(`- Certificate  ${subjectOf(certificate)}, ${certificate.length} octets in zone 0`)
  printOctets('Serial number', serialNumber)
  printOctets('Public key', parseCertificate(certificate).spki.key.octets)
  print(`- Certificate ${toHexUpper(serialNumber)} is issued by the root: PASS`)
  print('- Challenge signed with the certified key: PASS')
  print('Device authentication: Successful')
} catch (error) {
  if (!isKeylineError(error)) throw error
  print(`Device authentication: Failed (${error.code}: ${error.message})`)
  process.exitCode = 1
}
