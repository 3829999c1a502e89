import {
  commandTable,
  Form,
  Status,
  zoneAccessCodes,
  type AccessChange,
  type ZoneAccess,
  type ZoneEntry,
} from '@keyline/stsafe/layout'
import { replaced, type Zone } from '../nvm/state.ts'
import { change, type Context } from './context.ts'
import { demand, present, Refusal } from './refusal.ts'
import { service, serviceBy, type Service } from './service.ts'

interface Range {
  readonly zone: number
  readonly offset: number
  readonly length: number
}

const updateCondition = { right: 'updateChangeRight', access: 'updateAccess' } as const
const readCondition = { right: 'readChangeRight', access: 'readAccess' } as const
type Condition = typeof updateCondition | typeof readCondition

const readData = service(Form.readData, (context, request) => {
  const { entry, data } = read(context, request)
  changeCondition(context, entry, readCondition, request.option.change)
  return { data: data.subarray(request.offset, request.offset + request.length) }
})

const readCounter = service(Form.readCounter, (context, request) => {
  const { entry, data } = read(context, request)
  changeCondition(context, entry, readCondition, request.option.change)
  const { offset, length } = request
  return { counter: entry.counter ?? 0, data: data.subarray(offset, offset + length) }
})

/** Section 3.6. The type of the zone decides how a read is answered. */
export const storageServices: readonly Service[] = [
  serviceBy({ ...Form.readData, command: commandTable.read }, ({ state }, [, zone = 0]) =>
    state.zones[zone]?.entry.type === 'counter' ? readCounter : readData,
  ),
  service(Form.update, (context, { option, zone, offset, data }) => {
    const before = zoneOf(context, zone)
    demand(before.entry.type === 'data', Status.wrongZoneType)
    demandAccess(context, before.entry.updateAccess)
    demandRange(before, { zone, offset, length: data.length })
    writeData(context, { zone: before, offset, data })
    changeCondition(context, before.entry, updateCondition, option.change)
    return {}
  }),
  service(Form.decrement, (context, { option, zone, offset, amount, data }) => {
    const before = zoneOf(context, zone)
    demand(before.entry.type === 'counter', Status.wrongZoneType)
    demandAccess(context, before.entry.updateAccess)
    demandRange(before, { zone, offset, length: data.length })
    const counter = (before.entry.counter ?? 0) - amount
    demand(counter >= 0, Status.counterLimitExceeded)
    const entry = { ...before.entry, counter }
    writeData(context, { zone: { ...before, entry }, offset, data })
    changeCondition(context, entry, updateCondition, option.change)
    return { counter }
  }),
]

function zoneOf({ state }: Context, index: number): Zone {
  return present(state.zones[index], Status.entryNotFound)
}

function read(context: Context, range: Range): Zone {
  const zone = zoneOf(context, range.zone)
  demandAccess(context, zone.entry.readAccess)
  demandRange(zone, range)
  return zone
}

function demandAccess({ isAuthenticated, volatile }: Context, access: ZoneAccess): void {
  const isMet = {
    always: true,
    host: isAuthenticated,
    'authenticated-host': isAuthenticated && volatile.isEntityAuthenticated,
    never: false,
  }[access]
  demand(isMet, Status.accessConditionNotSatisfied)
}

function demandRange({ entry }: Zone, { offset, length }: Range): void {
  demand(offset + length <= entry.length, Status.boundaryExceeded)
}

function writeData(
  context: Context,
  {
    zone,
    offset,
    data,
  }: { readonly zone: Zone; readonly offset: number; readonly data: Uint8Array },
): void {
  const after = Uint8Array.from(zone.data)
  after.set(data, offset)
  putZone(context, { entry: zone.entry, data: after })
}

function putZone(context: Context, zone: Zone): void {
  change(context, { zones: replaced(context.state.zones, zone.entry.index, zone) })
}

/** Only where the right to it is left, and never to a weaker condition. @throws Refusal */
function changeCondition(
  context: Context,
  entry: ZoneEntry,
  { right, access }: Condition,
  wanted: AccessChange | undefined,
): void {
  if (wanted === undefined) return
  const isWeaker = zoneAccessCodes[wanted.access] < zoneAccessCodes[entry[access]]
  if (isWeaker || !entry[right]) throw new Refusal(Status.accessConditionNotSatisfied)
  const { data } = zoneOf(context, entry.index)
  putZone(context, {
    entry: { ...entry, [access]: wanted.access, [right]: wanted.changeRight },
    data,
  })
}
