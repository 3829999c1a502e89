type Method = (...args: readonly unknown[]) => unknown

/** A part in which some methods are others. The rest is the part itself, private fields included. */
export function withMethods<T extends object>(part: T, methods: Partial<T>): T {
  return standIn(part, (name, method) => {
    const other: unknown = Reflect.get(methods, name)
    return typeof other === 'function' ? (...args) => Reflect.apply(other, methods, args) : method
  })
}

/** A part that tells of each of its calls that fails. */
export function whenItFails<T extends object>(part: T, tell: (error: unknown) => void): T {
  return standIn(part, (_, method) => (...args) => {
    const answer = method(...args)
    if (answer instanceof Promise) answer.catch(tell)
    return answer
  })
}

function standIn<T extends object>(
  part: T,
  change: (name: string | symbol, method: Method) => Method,
): T {
  return new Proxy(part, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return change(name, (...args) => Reflect.apply(member, target, args))
    },
  })
}
