/**
 * Does `work` under a signal that follows another one late: an engine goes on with what it was asked for when its client
 * leaves, so the client stays for the answer a while, to know what there is to undo.
 */
export async function withAnswerGrace<T>(
  { signal, graceMs }: GraceOptions,
  work: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const follow = () => {
    timer = setTimeout(() => late.abort(signal?.reason), graceMs)
  }
  if (signal?.aborted) late.abort(signal.reason)
  signal?.addEventListener('abort', follow, { once: true })
  try {
    return await work(late.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', follow)
  }
}

export interface GraceOptions {
  readonly signal: AbortSignal | undefined
  readonly graceMs: number
}
