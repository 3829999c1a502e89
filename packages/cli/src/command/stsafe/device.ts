import type { Command } from 'commander'
import { equalOctets, toHex, toHexUpper } from '@keyline/bytes'
import { ProductTag } from '@keyline/stsafe/layout'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { readMessage, withMessage, type MessageOptions } from '../../wiring/stsafe-message.ts'
import { fieldsText, kebab, yesNo } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, onChip, type End } from './on-chip.ts'

/** `keyline stsafe info`: what the part says of itself. */
export function infoCommand(output: Output, end: End): Command {
  return chipCommand('info', 'say what part this is, and how it is set up').action(
    async (options: ChipOptions) =>
      end(
        await onChip(output, options, async ({ device, deviceType, hostKeys }, call) => {
          const productData = await device.productData(call)
          const lifeCycle = await device.lifeCycleState(call)
          const i2c = await device.i2cParameters(call)
          const slot = await hostKeys.slot(call)
          const product = Object.fromEntries(
            productData.map(({ tag, value }) => [productName(tag), toHex(value)]),
          )
          const document = {
            part: deviceType.name,
            lifeCycle,
            i2cAddress: i2c.address.address,
            i2cLocked: i2c.power.locked,
            hostKeys: slot,
            product,
          }
          const names = Object.fromEntries(
            Object.entries(product).map(([name, value]) => [
              kebab(name).replaceAll('-', ' '),
              value,
            ]),
          )
          const text = fieldsText({
            part: document.part,
            'life cycle': lifeCycle,
            'I2C address': `0x${i2c.address.address.toString(16)}${i2c.power.locked ? ', locked' : ''}`,
            'host keys': slot.presence ? `${slot.type}, counter ${slot.counter}` : 'none',
            ...names,
          })
          return { text, document }
        }),
      ),
  )
}

function productName(tag: number): string {
  const known = Object.entries(ProductTag).find(([, value]) => value === tag)
  return known?.[0] ?? `tag${toHexUpper(Uint8Array.of(tag))}`
}

/** `keyline stsafe random`. */
export function randomCommand(output: Output, end: End): Command {
  return chipCommand('random', 'print random octets of the chip')
    .argument('[size]', 'octets', wholeNumber(1, 0xffff), 32)
    .action(async (size: number, options: ChipOptions) =>
      end(
        await onChip(output, options, async ({ device }, call) => {
          const random = toHex(await device.random(size, call))
          return { text: `${random}\n`, document: { random } }
        }),
      ),
    )
}

/** `keyline stsafe echo`: whether bus, chip and session work. */
export function echoCommand(output: Output, end: End): Command {
  return withMessage(chipCommand('echo', 'let the chip send a message back')).action(
    async (options: ChipOptions & MessageOptions) => {
      const message = await readMessage(options)
      end(
        await onChip(output, options, async ({ device }, call) => {
          const answer = await device.echo(message, call)
          const same = equalOctets(answer, message)
          const text = fieldsText({
            sent: toHex(message),
            'came back': toHex(answer),
            same: yesNo(same),
          })
          const code = same ? ExitCode.done : ExitCode.failed
          return { text, document: { sent: toHex(message), answer: toHex(answer), same }, code }
        }),
      )
    },
  )
}

/** `keyline stsafe reset`. */
export function resetCommand(output: Output, end: End): Command {
  return chipCommand('reset', 'end the volatile contexts of the chip; what is stored stays').action(
    async (options: ChipOptions) =>
      end(
        await onChip(output, options, async ({ device }, call) => {
          await device.reset(call)
          return { text: 'reset\n', document: { reset: true } }
        }),
      ),
  )
}
