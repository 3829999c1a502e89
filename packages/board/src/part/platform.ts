const platforms = ['wba', 'u5', 'wb55', 'u3'] as const

/** A family of boards: what its parts are stands in the table of them. */
export type Platform = (typeof platforms)[number]

export function isPlatform(text: string): text is Platform {
  return platforms.some((platform) => platform === text)
}
