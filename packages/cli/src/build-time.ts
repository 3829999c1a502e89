/** No copy of this program is older: a clock before this time is wrong. Milliseconds since 1970. */
export const buildTime = Date.UTC(2026, 10, 1)
