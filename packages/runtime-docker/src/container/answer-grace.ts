/**
 * A signal that follows another one late: an engine goes on with what it was asked for when its client leaves, so the
 * client stays for the answer a while, to know what there is to undo.
 */
export function graceAfter(signal: AbortSignal | undefined, graceMs: number): AnswerGrace {
  const late = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const follow = () => {
    timer = setTimeout(() => late.abort(signal?.reason), graceMs)
  }
  if (signal?.aborted) late.abort(signal.reason)
  signal?.addEventListener('abort', follow, { once: true })
  return {
    signal: late.signal,
    release() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', follow)
    },
  }
}

export interface AnswerGrace {
  readonly signal: AbortSignal
  release(): void
}
