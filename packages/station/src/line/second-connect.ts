import { isNoTarget, type CallOptions, type Programmer } from '../port/programmer.ts'

/**
 * A programmer that tries once more, under reset, when the target did not answer: such a call has done nothing.
 * Anything else, a failed verification above all, stands as it is. Source: provisioning-station section 4.4.
 */
export function withSecondConnect(programmer: Programmer): Programmer {
  return {
    list: (options) => programmer.list(options),
    connect: (probe, options) => twice((again) => programmer.connect(probe, again), options),
    download: (probe, address, octets, options) =>
      twice((again) => programmer.download(probe, address, octets, again), options),
    read: (probe, address, length, options) =>
      twice((again) => programmer.read(probe, address, length, again), options),
    reset: (probe, options) => twice((again) => programmer.reset(probe, again), options),
  }
}

async function twice<T>(
  call: (options: CallOptions | undefined) => Promise<T>,
  options: CallOptions | undefined,
): Promise<T> {
  try {
    return await call(options)
  } catch (error) {
    if (!isNoTarget(error)) throw error
    return call({ ...options, underReset: true })
  }
}
