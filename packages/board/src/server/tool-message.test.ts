import * as fc from 'fast-check'
import { isKeylineError } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import {
  decodeAnswer,
  decodeToolReply,
  decodeToolRequest,
  type ToolReply,
  type ToolRequest,
} from './tool-message.ts'

const requests: readonly ToolRequest[] = [
  { tool: 'programmer', argv: ['-l'], cwd: '/' },
  {
    tool: 'script',
    name: 'regression',
    platform: 'wba',
    security: 2,
    isAuto: true,
    cwd: '/',
    probe: 'SIM000000001',
    firmware: 'fw.bin',
  },
]
const replies: readonly ToolReply[] = [{ out: 'a\n' }, { ask: '?' }, { exit: 130 }]

describe('messages between a tool and its bench', () => {
  it.each(requests)('$tool comes back as it was', (request) => {
    expect(decodeToolRequest(JSON.stringify(request))).toEqual(request)
  })

  it.each(replies)('%j comes back as it was', (reply) => {
    expect(decodeToolReply(JSON.stringify(reply))).toEqual(reply)
  })

  it('an answer is a text', () => {
    expect(decodeAnswer('{"answer":"0"}')).toBe('0')
  })

  it.each([
    '{"tool":"script","cwd":"/","name":"rm","platform":"wba","security":1}',
    '{"tool":"script","cwd":"/","name":"regression","platform":"h7","security":1}',
    '{"tool":"script","cwd":"/","name":"regression","platform":"wba","security":3}',
    '{"tool":"programmer","argv":"-l","cwd":"/"}',
    '[]',
    '{',
  ])('refuses %j', (line) => {
    for (const decode of [decodeToolRequest, decodeToolReply, decodeAnswer]) {
      expect(() => decode(line)).toThrow()
    }
  })

  it('any line is decoded or refused with a code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        for (const decode of [decodeToolRequest, decodeToolReply, decodeAnswer]) {
          try {
            decode(line)
          } catch (error) {
            expect(isKeylineError(error)).toBe(true)
          }
        }
      }),
    )
  })
})
