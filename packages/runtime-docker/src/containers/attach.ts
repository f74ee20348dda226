import type { AttachOptions, OperationOptions } from '@capstan/core'
import { createHostError, type OutputChunk, pumpInput, pumpOutput } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall, UpgradedConnection } from '../engine/docker-engine.js'
import { FrameParser } from '../engine/streams/frame-parser.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import { readChunks } from '../engine/streams/read-chunks.js'
import { createTerminalInput } from '../engine/streams/terminal-input.js'
import { toContainerState } from './inspection/convert-container.js'
import { inspectContainer, isStillRunning } from './inspection/inspect-container.js'
import { resizeStarted } from './resize-terminal.js'

/**
 * Attaches to a running container until its output ends or the signal aborts, which does not stop the container.
 * Rejects with NOT_RUNNING for a container in any other state, such as paused.
 *
 * Rejects with CONNECTION_LOST when the output ends while the container runs.
 */
export async function attach(engine: DockerEngine, options: AttachOptions, call: EngineCall): Promise<void> {
  const { initialSize } = options
  const container = await inspectContainer(engine, call)
  const state = toContainerState(container.State?.Status)
  if (state !== 'running') throw createHostError('NOT_RUNNING', { id: call.subject, state })
  const isTerminal = container.Config?.Tty === true
  const connection = await openAttach(engine, call, { ...options, isTerminal })
  if (isTerminal && initialSize !== undefined) {
    await resizeStarted(engine, initialSize, call).catch((error: unknown) => {
      connection.socket.destroy()
      throw error
    })
  }
  await pump(engine, connection, { ...options, isTerminal, call })
  if (await isStillRunning(engine, call, container.State?.StartedAt)) throw toConnectionLost(engine)
}

/** Attaches to a running or created container. Resolves when the connection is hijacked. */
export function openAttach(
  engine: DockerEngine,
  call: EngineCall,
  { stdin, stdout, stderr, isTerminal }: Omit<PumpedOptions, 'call'>,
): Promise<UpgradedConnection> {
  const isStderr = stderr !== undefined && !isTerminal // a terminal has one output
  const streams = {
    stream: true,
    stdin: stdin !== undefined,
    // An output is always attached, because its end is the end of the connection.
    stdout: stdout !== undefined || !isStderr,
    stderr: isStderr,
  }
  const query = Object.entries(streams).flatMap(([name, value]) => (value ? [`${name}=1`] : []))
  const path = `/containers/${call.subject}/attach?${query.join('&')}&${noDetachKeys}`
  return engine.upgrade({ ...call, method: 'POST', path })
}

/** Copies input and output until the output ends, and destroys the socket. Rejects with a translated error. */
export async function pump(
  engine: DockerEngine,
  connection: UpgradedConnection,
  { stdin, isTerminal, call, ...outputs }: PumpedOptions,
): Promise<void> {
  const { socket } = connection
  const input = stdin && pumpInput(stdin, isTerminal ? createTerminalInput(socket) : socket, call)
  input?.failed.catch((error: Error) => socket.destroy(error))
  try {
    await pumpOutput(readOutput(connection, { isTerminal, signal: call.signal }), outputs, call)
  } catch (cause) {
    throw engine.translate(cause, call)
  } finally {
    input?.stop()
    socket.destroy()
  }
}

/** Yields the output of a process as it arrives. Output before an error is yielded before the error is thrown. */
async function* readOutput(
  { socket, head }: UpgradedConnection,
  { isTerminal, signal }: OperationOptions & { readonly isTerminal: boolean },
): AsyncGenerator<OutputChunk, void> {
  const chunks: OutputChunk[] = []
  const parser = new FrameParser((source, bytes) => void chunks.push({ source, bytes }))
  const push = (bytes: Buffer) => (isTerminal ? void chunks.push({ source: 'stdout', bytes }) : parser.push(bytes))
  async function* readRaw() {
    if (head.length > 0) yield head
    yield* readChunks(socket, signal)
  }
  for await (const bytes of readRaw()) {
    try {
      push(bytes)
    } finally {
      yield* chunks.splice(0)
    }
  }
  parser.end()
}

export interface PumpedOptions extends Pick<AttachOptions, 'stdin' | 'stdout' | 'stderr'> {
  readonly isTerminal: boolean
  readonly call: EngineCall
}

/**
 * The engine detaches when it reads the detach keys (ctrl-p ctrl-q by default), which cannot be turned off. The keys
 * are set to bytes that no terminal sends, since 0xFF does not occur in UTF-8. URLSearchParams cannot encode them.
 */
const noDetachKeys = `detachKeys=${Array.from({ length: 8 }, () => '%FF').join(',')}`
