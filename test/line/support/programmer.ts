import type { Probe, Programmer, StationEvent, StationParts } from '@keyline/station'
import type { LineRun } from '../../support/line.ts'

/** The events of one type. */
export function eventsOf<Type extends StationEvent['type']>(
  { events }: Pick<LineRun, 'events'>,
  type: Type,
): readonly Extract<StationEvent, { readonly type: Type }>[] {
  return events.filter(
    (event): event is Extract<StationEvent, { readonly type: Type }> => event.type === type,
  )
}

/** A station with another programmer in front of its own. */
export function withProgrammer(
  change: (programmer: Programmer, parts: StationParts) => Partial<Programmer>,
): (parts: StationParts) => StationParts {
  return (parts) => {
    const { programmer } = parts
    const same: Programmer = {
      list: (options) => programmer.list(options),
      connect: (probe, options) => programmer.connect(probe, options),
      download: (probe, address, octets, options) =>
        programmer.download(probe, address, octets, options),
      read: (probe, address, length, options) => programmer.read(probe, address, length, options),
      reset: (probe, options) => programmer.reset(probe, options),
    }
    return { ...parts, programmer: { ...same, ...change(programmer, parts) } }
  }
}

/** A station whose programmer lists what the function makes of the list. */
export function withList(change: (probes: readonly Probe[]) => readonly Probe[]) {
  return withProgrammer((programmer) => ({
    list: async (options) => change(await programmer.list(options)),
  }))
}

/** A station whose boards answer once something else is done. */
export function whileConnecting(act: () => Promise<unknown>) {
  return withProgrammer((programmer, { clock }) => ({
    connect: async (probe, options) => {
      await clock.during(act)
      return programmer.connect(probe, options)
    },
  }))
}
