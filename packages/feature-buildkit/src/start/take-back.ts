import { linkSignals, type OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { runExec } from '../run-exec.js'
import { toCloseCommand } from '../scripts.js'

/** Removes a sidecar, unless others have a lease of it: then it is theirs. Gone: resolves. */
export async function takeBack(
  managers: BuildKitManagers,
  id: string,
  { askMs = 5000, takesKeepBack = false, ...options }: TakeBackOptions,
): Promise<'removed' | 'shared'> {
  const { runtime } = managers
  if (await isShared(managers, id, { askMs, takesKeepBack, ...options })) return 'shared'
  // A daemon that is killed may leave its database broken in a volume that stays.
  await runtime.stopContainer(id, { ...options, graceMs: stopMs })
  await runtime.removeContainer(id, options)
  return 'removed'
}

/** Options of {@link takeBack}. */
export interface TakeBackOptions extends OperationOptions {
  /** Limit in milliseconds of the question for leases; without an answer the sidecar counts as unused. Default 5000. */
  readonly askMs?: number
  /** Whether a kept sidecar is removed, too. Default false. */
  readonly takesKeepBack?: boolean
}

/** Asks in the sidecar, which gives no lease any more if the answer is no. One that cannot be asked has no users. */
async function isShared(
  { execs }: BuildKitManagers,
  id: string,
  { askMs, takesKeepBack, signal }: Required<Omit<TakeBackOptions, 'signal'>> & OperationOptions,
): Promise<boolean> {
  const limit = linkSignals([signal, AbortSignal.timeout(askMs)])
  try {
    const { stdout } = await runExec(execs, id, { command: toCloseCommand({ takesKeepBack }), signal: limit.signal })
    return stdout.toString().startsWith('shared')
  } catch {
    signal?.throwIfAborted()
    return false
  } finally {
    limit.unlink()
  }
}

const stopMs = 2000
