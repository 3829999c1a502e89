import { describe, expect, it } from 'vitest'
import { accepts } from './accept.ts'
import { evidenceTypeTexts, findEvidenceType } from './evidence-type.ts'
import { parseMediaType } from './media-type.ts'

const profile2023 = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'

describe('a media type', () => {
  it.each([
    ['APPLICATION/EAT+CWT;EAT_PROFILE="tag:psacertified.org,2023:psa#tfm"'],
    ['  application/eat+cwt ;\teat_profile="tag:psacertified.org,2023:psa#tfm" '],
    [String.raw`application/eat+cwt; eat_profile="tag:psacertified\.org,2023:psa#tfm"`],
    ['application/eat+cwt;; eat_profile="tag:psacertified.org,2023:psa#tfm";'],
  ])('is known as it is written here: %s', (text) => {
    expect(findEvidenceType(text)?.text).toBe(profile2023)
  })

  it('has parameters in any order, and values that matter to the letter', () => {
    const normal = parseMediaType('a/b; y=2; X="1"')?.normal
    expect(parseMediaType('A/B;x=1;Y="2"')?.normal).toBe(normal)
    expect(parseMediaType('a/b;x=1;y=3')?.normal).not.toBe(normal)
    expect(parseMediaType('a/b;x="1;y=2"')?.normal).not.toBe(normal)
  })

  it.each([
    '',
    'application',
    'application/',
    'a/b; x',
    'a/b; x=',
    'a/b; x="1',
    'a/b, c/d',
    'a/b; x=1; X=1',
    'application/psa-attestation-token; charset=utf-8',
    'application/eat+cwt',
    'application/eat+cwt; eat_profile=other',
    'application/eat+cwt; eat_profile="TAG:psacertified.org,2023:psa#tfm"',
  ])('that is none, or none of evidence, is not known: %j', (text) => {
    expect(findEvidenceType(text)).toBeUndefined()
  })

  it('of evidence is known by each text of the list, whose first is what public clients send', () => {
    expect(evidenceTypeTexts[0]).toBe('application/psa-attestation-token')
    expect(evidenceTypeTexts.map((text) => findEvidenceType(text)?.text)).toEqual(evidenceTypeTexts)
  })
})

describe('the header Accept', () => {
  const type = 'application/vnd.example+json'

  it.each([
    [undefined],
    [''],
    [type],
    ['Application/Vnd.Example+JSON'],
    ['*/*'],
    ['application/*'],
    ['text/html, application/*;q=0.1'],
    [`text/html;q=0, ${type};q=0.001`],
    [`application/*;q=0, ${type}`],
    [`text/plain;a="x,y", ${type}`],
  ])('allows it: %s', (accept) => {
    expect(accepts(accept, type)).toBe(true)
  })

  it.each([
    ['application/json'],
    ['text/*'],
    [`${type};q=0`],
    [`*/*, ${type};q=0.000`],
    ['application/*;q=0, */*'],
    ['application/vnd.example'],
    [`text/plain;a="${type}"`],
    [','],
    [`text/plain;a="\\",${type}`],
  ])('does not allow it: %s', (accept) => {
    expect(accepts(accept, type)).toBe(false)
  })
})
