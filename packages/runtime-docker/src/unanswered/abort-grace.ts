import type { DockerEngine, EngineCall } from '../docker-engine.js'

/**
 * Does `work`, which requests that the engine creates something. An engine continues when its client disconnects, so `work`
 * gets a call whose signal aborts `timeouts.abortGraceMs` later than that of the operation: the answer tells what there is
 * to undo.
 */
export async function withAbortGrace<T, C extends EngineCall>(
  { timeouts }: Pick<DockerEngine, 'timeouts'>,
  call: C,
  work: (patient: C & { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const { signal, isBounded = signal !== undefined } = call
  signal?.throwIfAborted()
  const late = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const follow = () => {
    timer = setTimeout(() => late.abort(signal?.reason), timeouts.abortGraceMs)
  }
  signal?.addEventListener('abort', follow, { once: true })
  try {
    return await work({ ...call, isBounded, signal: late.signal })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', follow)
  }
}
