import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Environment } from '@capstan/core/plugin'
import { type SshTarget, toSshArguments } from './ssh-target.js'

/**
 * Resolves with the host name or address that ssh connects to, which its configuration may set (`HostName`). Connects to nothing.
 * Resolves with the host of the target where ssh does not tell.
 */
export async function findSshHost(target: SshTarget, { env, signal }: FindSshHostOptions): Promise<string> {
  const child = spawn('ssh', ['-G', ...toSshArguments(target, [])], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    ...(signal && { signal }),
  })
  try {
    const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
    return /^hostname (\S+)$/m.exec(output)?.[1] ?? target.host
  } catch {
    signal?.throwIfAborted()
    return target.host
  }
}

export interface FindSshHostOptions {
  /** The environment of ssh. */
  readonly env: Environment
  readonly signal: AbortSignal | undefined
}
