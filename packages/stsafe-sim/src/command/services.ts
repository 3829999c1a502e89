import { Status } from '@keyline/stsafe/layout'
import { asymmetricServices } from './asymmetric.ts'
import { chunkedServices } from './chunked.ts'
import { deriveServices } from './derive.ts'
import { generalServices } from './general.ts'
import { hashServices } from './hash.ts'
import { provisioningServices } from './provisioning.ts'
import { putServices } from './put.ts'
import { queryServices } from './query.ts'
import { Refusal } from './refusal.ts'
import type { Service } from './service.ts'
import { storageServices } from './storage.ts'
import { symmetricServices } from './symmetric.ts'

const byCode = new Map<number, Service[]>()
for (const service of [
  ...generalServices,
  ...queryServices,
  ...putServices,
  ...storageServices,
  ...asymmetricServices,
  ...hashServices,
  ...symmetricServices,
  ...chunkedServices,
  ...deriveServices,
  ...provisioningServices,
]) {
  const { code } = service.form.command
  byCode.set(code, [...(byCode.get(code) ?? []), service])
}

/** The services of a command code. @throws Refusal `04` for a command that this chip does not have */
export function servicesOf(code: number): readonly Service[] {
  const services = byCode.get(code)
  if (services === undefined) throw new Refusal(Status.commandCodeNotSupported)
  return services
}
