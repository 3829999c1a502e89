/** One version for all rooms. */
export const version = '0.1.0'
