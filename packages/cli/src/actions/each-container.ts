import type { ContainerInfo, Runtime } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import { pickContainer } from '../find-container.js'
import { openRuntime } from '../open-host.js'
import { toJson, writeOutput } from '../render/write-output.js'

/** Does something to all containers that were named, at once. One that fails is told on stderr, and the others are still done. */
export async function forEachContainer(
  { invocation, operands, options }: Call<{ readonly json?: boolean }>,
  act: (runtime: Runtime, container: ContainerInfo) => Promise<void>,
  { isFine = () => false }: { readonly isFine?: (error: unknown) => boolean } = {},
): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  await using opened = await openRuntime(invocation)
  const { runtime } = opened.scope
  const all = await runtime.listContainers({ signal })
  const attempts = operands.map((reference) => ({
    reference,
    ended: attempt(async () => act(runtime, pickContainer(all, reference))),
  }))
  const done: string[] = []
  const failures: unknown[] = []
  for (const { reference, ended } of attempts) {
    const { error } = await ended
    signal.throwIfAborted()
    if (error !== undefined) {
      if (!isFine(error)) failures.push(error)
      continue
    }
    done.push(reference)
    if (!options.json) await writeOutput(io.stdout, `${reference}\n`, { signal })
  }
  if (options.json) await writeOutput(io.stdout, toJson({ runtime: opened.scope.runtimeName, done }), { signal })
  if (failures.length > 0) throw new AggregateError(failures)
  return 0
}

/** How it went. An error waits in it until somebody asks. */
async function attempt(work: () => Promise<void>): Promise<{ readonly error: unknown }> {
  return await work().then(
    () => ({ error: undefined }),
    (error: unknown) => ({ error }),
  )
}
