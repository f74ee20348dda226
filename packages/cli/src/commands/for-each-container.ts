import { type ContainerControl, type ContainerInfo, containerControlCapability, type RuntimeScope } from '@capstan/core'
import { pickContainer } from '../host/find-container.js'
import type { Invocation } from '../host/invocation.js'
import { type OpenedRuntime, openRuntime } from '../host/open-host.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call } from './command.js'

/** A command on containers. Its failures do not stop the others. */
type ContainerCall = Call<{ readonly json?: boolean }>

/**
 * Runs `action` on all given containers in parallel. Prints, in the given order, the result of each that succeeded: the text that
 * `action` resolves with, else the reference of the container.
 *
 * @throws AggregateError of all failures that `isIgnored` does not accept.
 */
export async function forEachContainer(
  call: ContainerCall,
  action: (scope: RuntimeScope, container: ContainerInfo) => Promise<unknown>,
  { isIgnored = () => false }: { readonly isIgnored?: (error: unknown) => boolean } = {},
): Promise<number> {
  await using opened = await openRuntime(call.invocation)
  return await runEach(opened, call, { action: (container) => action(opened.scope, container), isIgnored })
}

/** Does the same with the container control of the runtime. */
export async function forEachControlled(
  call: ContainerCall,
  action: (control: ContainerControl, container: ContainerInfo) => Promise<void>,
): Promise<number> {
  await using opened = await openRuntime(call.invocation, { requires: [containerControlCapability] })
  const control = await opened.require(containerControlCapability)
  return await runEach(opened, call, { action: (container) => action(control, container), isIgnored: () => false })
}

interface EachOptions {
  readonly action: (container: ContainerInfo) => Promise<unknown>
  readonly isIgnored: (error: unknown) => boolean
}

async function runEach(
  { scope: { runtime, runtimeName } }: OpenedRuntime,
  { invocation, operands, options }: ContainerCall,
  { action, isIgnored }: EachOptions,
): Promise<number> {
  const { signal } = invocation.interrupts
  const all = await runtime.listContainers({ signal })
  const attempts = operands.map((reference) => ({
    reference,
    result: settle(async () => action(pickContainer(all, reference))),
  }))
  const done: string[] = []
  const results: Record<string, string> = {}
  const failures: unknown[] = []
  for (const { reference, result } of attempts) {
    const { error, value } = await result
    signal.throwIfAborted()
    if (error !== undefined) {
      if (!isIgnored(error)) failures.push(error)
      continue
    }
    done.push(reference)
    if (typeof value === 'string') results[reference] = value
    await print(invocation, options.json ? '' : `${results[reference] ?? reference}\n`)
  }
  const shown = Object.keys(results).length === 0 ? { done } : { done, results }
  await print(invocation, options.json ? toJson({ runtime: runtimeName, ...shown }) : '')
  if (failures.length > 0) throw new AggregateError(failures)
  return 0
}

async function print({ io, interrupts }: Invocation, text: string): Promise<void> {
  if (text !== '') await writeOutput(io.stdout, text, interrupts)
}

/** Resolves with the error instead of rejecting, since an earlier attempt may be awaited first. */
async function settle<T>(
  work: () => Promise<T>,
): Promise<{ readonly error: unknown; readonly value?: undefined } | { readonly error: undefined; readonly value: T }> {
  try {
    return { error: undefined, value: await work() }
  } catch (error) {
    return { error }
  }
}
