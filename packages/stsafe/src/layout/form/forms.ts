import { asymmetricForms } from './asymmetric.ts'
import { chunkedForms } from './chunked.ts'
import { deriveForms } from './derive.ts'
import { hasSelector, type AnyForm } from './form.ts'
import { generalForms } from './general.ts'
import { hashForms } from './hash.ts'
import { provisioningForms } from './provisioning.ts'
import { putForms } from './put.ts'
import { queryForms } from './query.ts'
import { storageForms } from './storage.ts'
import { symmetricForms } from './symmetric.ts'

/** Every form of every command, by name. */
export const Form = {
  ...generalForms,
  ...queryForms,
  ...putForms,
  ...storageForms,
  ...asymmetricForms,
  ...hashForms,
  ...symmetricForms,
  ...chunkedForms,
  ...deriveForms,
  ...provisioningForms,
} as const
export type FormName = keyof typeof Form

const byCode = new Map<number, readonly AnyForm[]>()
for (const one of Object.values<AnyForm>(Form)) {
  byCode.set(one.command.code, [...(byCode.get(one.command.code) ?? []), one])
}

/** The forms that a payload may have: of this code, and with a selector that it starts with. */
export function formsOf(code: number, payload: Uint8Array): readonly AnyForm[] {
  return (byCode.get(code) ?? []).filter((one) => hasSelector(one, payload))
}
