import { VirtualClock } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import { decodeImage } from '@keyline/matter'
import { parseRequest } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { buildFirmwareImage } from '../image/firmware-image.ts'
import {
  exchange,
  proofMessage,
  provisioningImage,
  ScriptedHost,
} from '../testing/scripted-host.ts'
import { openBench } from './bench.ts'

const factoryData = 0x081e_c000
const boot = 0x0800_0000
const provisioning = buildFirmwareImage({
  kind: 'provisioning-X1',
  name: 'x1',
  version: '1.0.0',
  size: 614_400,
})

describe('a bench', () => {
  it('takes a fresh board through programming and exchange', async () => {
    const clock = new VirtualClock()
    using bench = openBench({ slots: 1, clock, seed: 'first light' })
    const [probe] = await bench.list()
    if (probe === undefined) throw new TypeError('no probe')
    await bench.download(probe.serialNumber, factoryData, provisioningImage())
    await bench.download(probe.serialNumber, boot, provisioning)
    await bench.reset(probe.serialNumber)
    const host = new ScriptedHost(await bench.open(probe.port), clock)
    const result = await exchange(host)
    expect(result.finish).toBe('000')
    expect(result.stored).toBe('{"store":"flash"}')

    const region = await bench.read(probe.serialNumber, factoryData, 61_440)
    const { data } = decodeImage(region)
    expect(data.dacCertificate).toEqual(result.dac)
    expect(data.paiCertificate).toEqual(result.pai)
    expect(data.dacPublicKey).toEqual(parseRequest(result.csr ?? region).publicKey?.point)
    const publicKey = p256PublicKey(data.dacPublicKey ?? region)
    const signature = result.proof ?? region
    expect(verifyP256({ publicKey, message: proofMessage, signature })).toBe(true)
  })
})
