import { type ExecOptions, type ExecProcess, execManagerCapability } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import { expectEqual } from '../assert/expect.js'
import { within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { readAll } from './collect.js'
import { type CaseConfig, startContainer } from './containers.js'

/** Starts a process in a running container. */
export async function startExec(
  context: CaseContext,
  id: string,
  command: Argv,
  options: ExecOptions = {},
): Promise<ExecProcess> {
  return await context.require(execManagerCapability).exec(id, command, { signal: context.signal, ...options })
}

/** Starts a process in a new running container. */
export async function startProcess(
  context: CaseContext,
  command: Argv,
  options: ExecOptions = {},
  config: CaseConfig = {},
): Promise<ExecProcess> {
  const id = await startContainer(context, { ...config, command: context.programs.sleep(60) })
  return await startExec(context, id, command, options)
}

/** Reads both outputs of a process to their ends and waits for its exit. */
export async function readExec({ stdout, stderr, exitCode }: ExecProcess): Promise<ExecResult> {
  const [out, err, code] = await Promise.all([readAll(stdout), readAll(stderr), exitCode])
  return { stdout: out.toString('utf8'), stderr: err.toString('utf8'), exitCode: code }
}

/** Runs a process in a new running container and reads its outputs. */
export async function runProcess(...parameters: Parameters<typeof startProcess>): Promise<ExecResult> {
  return await readExec(await startProcess(...parameters))
}

/** Fails unless a process with these options counts no byte of stdin. */
export async function expectReadsEndOfFile(context: CaseContext, options: ExecOptions): Promise<void> {
  const process = await startProcess(context, context.programs.count(), options)
  const { stdout } = await within(10_000, 'the end of the process', readExec(process))
  expectEqual(stdout.trim(), '0', 'the count')
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}
