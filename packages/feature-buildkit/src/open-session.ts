import type { Argv, ExecManager, ExecOptions, ExecProcess } from '@capstan/core'

/**
 * An exec whose start the signal ends, but not its session: that is ended by its own means, when there is something to
 * wait for.
 */
export async function openSession(
  execs: ExecManager,
  id: string,
  { command, signal, ...options }: ExecOptions & { readonly command: Argv },
): Promise<ExecProcess> {
  const own = new AbortController()
  const abort = () => own.abort(signal?.reason)
  signal?.throwIfAborted()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const process = await execs.exec(id, command, { ...options, signal: own.signal })
    process.exitCode.catch(() => {})
    process.stdin.on('error', () => {})
    return process
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
