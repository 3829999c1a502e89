import { buildFirmwareImage } from '../image/firmware-image.ts'
import type { FirmwareBuild, FirmwareKind } from '../image/firmware-image.ts'
import { magicTrailer, slotLayouts } from '../part/slot-layout.ts'
import type { Exchange } from './scripted-host.ts'
import { provisioningImage } from './scripted-host.ts'
import type { ToolFixture } from './tool-fixture.ts'

const size = 20_000

export function firmware(
  kind: FirmwareKind,
  build: FirmwareBuild & { readonly isSigned?: boolean; readonly version?: string } = {},
): Uint8Array {
  return buildFirmwareImage({ kind, name: kind, version: '2.0.0', size, ...build })
}

export interface SecureFlow {
  readonly layout: 'wba' | 'wba-tfm' | 'u5'
  readonly script: 'provisioning' | 'SBSFU_UPDATE'
  readonly loader?: string | undefined
}

/** The three secure flows of provisioning-station sections 5.3 and 5.4. */
export const secureFlows = {
  'wba security 1': { layout: 'wba', script: 'provisioning', loader: 'M95P32_STM32WBA65I-DK1' },
  'wba security 2': { layout: 'wba-tfm', script: 'provisioning', loader: 'M95P32_STM32WBA65I-DK1' },
  'u5 security 1': { layout: 'u5', script: 'SBSFU_UPDATE' },
} as const satisfies Readonly<Record<string, SecureFlow>>

/** Regression, scripts, data, exchange, application and trailer; ends behind the boot of the application. */
export async function runSecureFlow(
  fixture: ToolFixture,
  flow: SecureFlow,
  application: Uint8Array = firmware('application', { isSigned: true }),
): Promise<Exchange> {
  const security = flow.layout === 'wba-tfm' ? 2 : 1
  for (const name of ['regression', flow.script] as const) {
    const { exitCode, output } = await fixture.script(name, { security })
    if (exitCode !== 0) throw new TypeError(output)
  }
  await fixture.program(0x081e_c000, provisioningImage())
  await fixture.target('-rst')
  const exchanged = await fixture.provision('test')
  const { secondary, size: slot } = slotLayouts[flow.layout]
  await fixture.program(secondary, application, flow.loader)
  await fixture.program(secondary + slot - 16, magicTrailer, flow.loader)
  await fixture.target('-rst')
  await fixture.boot()
  return exchanged
}
