import { stm32u385 } from '../part/part-table.ts'
import { buildFirmwareImage } from '../image/firmware-image.ts'
import { ToolFixture, type CallResult, type ToolFixtureOptions } from './tool-fixture.ts'

export const deviceKeyApplication = buildFirmwareImage({
  kind: 'attestation',
  name: 'attestation',
  version: '1.4.0',
  size: 20_000,
})

export const rsseService = buildFirmwareImage({
  kind: 'inert',
  name: 'RSSe_KW_U375_U385',
  version: '1.0.0',
  size: 4096,
})

export const containerAddress = 0x080f_f000
export const exportWords =
  '-rssekw rsse.bin container.bin KeyType=eccchipfu ExportPublicKey=Yes WrappingKeySelect=DHUK ' +
  'KeyUsage=ECDSA_USAGE_SIGN SecAttr=NON_SECURE PrivAttr=PRIVILEGE'

/** An STM32U385 with the tools of a line. */
export function deviceKeyFixture(options: Omit<ToolFixtureOptions, 'part'> = {}): ToolFixture {
  const fixture = new ToolFixture({ part: stm32u385, timing: 'none', ...options })
  fixture.files.set('rsse.bin', rsseService)
  return fixture
}

/** Exports the wrapped key for RDP level 1, and opens the board again, which erases it. */
export async function exportForLevel1(fixture: ToolFixture): Promise<CallResult> {
  await fixture.target('-ob RDP=0xBB')
  await fixture.target('-rst')
  const exported = await fixture.target(exportWords)
  await fixture.target('-ob RDP=0xAA')
  await fixture.target('-rst')
  return exported
}

/**
 * The flow of a board with a device key (attestation chapter 1): export at the level that the board will have,
 * application with the container, protection, reset. Ends with a running application.
 */
export async function runDeviceKeyFlow(fixture: ToolFixture): Promise<void> {
  const { exitCode, output } = await exportForLevel1(fixture)
  if (exitCode !== 0) throw new TypeError(output)
  await programDeviceKey(fixture)
}

/** The second half: the container in the files of the fixture, and the application. */
export async function programDeviceKey(fixture: ToolFixture): Promise<void> {
  const container = fixture.files.get('container.bin') ?? new Uint8Array(0)
  await fixture.program(0x0800_0000, deviceKeyApplication)
  await fixture.program(containerAddress, container)
  await fixture.target('-ob RDP=0xBB')
  await fixture.target('-rst')
  await fixture.boot()
}
