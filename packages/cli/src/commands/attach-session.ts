import {
  type AttachOptions,
  containerControlCapability,
  findCapability,
  isHostError,
  type RuntimeScope,
} from '@capstan/core'
import type { Interruption } from '../errors/interruption.js'
import type { Invocation } from '../host/invocation.js'
import { DetachableInput, untilDetached } from '../terminal/detachable-input.js'
import { enterRawMode } from '../terminal/raw-mode.js'
import { findTerminalSize, watchTerminalSize } from '../terminal/terminal-size.js'

/**
 * Connects a container to this terminal by `connect`, and resolves with its exit code; with 0 when the user has typed the detach
 * keys. The container continues when the caller then closes the runtime.
 *
 * With `proxiesSignals`, the first and the second interruption are sent to the container as signals, and the third one detaches.
 * Without it, and if stdout was closed, the first one detaches. Rejects with the interruption that detaches.
 */
export async function attachSession(
  scope: RuntimeScope,
  id: string,
  { invocation, hasStdin, tty, proxiesSignals, detachKeys, connect }: AttachSession,
): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const leaving = createLeaving()
  using _terminal = hasStdin && tty ? enterRawMode(io) : undefined
  using _sizes = watchTerminalSize(io.stdout, (size) => {
    // Fails if the container has just exited. The session does not depend on the size.
    if (tty) scope.runtime.resizeTTY(id, size, { signal }).catch(() => undefined)
  })
  using _interrupts = interrupts.handle((interruption, count) => {
    if (!proxiesSignals || count > 2 || interruption.signal === 'SIGPIPE') leaving.leave(interruption)
    else void sendSignal(scope, id, interruption).catch(leaving.leave)
  })
  using input = hasStdin && tty ? new DetachableInput(io.stdin, detachKeys) : undefined
  const initialSize = tty ? findTerminalSize(io.stdout) : undefined
  const session = connect({
    stdout: io.stdout,
    stderr: io.stderr,
    ...(hasStdin && { stdin: input ?? io.stdin }),
    ...(initialSize && { initialSize }),
    signal,
  })
  session.catch(() => undefined)
  const code = await Promise.race([untilDetached(session, input), leaving.left])
  if (code !== 'detached') return code
  io.stderr.write('\r\nDetached; the container continues to run\r\n')
  return 0
}

export interface AttachSession {
  readonly invocation: Invocation
  /** Whether this process's stdin is passed to the container. */
  readonly hasStdin: boolean
  /** Whether the container has a terminal. */
  readonly tty: boolean
  readonly proxiesSignals: boolean
  /** The bytes of the detach keys, which apply to an interactive terminal. */
  readonly detachKeys: Uint8Array
  /** Attaches the streams and resolves with the exit code. */
  connect(streams: AttachOptions): Promise<number>
}

/** Creates a promise that rejects when the session is left. */
function createLeaving(): { readonly left: Promise<never>; readonly leave: (reason: unknown) => void } {
  let leave: (reason: unknown) => void = () => {}
  const left = new Promise<never>((_, reject) => {
    leave = reject
  })
  left.catch(() => undefined)
  return { left, leave }
}

/** Sends the signal to the container. A runtime without container control stops it, which sends its stop signal. */
async function sendSignal(scope: RuntimeScope, id: string, { signal }: Interruption): Promise<void> {
  const control = findCapability(scope, containerControlCapability)
  if (control === undefined) return await scope.runtime.stopContainer(id)
  try {
    await control.killContainer(id, signal)
  } catch (error) {
    // It has just ended, and the session ends with it.
    if (!isHostError(error, 'NOT_RUNNING') && !isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
  }
}
