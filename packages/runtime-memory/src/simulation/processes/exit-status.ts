/** What a program ended with, as a kernel keeps it: eight bits. No integer: 1. */
export function toExitStatus(code: number): number {
  return Number.isInteger(code) ? code & 0xff : 1
}
