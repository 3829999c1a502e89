/** Password words that the scripts of a bench lock and unlock RDP level 2 with. */
const words = [0x4b65_796c, 0x696e_6521]

/** The same as a board keeps it: hexadecimal. */
export const benchPassword: string = words
  .map((word) => word.toString(16).padStart(8, '0'))
  .join('')
