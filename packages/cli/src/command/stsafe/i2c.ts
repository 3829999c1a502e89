import { InvalidArgumentError, type Command } from 'commander'
import type { I2cParameters } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { fieldsText, yesNo } from '../../wiring/stsafe-text.ts'
import { chipCommand, nameOf, onChip, permanentCommand, type End } from './on-chip.ts'

interface I2cOptions extends ChipOptions {
  readonly address?: number
  readonly lowPower?: (typeof lowPowers)[number]
  readonly idle?: number
  readonly lock?: boolean
}

interface HibernateOptions extends ChipOptions {
  readonly wakeUp: (typeof wakeUps)[number]
  readonly onAnyPart?: boolean
}

const lowPowers = ['none', 'standby'] as const
const wakeUps = ['start-or-reset', 'reset'] as const
const idleStepMs = 50
const longestIdleMs = 1600

/** `keyline stsafe i2c`: address, standby and lock of the bus parameters. */
export function i2cCommand(output: Output, end: End): Command {
  return permanentCommand('i2c', 'show the I2C parameters of the part, or set them')
    .option('--address <number>', 'new address, from the next reset on, such as 0x21', i2cAddress)
    .option('--low-power <mode>', lowPowers.join(' or '), nameOf(lowPowers))
    .option('--idle <ms>', `before standby: ${idleStepMs} to ${longestIdleMs} in steps of 50`, idle)
    .option('--lock', 'make the parameters permanent')
    .action(async (options: I2cOptions) =>
      end(
        await onChip(output, options, async ({ device }, call) => {
          const before = await device.i2cParameters(call)
          const after = changed(before, options)
          if (after !== before && before.power.locked) {
            throw new CliError('CLI_USAGE', 'the I2C parameters of the part are locked', {
              remedy: 'use the part as it is: nothing unlocks them',
            })
          }
          if (after !== before) await device.putI2cParameters(after, call)
          const now = await device.i2cParameters(call)
          return { text: i2cText(now), document: i2cDocument(now) }
        }),
      ),
    )
}

/** `keyline stsafe hibernate`. */
export function hibernateCommand(output: Output, end: End): Command {
  return chipCommand('hibernate', 'put the part to sleep; its volatile contexts end')
    .option('--wake-up <event>', wakeUps.join(' or '), nameOf(wakeUps), 'start-or-reset')
    .option('--on-any-part', 'send it to a part that is not made for it, such as an A120')
    .action(async ({ wakeUp, onAnyPart, ...options }: HibernateOptions) =>
      end(
        await onChip(output, options, async ({ device, deviceType }, call) => {
          if (deviceType.extendedCommands && onAnyPart !== true) {
            const remedy = 'pass --on-any-part to send the command all the same'
            throw new CliError('CLI_USAGE', `${deviceType.name} does not hibernate`, { remedy })
          }
          await device.hibernate(wakeUp, { ...call, onAnyPart })
          return { text: 'asleep\n', document: { hibernating: true, wakeUp } }
        }),
      ),
    )
}

/** Reads a 7-bit address in decimal or `0x` hexadecimal, for an option. */
export function i2cAddress(text: string): number {
  const address = Number(text)
  if (/^(?:0x[0-9a-f]{1,2}|\d{1,3})$/i.test(text) && address <= 0x7f) return address
  throw new InvalidArgumentError('It must be 0 to 127, decimal or 0x hexadecimal.')
}

export function i2cAddressText(address: number): string {
  return `0x${address.toString(16).padStart(2, '0')}`
}

function changed(parameters: I2cParameters, options: I2cOptions): I2cParameters {
  const { address, idle: steps, lock, lowPower } = options
  if (address === undefined && steps === undefined && lock !== true && lowPower === undefined) {
    return parameters
  }
  const { power } = parameters
  return {
    address: { address: address ?? parameters.address.address },
    power: {
      locked: lock ?? power.locked,
      lowPower: lowPower ?? power.lowPower,
      idle: steps ?? power.idle,
    },
  }
}

/** The wire counts steps: n means 50 · (n + 1) ms. */
function idle(text: string): number {
  const steps = Number(text) / idleStepMs - 1
  if (
    /^\d+$/.test(text) &&
    Number.isInteger(steps) &&
    steps >= 0 &&
    Number(text) <= longestIdleMs
  ) {
    return steps
  }
  throw new InvalidArgumentError(`It must be 50 to ${longestIdleMs} in steps of ${idleStepMs}.`)
}

function i2cDocument({ address, power }: I2cParameters) {
  const { idle: steps, locked, lowPower } = power
  return { address: address.address, lowPower, idleMs: idleStepMs * (steps + 1), locked }
}

function i2cText(parameters: I2cParameters): string {
  const { address, idleMs, locked, lowPower } = i2cDocument(parameters)
  return fieldsText({
    address: i2cAddressText(address),
    'low power': lowPower,
    'idle time': `${idleMs} ms`,
    locked: yesNo(locked),
  })
}
