import { type ExecManager, isHostError } from '@capstan/core'
import { type Argv, checkInteger } from '@capstan/core/plugin'
import { type ExecToEndOptions, execToEnd } from '../run/exec-to-end.js'
import { retry, type WaitContext, type WaitStrategy } from './wait-strategy.js'

/**
 * Waits until a command in the container exits with `exitCode`. It is repeated, at first at once and later 250 ms after its end. A
 * command that runs longer than 30 s is killed and repeated.
 */
export function commandSucceeds(
  execs: ExecManager,
  command: Argv,
  { exitCode = 0, ...options }: CommandSucceedsOptions = {},
): WaitStrategy {
  checkInteger('exitCode', exitCode, { min: 0, max: 255 })
  const attempt = async ({ id, signal }: WaitContext): Promise<string | undefined> => {
    try {
      const limits = { maxOutputBytes: 4096, keep: 'end', timeoutMs: attemptMs } as const
      const end = await execToEnd(execs, id, command, { ...options, ...limits, signal })
      if (end.exitCode === exitCode) return undefined
      const line = end.output.trimEnd().split('\n').at(-1)
      return `it exited with ${end.exitCode}${line ? `: ${line}` : ''}`
    } catch (error) {
      if (!signal.aborted && isHostError(error) && temporaryCodes.has(error.code)) return error.message
      throw error
    }
  }
  return {
    title: `command ${command.join(' ')}`,
    wait: async (context) => await retry(context, () => attempt(context)),
  }
}

/** Options of `commandSucceeds`. */
export interface CommandSucceedsOptions extends Pick<ExecToEndOptions, 'env' | 'user' | 'workingDirectory'> {
  /** The expected exit code. Default 0. */
  readonly exitCode?: number
}

/** The container has not started yet, or the command took too long. */
const temporaryCodes: ReadonlySet<string> = new Set(['NOT_RUNNING', 'TIMED_OUT'])
const attemptMs = 30_000
