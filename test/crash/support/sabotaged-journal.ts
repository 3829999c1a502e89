import type { Journal } from '@keyline/station'

/** A journal that answers at once and keeps its records in memory until it is closed. */
export function answeringEarly(journal: Journal): Journal {
  const kept: Parameters<Journal['append']>[0][] = []
  return new Proxy(journal, {
    get(target, name) {
      if (name === 'append') {
        return (entry: Parameters<Journal['append']>[0]) => {
          kept.push(entry)
          return Promise.resolve()
        }
      }
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
