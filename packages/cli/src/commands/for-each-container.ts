import type { ContainerInfo, Runtime } from '@capstan/core'
import { pickContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call } from './command.js'

/**
 * Runs `action` on all given containers in parallel. Prints, in the given order, the reference of each that succeeded. A failure
 * does not stop the others.
 *
 * @throws AggregateError of all failures that `isIgnored` does not accept.
 */
export async function forEachContainer(
  { invocation, operands, options }: Call<{ readonly json?: boolean }>,
  action: (runtime: Runtime, container: ContainerInfo) => Promise<void>,
  { isIgnored = () => false }: { readonly isIgnored?: (error: unknown) => boolean } = {},
): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  await using opened = await openRuntime(invocation)
  const { runtime } = opened.scope
  const all = await runtime.listContainers({ signal })
  const attempts = operands.map((reference) => ({
    reference,
    result: settle(async () => action(runtime, pickContainer(all, reference))),
  }))
  const done: string[] = []
  const failures: unknown[] = []
  for (const { reference, result } of attempts) {
    const { error } = await result
    signal.throwIfAborted()
    if (error !== undefined) {
      if (!isIgnored(error)) failures.push(error)
      continue
    }
    done.push(reference)
    if (!options.json) await writeOutput(io.stdout, `${reference}\n`, { signal })
  }
  if (options.json) await writeOutput(io.stdout, toJson({ runtime: opened.scope.runtimeName, done }), { signal })
  if (failures.length > 0) throw new AggregateError(failures)
  return 0
}

/** Resolves with the error instead of rejecting, since an earlier attempt may be awaited first. */
async function settle(work: () => Promise<void>): Promise<{ readonly error: unknown }> {
  return await work().then(
    () => ({ error: undefined }),
    (error: unknown) => ({ error }),
  )
}
