import { describe, expect, it } from 'vitest'
import { deviceKeyFixture, programDeviceKey, rsseService } from '../testing/device-key-flow.ts'
import { deviceKeyCalls, deviceKeyScript } from './device-key-script.ts'

const { service, containers } = deviceKeyScript

describe('the script that exports the device keys', () => {
  it('leaves two containers that open at RDP level 1, and an open board', async () => {
    using fixture = deviceKeyFixture()
    fixture.files.set(service, rsseService)
    for (const words of deviceKeyCalls) {
      const { exitCode, output } = await fixture.target(words.join(' '))
      expect(exitCode, output).toBe(0)
    }
    const [licence, free] = [containers.eccchiplu, containers.eccchipfu].map((file) =>
      fixture.files.get(file),
    )
    expect(licence).toHaveLength(112)
    expect(licence).not.toEqual(free)
    expect(fixture.bench.board(1).options.rdp).toBe(0)
    fixture.files.set('container.bin', free ?? new Uint8Array(0))
    await programDeviceKey(fixture)
    const host = await fixture.host()
    await host.send('IAKREQ')
    expect(await host.hear('IAKRSP')).toBeDefined()
  })
})
