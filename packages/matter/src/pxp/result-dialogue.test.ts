import { encodeUtf8 } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import {
  dialogueDueMs,
  openResultDialogue,
  stepResultDialogue,
  type ResultDialogue,
} from './result-dialogue.ts'

function received(dialogue: ResultDialogue, atMs: number, text: string): ResultDialogue {
  return stepResultDialogue(dialogue, { kind: 'received', atMs, octets: encodeUtf8(text) }).dialogue
}

describe('the result dialogue', () => {
  it('finds the keywords however the octets are cut', () => {
    const stream = encodeUtf8(
      'boot\nfinish:003\nStart_provisioning PXP/1\nfinish finish:0finish:012x',
    )
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length })), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
        let dialogue = openResultDialogue('L1')
        for (const [index, start] of places.slice(0, -1).entries()) {
          const octets = stream.subarray(start, places[index + 1])
          dialogue = stepResultDialogue(dialogue, { kind: 'received', atMs: 1, octets }).dialogue
        }
        expect(dialogue).toMatchObject({ phase: 'ended', result: { reason: 'key-mismatch' } })
      }),
    )
  })

  it('takes what arrives exactly at a limit as too late', () => {
    const started = received(openResultDialogue('L1'), 29_999, 'Start_provisioning')
    expect(received(started, 59_998, 'finish:000')).toMatchObject({ result: { reason: 'ok' } })
    expect(received(started, 59_999, 'finish:000')).toMatchObject({
      result: { reason: 'result-timeout', endedAtMs: 59_999 },
    })
    expect(received(openResultDialogue('L1'), 30_000, 'Start_provisioning')).toMatchObject({
      result: { reason: 'sync-timeout', producer: 'host', endedAtMs: 30_000 },
    })
  })

  it('sends Init at once and then every second, never at the limit', () => {
    const step = stepResultDialogue(openResultDialogue('L1'), { kind: 'time', atMs: 40_000 })
    expect(step.initAtMs).toEqual(Array.from({ length: 30 }, (_, second) => second * 1000))
    expect(dialogueDueMs(step.dialogue)).toBeUndefined()
  })

  it('sends no Init to L0 firmware, and ends when the port fails or does not open', () => {
    const opened = openResultDialogue('L0')
    expect(dialogueDueMs(opened)).toBe(30_000)
    const failed = stepResultDialogue(opened, { kind: 'port-error', atMs: 5 })
    expect(failed).toMatchObject({ initAtMs: [], dialogue: { result: { reason: 'port-error' } } })
    const unopened = stepResultDialogue(openResultDialogue('L1'), { kind: 'open-error', atMs: 0 })
    expect(unopened).toMatchObject({ initAtMs: [], dialogue: { result: { code: 0xfffe } } })
  })

  it('keeps little of what it has read', () => {
    const flooded = received(openResultDialogue('L0'), 1, 'finish:0'.repeat(10_000))
    expect(flooded.phase === 'waiting' && flooded.text.length).toBeLessThan(10)
  })

  it('stays as it is once it has ended', () => {
    const ended = received(openResultDialogue('L0'), 1, 'finish:000')
    expect(received(ended, 2, 'finish:001')).toBe(ended)
  })
})
