import { isAbsolute, posix, resolve } from 'node:path'
import { CliError } from '../errors/cli-error.js'

/** The operands of `cp`. */
export interface CopyOperands {
  /** Into the container or out of it. */
  readonly direction: 'in' | 'out'
  readonly container: ContainerOperand
  /** The absolute path of this machine, with its trailing slash or dot; `undefined` for a tar archive on stdin or stdout. */
  readonly local: string | undefined
}

/** A path in a container. */
export interface ContainerOperand {
  readonly name: string
  /** The absolute path without `.` and `..`. */
  readonly path: string
  /** What the path ended with: `/` or `/.`, which name a directory or its content, or nothing. */
  readonly suffix: string
}

/**
 * Parses the operands as `docker cp` does: `CONTAINER:PATH`, where the path begins at the root also without a slash. An absolute
 * path, and one that begins with a dot, is one of this machine, also with a colon.
 *
 * @throws CliError unless exactly one of the operands is in a container
 */
export function parseCopyOperands(from: string, to: string, cwd: string): CopyOperands {
  const source = parseContainerOperand(from)
  const target = parseContainerOperand(to)
  if (source !== undefined && target !== undefined)
    throw new CliError('cannot copy from a container to a container', { remedies: ['copy to this machine first'] })
  if (source !== undefined) return { direction: 'out', container: source, local: toLocal(to, cwd) }
  if (target !== undefined) return { direction: 'in', container: target, local: toLocal(from, cwd) }
  throw new CliError('neither SRC nor DEST is in a container', { remedies: ['write CONTAINER:PATH for one of them'] })
}

function parseContainerOperand(operand: string): ContainerOperand | undefined {
  const at = operand.indexOf(':')
  if (at < 1 || isAbsolute(operand) || operand.startsWith('.')) return undefined
  const given = operand.slice(at + 1)
  const path = posix.normalize(`/${given}`).replace(/(?<=.)\/$/, '')
  return { name: operand.slice(0, at), path, suffix: toSuffix(given, path) }
}

function toSuffix(given: string, path: string): string {
  if (/(^|\/)\.$/.test(given)) return path === '/' ? '.' : '/.'
  return given.endsWith('/') && path !== '/' ? '/' : ''
}

function toLocal(path: string, cwd: string): string | undefined {
  if (path === '-' || path === '') return undefined
  const trailing = /(^|[\\/])\.$/.test(path) ? '/.' : /[\\/]$/.test(path) ? '/' : ''
  return `${resolve(cwd, path)}${trailing}`
}
