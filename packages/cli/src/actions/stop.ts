import type { Call } from '../commands/command-line.js'
import type { StopCommandOptions } from '../commands/stop.js'
import { parseSeconds } from '../parse/seconds.js'
import { forEachContainer } from './each-container.js'

/** Stops containers; prints each that was asked for as it is done. */
export async function stop({ invocation, operands, options }: Call<StopCommandOptions>): Promise<number> {
  const graceMs = parseSeconds(options.time, '--time')
  const { signal } = invocation.interrupts
  return await forEachContainer({ invocation, operands, options }, async (runtime, { id }) => {
    await runtime.stopContainer(id, { graceMs, signal })
  })
}
