import { expect } from '../assert/expect.js'

/** Returns whether a set of capabilities, in the kernel's format of 16 hexadecimal digits, contains the capability. */
export function hasCapability(output: string, name: keyof typeof bits): boolean {
  const digits = output.trim()
  expect(/^[0-9a-f]{16}$/.test(digits), '16 hexadecimal digits', output)
  return ((BigInt(`0x${digits}`) >> bits[name]) & 1n) === 1n
}

/** Bit numbers from linux/capability.h. */
const bits = { CHOWN: 0n, NET_ADMIN: 12n, SYS_ADMIN: 21n } as const
