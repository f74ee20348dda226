import { isIP } from 'node:net'
import { check, checkList, checkText } from './check.js'

export function checkCommand(field: string, command: unknown): asserts command is readonly string[] {
  checkList(field, command)
  for (const [index, word] of command.entries()) {
    check(typeof word === 'string' && !word.includes('\0'), `${field}[${index}]`, 'a text without NUL', word)
  }
}

export function checkPath(field: string, path: unknown): void {
  checkText(field, path, /^\//, 'an absolute path')
}

export function checkUser(field: string, user: unknown): void {
  checkText(field, user, /^[^-:\s][^:\s]*(:[^-:\s][^:\s]*)?$/, 'a user, or user:group')
}

export function checkPlatform(field: string, platform: unknown): void {
  checkText(field, platform, /^[a-z0-9]+(\/[a-z0-9_]+(\/[a-z0-9_.]+)?)?$/, 'a platform such as "linux/arm64"')
}

export function checkAddress(field: string, address: unknown): void {
  check(typeof address === 'string' && isIP(address) !== 0, field, 'an IP address', address)
}

/** A host name or an address. */
export function checkHostName(field: string, host: unknown): void {
  if (typeof host === 'string' && isIP(host) !== 0) return
  checkText(field, host, /^(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/, 'a host name or an IP address')
}
