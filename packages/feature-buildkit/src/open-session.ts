import { type Argv, type ExecManager, type ExecOptions, type ExecProcess, linkSignals } from '@capstan/core'

/**
 * An exec whose start the signal ends, but not its session: that is ended by its own means, when there is something to
 * wait for.
 */
export async function openSession(
  execs: ExecManager,
  id: string,
  { command, signal, ...options }: ExecOptions & { readonly command: Argv },
): Promise<ExecProcess> {
  signal?.throwIfAborted()
  const linked = linkSignals([signal])
  try {
    const process = await execs.exec(id, command, { ...options, signal: linked.signal })
    process.exitCode.catch(() => {})
    process.stdin.on('error', () => {})
    return process
  } finally {
    linked.unlink()
  }
}
