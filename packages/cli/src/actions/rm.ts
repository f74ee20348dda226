import { isHostError } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { RmOptions } from '../commands/rm.js'
import { isIdle } from '../is-idle.js'
import { UsageError } from '../usage-error.js'
import { forEachContainer } from './each-container.js'

/** Removes containers; prints each that was asked for as it is done. */
export async function rm({ invocation, operands, options }: Call<RmOptions>): Promise<number> {
  const { force = false } = options
  const { signal } = invocation.interrupts
  return await forEachContainer(
    { invocation, operands, options },
    async (runtime, { id, name, state }) => {
      if (!force && !isIdle(state)) {
        throw new UsageError(`container "${name}" is ${state}`, { remedies: ['stop it first, or use --force'] })
      }
      await runtime.removeContainer(id, { signal })
    },
    { isFine: (error) => force && isHostError(error, 'CONTAINER_NOT_FOUND') },
  )
}
