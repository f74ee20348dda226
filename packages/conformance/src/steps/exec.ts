import { type ExecOptions, type ExecProcess, execManagerCapability } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import type { CaseContext } from '../case-context.js'
import { readAll } from './collect.js'

/** Starts a process in a running container. */
export async function startExec(
  context: CaseContext,
  id: string,
  command: Argv,
  options: ExecOptions = {},
): Promise<ExecProcess> {
  return await context.require(execManagerCapability).exec(id, command, { signal: context.signal, ...options })
}

/** Reads both outputs of a process to their ends and waits for its exit. */
export async function readExec({ stdout, stderr, exitCode }: ExecProcess): Promise<ExecResult> {
  const [out, err, code] = await Promise.all([readAll(stdout), readAll(stderr), exitCode])
  return { stdout: out.toString('utf8'), stderr: err.toString('utf8'), exitCode: code }
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}
