import type { AttachOptions, ContainerConfig, ContainerInfo, ContainerState, Runtime } from '@capstan/core'
import { expectDefined, expectEqual } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { collectBytes } from './collect.js'
import { untilLogged } from './logs.js'

/** The config of a container in a case. Default of `image`: the image of the kit. */
export type CaseConfig = Partial<ContainerConfig>

/** Creates a container that is removed after the case. */
export async function createContainer(
  context: CaseContext,
  config: CaseConfig,
  runtime: Runtime = context.runtime,
): Promise<string> {
  const { image, signal } = context
  const id = await runtime.createContainer({ image, ...config }, { signal })
  // Uses the runtime of the case, because the case may have closed the other one.
  context.defer(`container ${id}`, (options) => context.runtime.removeContainer(id, options))
  return id
}

/** Creates and starts a container. */
export async function startContainer(
  context: CaseContext,
  config: CaseConfig,
  runtime: Runtime = context.runtime,
): Promise<string> {
  const id = await createContainer(context, config, runtime)
  await runtime.startContainer(id, { signal: context.signal })
  return id
}

/** Starts a container and waits until its program prints the line. */
export async function startReady(context: CaseContext, config: CaseConfig, line = 'ready'): Promise<string> {
  const id = await startContainer(context, config)
  await untilLogged(context, id, line)
  return id
}

/** Creates and starts a container and waits for its exit. */
export async function runToExit(
  context: CaseContext,
  config: CaseConfig,
): Promise<{ readonly id: string; readonly exitCode: number }> {
  const id = await startContainer(context, config)
  return { id, exitCode: await context.runtime.waitContainer(id, { signal: context.signal }) }
}

/** Runs a container with `startAttached` and collects its output. */
export async function runAttached(
  context: CaseContext,
  config: CaseConfig,
  attach: AttachOptions = {},
): Promise<ProgramResult> {
  const id = await createContainer(context, config)
  const stdout = collectBytes()
  const stderr = collectBytes()
  const options = { stdout: stdout.stream, stderr: stderr.stream, signal: context.signal, ...attach }
  const exitCode = await context.runtime.startAttached(id, options)
  return { id, exitCode, stdout: stdout.text(), stderr: stderr.text(), bytes: stdout.bytes() }
}

export interface ProgramResult {
  readonly id: string
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly bytes: Buffer
}

/** Runs programs concurrently and fails unless each prints the number of its run and exits with it. */
export async function expectNumberedRuns(
  count: number,
  run: (number: number) => Promise<Pick<ProgramResult, 'stdout' | 'exitCode'>>,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, number) => number)
  const results = (await Promise.all(numbers.map(run))).map(({ stdout, exitCode }) => ({ stdout, exitCode }))
  const expected = numbers.map((number) => ({ stdout: `${number}\n`, exitCode: number }))
  expectEqual(results, expected, 'the results')
}

/** Fails unless the program exits with 0, its stdout without surrounding space is this text, and its stderr is empty. */
export async function expectPrints(context: CaseContext, config: CaseConfig, line: string): Promise<void> {
  const { stdout, stderr, exitCode } = await runAttached(context, config)
  expectEqual({ exitCode, stdout: stdout.trim(), stderr }, { exitCode: 0, stdout: line, stderr: '' }, 'the program')
}

/** Waits until the container has the state. */
export async function untilState({ runtime, signal }: CaseContext, id: string, state: ContainerState): Promise<void> {
  await eventually(`the state "${state}"`, async () =>
    (await runtime.containerState(id, { signal })) === state ? state : undefined,
  )
}

/** Finds the entry of a container in the list. */
export async function findListed({ runtime, signal }: CaseContext, id: string): Promise<ContainerInfo | undefined> {
  return (await runtime.listContainers({ signal })).find((listed) => listed.id === id)
}

/** Returns the entry of a container in the list. Fails when there is none. */
export async function expectListed(context: CaseContext, id: string): Promise<ContainerInfo> {
  return expectDefined(await findListed(context, id), 'the container in the list')
}

/** Waits until the container is not listed any more. */
export async function untilGone(context: CaseContext, id: string): Promise<void> {
  await eventually('the container absent from the list', async () =>
    (await findListed(context, id)) === undefined ? id : undefined,
  )
}
