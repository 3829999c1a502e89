import type { Finding } from '@keyline/bytes'
import { factoryDataFields, type FactoryDataField } from './factory-data.ts'
import { modeRules, recommendedFields, type FactoryDataMode } from './mode.ts'
import type { FactoryDataProfile } from './profile.ts'
import { factoryDataFinding } from './rules.ts'

export interface PresenceSetting {
  readonly profile: FactoryDataProfile
  readonly mode: FactoryDataMode
  /** Where the device key rests; `flash` unless given. In `secure` storage it must not be in the image. */
  readonly keyStorage?: 'flash' | 'secure' | undefined
}

/** What a field's presence and its absence come to, made once for a setting. */
export interface PresenceRule {
  readonly field: FactoryDataField
  readonly ifPresent: readonly Finding[]
  readonly ifAbsent: readonly Finding[]
}

/** FD-041, FD-042, FD-048 and FD-051 of every field under a setting. */
export function presenceRules(setting: PresenceSetting): readonly PresenceRule[] {
  const { profile, mode } = setting
  const { required, forbidden } = modeRules[mode]
  const isKeyInFlash = (setting.keyStorage ?? 'flash') === 'flash'
  const isKeyRequired = mode === 'reconfigure' && isKeyInFlash
  return factoryDataFields.map(({ field, tag }) => {
    const isKey = field === 'dacPrivateKey'
    const isRequired = isKey ? isKeyRequired : required.includes(field)
    const isForbidden = isKey ? !isKeyRequired : forbidden.includes(field)
    const ifAbsent: Finding[] = []
    if (isRequired) {
      // A credential that misses is the sign of a set that the line completes.
      const isCompletedLater = !modeRules.provisioning.required.includes(field)
      const hint = isCompletedLater ? '; in mode provisioning the board or the line adds it' : ''
      const message = `mode ${mode} requires the field${hint}`
      ifAbsent.push(factoryDataFinding({ rule: 'FD-041', field, message }))
    }
    if (recommended.has(field)) {
      const message = 'a recommended field is missing'
      ifAbsent.push(factoryDataFinding({ rule: 'FD-051', field, message }))
    }
    const ifPresent: Finding[] = []
    if (isForbidden) {
      const message =
        isKey && mode === 'reconfigure'
          ? 'the key rests in secure storage; it must not be in the image'
          : `mode ${mode} forbids the field`
      ifPresent.push(factoryDataFinding({ rule: 'FD-042', field, message }))
    } else if (!profile.tagsRead.has(tag) && !isKey) {
      const message = `the firmware of profile ${profile.name} does not read tag ${tag}`
      ifPresent.push(factoryDataFinding({ rule: 'FD-048', field, message }))
    }
    return { field, ifPresent, ifAbsent }
  })
}

const recommended: ReadonlySet<FactoryDataField> = new Set(recommendedFields)
