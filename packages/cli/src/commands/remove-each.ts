import { toJson, writeOutput } from '../render/write-output.js'
import type { Call } from './command.js'

/**
 * Runs `remove` on all operands in parallel. Prints, in the given order, those that it removed. A failure does not stop the others.
 *
 * @throws AggregateError of all failures
 */
export async function removeEach(
  { invocation, operands, options, runtimeName }: Call<RemoveOptions> & { readonly runtimeName: string },
  remove: (reference: string) => Promise<void>,
): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const results = await Promise.allSettled(operands.map(remove))
  signal.throwIfAborted()
  const done = operands.filter((_, index) => results[index]?.status === 'fulfilled')
  const text = options.json ? toJson({ runtime: runtimeName, done }) : done.map((name) => `${name}\n`).join('')
  await writeOutput(io.stdout, text, { signal })
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length > 0) throw new AggregateError(failures)
  return 0
}

/** The options of `network rm` and `volume rm`. */
export interface RemoveOptions {
  readonly force?: boolean
  readonly json?: boolean
}
