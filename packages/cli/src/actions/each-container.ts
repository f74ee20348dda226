import type { ContainerInfo, Runtime } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import { findContainer } from '../find-container.js'
import { openRuntime } from '../open-host.js'
import { toJson, writeOutput } from '../render/write-output.js'

/** Does something to each container that was named. One that fails is told on stderr, and the others are still done. */
export async function forEachContainer(
  { invocation, operands, options }: Call<{ readonly json?: boolean }>,
  act: (runtime: Runtime, container: ContainerInfo) => Promise<void>,
  { isFine = () => false }: { readonly isFine?: (error: unknown) => boolean } = {},
): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  await using opened = await openRuntime(invocation)
  const { runtime } = opened.scope
  const done: string[] = []
  const failures: unknown[] = []
  for (const reference of operands) {
    try {
      await act(runtime, await findContainer(runtime, reference, { signal }))
      done.push(reference)
      if (!options.json) await writeOutput(io.stdout, `${reference}\n`, { signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!isFine(error)) failures.push(error)
    }
  }
  if (options.json) await writeOutput(io.stdout, toJson({ runtime: opened.scope.runtimeName, done }), { signal })
  if (failures.length > 0) throw new AggregateError(failures)
  return 0
}
