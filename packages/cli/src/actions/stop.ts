import type { Call } from '../commands/command-line.js'
import type { StopCommandOptions } from '../commands/stop.js'
import { parseNumber } from '../parse/number.js'
import { forEachContainer } from './each-container.js'

/** Stops containers; prints each that was asked for as it is done. */
export async function stop({ invocation, operands, options }: Call<StopCommandOptions>): Promise<number> {
  const graceMs = Math.round(1000 * parseNumber(options.time, { option: '--time' }))
  const { signal } = invocation.interrupts
  return await forEachContainer({ invocation, operands, options }, async (runtime, { id }) => {
    await runtime.stopContainer(id, { graceMs, signal })
  })
}
