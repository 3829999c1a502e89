/**
 * The three functions of the Reflect Metadata proposal that the injector under `@peculiar/x509` asks for when it is
 * loaded; import this file in front of it.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>()

function entriesOf(target: object): Map<unknown, unknown> {
  const entries = metadata.get(target) ?? new Map<unknown, unknown>()
  metadata.set(target, entries)
  return entries
}

Object.assign(Reflect, {
  defineMetadata: (key: unknown, value: unknown, target: object): void => {
    entriesOf(target).set(key, value)
  },
  getMetadata: (key: unknown, target: object): unknown => entriesOf(target).get(key),
  getOwnMetadata: (key: unknown, target: object): unknown => entriesOf(target).get(key),
})
