import type { AttachOptions } from '@capstan/core'
import { CallerStreamWriter, createHostError, type OperationNames, pumpInput, untilAborted } from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { startContainer } from './start-container.js'
import type { ContainerRun } from './state/container-run.js'
import type { AttachedClient } from './state/container-streams.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './state/memory-container.js'
import { stopContainer } from './stop-container.js'

/** Attaches to the current run until its output ends. The end of the session does not stop the container. */
export async function attachContainer(
  container: MemoryContainer,
  options: AttachOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { id } = container
  const run = getCurrentRun(container)
  if (run === undefined || run.isPaused)
    throw createHostError('NOT_RUNNING', { id, state: toContainerState(container) })
  if (options.initialSize !== undefined) container.terminalSize = options.initialSize
  const output = new OutputClient(options, { operation: 'attach', subject: id })
  run.streams.attach(output)
  try {
    await runSession(run, { attach: options, output, signal: options.signal })
  } finally {
    run.streams.detach(output)
  }
}

/** Options of `startAttached`. */
export interface StartAttachedOptions {
  readonly attach: AttachOptions
  /** Aborts when the caller's signal aborts and when the runtime is closed. */
  readonly signal: AbortSignal
}

/**
 * Attaches and then starts the container, so that no output is lost. Resolves with the exit code after the caller's
 * streams have taken all output.
 */
export async function startAttached(
  context: MemoryRuntimeContext,
  container: MemoryContainer,
  { attach, signal }: StartAttachedOptions,
): Promise<number> {
  if (attach.initialSize !== undefined) container.terminalSize = attach.initialSize
  const output = new OutputClient(attach, { operation: 'startAttached', subject: container.id })
  const before = getCurrentRun(container)
  const run = await startContainer(context, container, { client: output })
  try {
    return await runSession(run, { attach, output, signal })
  } catch (error) {
    // An aborted or failed call stops the run that it started. Closing the runtime stops no container.
    const isRuntimeClosed = signal.aborted && attach.signal?.aborted !== true
    // The time is shorter than the default of stopContainer, because the caller waits for the rejection.
    if (run !== before && !isRuntimeClosed)
      await stopContainer(container, { graceMs: 1000, signal: new AbortController().signal })
    throw error
  } finally {
    run.streams.detach(output)
  }
}

interface Session extends StartAttachedOptions {
  readonly output: OutputClient
}

async function runSession({ streams, whenEnded }: ContainerRun, { attach, output, signal }: Session): Promise<number> {
  const input = attach.stdin === undefined ? undefined : pumpInput(attach.stdin, streams.input, output.call)
  input?.failed.catch(() => streams.input.end())
  try {
    const failures = [output.failed, ...(input === undefined ? [] : [input.failed])]
    return await untilAborted(Promise.race([whenEnded, ...failures]), signal)
  } finally {
    input?.stop()
  }
}

/** Writes the output of a container to the streams of one attached caller. */
class OutputClient implements AttachedClient {
  /** Rejects when one of the streams fails. That ends the session, but not the container. */
  readonly failed: Promise<never>
  readonly call: OperationNames
  readonly #writers: Readonly<Record<'stdout' | 'stderr', CallerStreamWriter | undefined>>
  readonly #detached = new AbortController()
  #fail: (error: unknown) => void = () => {}

  constructor({ stdout, stderr }: AttachOptions, call: OperationNames) {
    this.call = call
    this.#writers = {
      stdout: stdout && new CallerStreamWriter(stdout, call),
      stderr: stderr && new CallerStreamWriter(stderr, call),
    }
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  async write(source: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    const { signal } = this.#detached
    const writer = this.#writers[source]
    if (writer === undefined || signal.aborted) return
    try {
      writer.write(bytes)
      await writer.waitForWrites(signal)
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
    }
  }

  detach(): void {
    this.#detached.abort()
    for (const writer of Object.values(this.#writers)) writer?.release()
  }
}
