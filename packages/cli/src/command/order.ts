import { Command } from 'commander'
import type { JsonValue } from '@keyline/bytes'
import { ExitCode } from '../exit-code.ts'
import { answerRows, answerTable } from '../terminal/answer-table.ts'
import type { Output } from '../terminal/output.ts'
import { withServer, type ServerOptions } from '../wiring/issuer-server.ts'
import { readJsonInput } from '../wiring/pki-input.ts'
import { withServerOptions } from './options-server.ts'

const columns = ['id', 'state', 'certificatesUsed', 'certificateLimit', 'policy']

/** `keyline order`: work orders on the server. */
export function orderCommand(output: Output, end: (code: ExitCode) => void): Command {
  const order = new Command('order')
  const tell = (options: ServerOptions, answer: JsonValue, text: () => string): void => {
    output.out(options.json === true ? `${JSON.stringify(answer)}\n` : text())
    end(ExitCode.done)
  }
  withServerOptions(order.command('create'))
    .summary('open a work order')
    .argument('<file>', 'work order (JSON), the one that `keyline provision` takes')
    .action(async (file: string, options: ServerOptions) => {
      const body = await readJsonInput(file)
      const answer = await withServer(options, (call) => call('POST', '/v1/orders', body))
      tell(options, answer, () => answerTable(answerRows(answer), columns))
    })
  withServerOptions(order.command('list'))
    .summary('all work orders with what they have used')
    .action(async (options: ServerOptions) => {
      const answer = await withServer(options, (call) => call('GET', '/v1/orders'))
      tell(options, answer, () => answerTable(answerRows(answer, 'orders'), columns))
    })
  withServerOptions(order.command('show'))
    .summary('one work order')
    .argument('<id>')
    .action(async (id: string, options: ServerOptions) => {
      const answer = await withServer(options, (call) => call('GET', pathOf(id)))
      tell(options, answer, () => `${JSON.stringify(answer, null, 2)}\n`)
    })
  for (const [act, summary, done] of [
    ['pause', 'refuse further certificates until it is resumed', 'paused'],
    ['resume', 'go on with a paused order', 'open again'],
    ['close', 'refuse further certificates for good', 'closed'],
  ] as const) {
    withServerOptions(order.command(act))
      .summary(summary)
      .argument('<id>')
      .action(async (id: string, options: ServerOptions) => {
        const path = `${pathOf(id)}/${act}`
        const answer = await withServer(options, (call) => call('POST', path, {}))
        tell(options, answer, () => `order ${id} is ${done}\n`)
      })
  }
  return order
}

function pathOf(id: string): string {
  return `/v1/orders/${encodeURIComponent(id)}`
}
