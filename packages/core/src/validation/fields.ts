import { isIP } from 'node:net'
import type { Argv } from '../contract/operation.js'
import { check, checkEach, checkText } from './check.js'

/** Checks a command, whose arguments may contain any character but NUL. */
export function checkCommand(field: string, command: Argv): void {
  checkEach<unknown>(field, command, (at, word) => {
    check(typeof word === 'string' && !word.includes('\0'), at, 'a string without NUL', word)
  })
}

/** Checks a number of CPUs, which may be a fraction. */
export function checkCpus(field: string, value: unknown): void {
  check(typeof value === 'number' && Number.isFinite(value) && value > 0, field, 'a number greater than 0', value)
}

/** Checks an absolute path in a container. */
export function checkContainerPath(field: string, path: unknown): asserts path is string {
  checkText(field, path, /^\//, 'an absolute path')
}

/** Checks an absolute path on the engine's machine: `/src`, a drive (`C:\\src`, `c:/src`), a Windows share or pipe. */
export function checkEnginePath(field: string, path: unknown): void {
  checkText(field, path, /^(\/|[A-Za-z]:[\\/]|\\\\)/, 'an absolute path')
}

/** Checks a user by name or number, with or without a group. */
export function checkUser(field: string, user: unknown): void {
  checkText(field, user, /^[^-:\s][^:\s]*(:[^-:\s][^:\s]*)?$/, 'a user, or user:group')
}

/** Checks a platform: `linux`, `linux/arm64`, `linux/arm/v7`. */
export function checkPlatform(field: string, platform: unknown): void {
  checkText(field, platform, /^[a-z0-9]+(\/[a-z0-9_]+(\/[a-z0-9_.]+)?)?$/, 'a platform such as "linux/arm64"')
}

/** Checks an IPv4 or IPv6 address. */
export function checkAddress(field: string, address: unknown): void {
  check(typeof address === 'string' && isIP(address) !== 0, field, 'an IP address', address)
}

/** Checks a host name or an IP address. */
export function checkHostName(field: string, host: unknown): void {
  if (typeof host === 'string' && isIP(host) !== 0) return
  checkText(
    field,
    host,
    /^(?!-)(?=.{1,254}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/,
    'a host name or an IP address',
  )
}
