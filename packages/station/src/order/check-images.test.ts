import { WorkOrder, type WorkOrderInput } from '@keyline/ledger/records'
import { describe, expect, it } from 'vitest'
import { magicTrailerOf } from './boot-slot.ts'
import { checkImages } from './check-images.ts'
import type { FirmwareImage } from './prepared-order.ts'

const zeros = '0'.repeat(64)

type ImageAddresses = Readonly<Record<string, number | undefined>>

/** An order with images of 4 KiB at the addresses. */
function orderOf(
  members: Partial<WorkOrderInput> & Pick<WorkOrderInput, 'platform' | 'security'>,
  addresses: ImageAddresses,
): WorkOrder {
  const images = Object.fromEntries(
    Object.entries(addresses).map(([kind, address]) => [
      kind,
      { file: `${kind}.bin`, sha256: zeros, address },
    ]),
  )
  return WorkOrder.parse({
    format: 'keyline-work-order/1',
    id: 'order-1',
    quantity: 1,
    serialNumbers: { pool: 'test', pattern: 'T-{######}' },
    product: {
      vendorId: 0xfff1,
      productId: 0x8004,
      vendorName: '',
      productName: '',
      hardwareVersion: 1,
      hardwareVersionString: '1',
    },
    certificationDeclaration: { file: 'cd.der', sha256: zeros },
    factoryDataAddress: members.platform === 'wb55' ? 0x901c_0000 : 0x081e_c000,
    images,
    ...members,
  })
}

function rulesOf(order: WorkOrder, length = 4096): readonly string[] {
  const image = (kind: keyof WorkOrder['images']): FirmwareImage | undefined => {
    const named = order.images[kind]
    return named && { octets: new Uint8Array(length), sha256: zeros, address: named.address }
  }
  const coprocessor = image('coprocessor')
  const findings = checkImages({
    order,
    images: {
      provisioning: image('provisioning'),
      application: image('application'),
      coprocessor: coprocessor && { ...coprocessor, file: '/coprocessor.bin' },
      magicTrailer:
        image('magicTrailer') ?? magicTrailerOf(order, order.images.application.address),
    },
  })
  return findings.map(({ rule, field }) => `${rule} ${field}`)
}

const both = { provisioning: 0x0800_0000, application: 0x0800_0000 }
const slot = { application: 0x7000_6000 }

describe('the images of an order', () => {
  it.each([
    ['WBA6 security 0', { platform: 'wba', security: 0 }, both],
    ['WBA6 security 1', { platform: 'wba', security: 1 }, slot],
    [
      'WBA6 security 1 without external memory',
      { platform: 'wba', security: 1 },
      { application: 0x0810_4000 },
    ],
    ['WBA6 security 2', { platform: 'wba', security: 2 }, { application: 0x7004_0000 }],
    ['U5', { platform: 'u5', security: 1 }, { application: 0x0810_0000 }],
    [
      'U5 with its trailer',
      { platform: 'u5', security: 1 },
      { application: 0x0810_0000, magicTrailer: 0x081e_5ff0 },
    ],
    ['WB55', { platform: 'wb55', security: 0 }, both],
    [
      'WB55 with coprocessor',
      { platform: 'wb55', security: 0, mode: 'production' },
      { ...both, coprocessor: 0x0809_4000 },
    ],
  ] as const)('of %s are lawful', (_, members, addresses) => {
    const length = 'magicTrailer' in addresses ? 16 : 4096
    expect(rulesOf(orderOf(members, addresses), length)).toEqual([])
  })

  it.each([
    [{ platform: 'wba', security: 0 }, { application: 0x0800_0000 }, 'ORD-12 images.provisioning'],
    [{ platform: 'wba', security: 1 }, { ...both, ...slot }, 'ORD-12 images.provisioning'],
    [
      { platform: 'wba', security: 0 },
      { ...both, coprocessor: 0x0809_4000 },
      'ORD-12 images.coprocessor',
    ],
    [
      { platform: 'wba', security: 0 },
      { ...both, magicTrailer: 0x701c_bff0 },
      'ORD-12 images.magicTrailer',
    ],
    [
      { platform: 'wba', security: 1 },
      { application: 0x7000_8000 },
      'ORD-13 images.application.address',
    ],
    [
      { platform: 'wba', security: 1 },
      { ...slot, magicTrailer: 0x701b_fff0 },
      'ORD-13 images.magicTrailer.address',
    ],
    [
      { platform: 'u5', security: 1 },
      { application: 0x7000_6000 },
      'ORD-04 images.application.address',
    ],
    [
      { platform: 'wb55', security: 0 },
      { ...both, application: 0x0810_0000 },
      'ORD-04 images.application.address',
    ],
    [{ platform: 'wba', security: 0, mode: 'production' }, both, 'ORD-14 mode'],
    [{ platform: 'wb55', security: 0, policy: 'production', mode: 'test' }, both, 'ORD-14 mode'],
    [
      { platform: 'wba', security: 0, policy: 'production', exchange: 'none' },
      both,
      'ORD-14 exchange',
    ],
  ] as const)('of %o at %o break a rule', (members, addresses, expected) => {
    expect(rulesOf(orderOf(members, addresses))).toContain(expected)
  })

  it('do not fit a slot that is shorter', () => {
    const order = orderOf({ platform: 'u5', security: 1 }, { application: 0x0810_0000 })
    expect(rulesOf(order, 0xe_6000)).toEqual(['ORD-13 images.application.file'])
  })
})
