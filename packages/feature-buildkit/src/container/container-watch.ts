import { type ContainerState, isHostError, type Runtime } from '@capstan/core'
import { delay } from '@capstan/core/plugin'

/** Watches the container of a sidecar: reports its end, and keeps the last lines of its log. */
export class ContainerWatch {
  /**
   * Resolves with the exit code when the container ends, or with `undefined` if the code is unknown. Never rejects: stays
   * pending after `stop()` or when waiting fails.
   */
  readonly ended: Promise<number | undefined>
  readonly #closing = new AbortController()
  readonly #logEnd: Promise<void>
  #lines: string[] = []
  #partialLine = ''

  constructor(runtime: Runtime, id: string) {
    const { signal } = this.#closing
    this.#logEnd = this.#readLog(runtime, id).catch(() => {})
    this.ended = runtime
      .waitContainer(id, { signal })
      .catch((error: unknown) => {
        if (isHostError(error, 'OPTION_UNSUPPORTED')) return this.#pollUntilEnded(runtime, id)
        throw error
      })
      .catch((error: unknown) => {
        // The container does not exist any more, or its exit code is unknown: it has ended in both cases.
        if (isHostError(error, 'CONTAINER_NOT_FOUND') || isHostError(error, 'EXIT_CODE_UNKNOWN')) return undefined
        return new Promise<never>(() => {})
      })
  }

  /** Resolves with whether the container ends within `ms` milliseconds. Default 500: an engine may report an end late. */
  async endsWithin(ms: number = reportDelayMs): Promise<boolean> {
    return Promise.race([this.ended.then(() => true), delay(ms, { ref: false }).then(() => false)])
  }

  /** The last lines of the log. The rest of the log of an ended container may still arrive, so it is awaited briefly. */
  async lastLines(): Promise<readonly string[]> {
    await Promise.race([this.#logEnd, delay(reportDelayMs, { ref: false })])
    return [...this.#lines, this.#partialLine].filter((line) => line.trim() !== '').slice(-maxLines)
  }

  /** Stops watching. */
  async stop(): Promise<void> {
    this.#closing.abort()
    await this.#logEnd
  }

  /**
   * For runtimes where only the process that started a container can wait for it: the log ends with the container, and then
   * the state is polled.
   */
  async #pollUntilEnded(runtime: Runtime, id: string): Promise<undefined> {
    const { signal } = this.#closing
    await this.#logEnd
    while (activeStates.has(await runtime.containerState(id, { signal }))) await delay(pollMs, { signal })
    return undefined
  }

  async #readLog(runtime: Runtime, id: string): Promise<void> {
    const { signal } = this.#closing
    for await (const { bytes } of await runtime.containerLogs(id, { follow: true, tailLines: maxLines, signal })) {
      const lines = (this.#partialLine + Buffer.from(bytes).toString()).split('\n')
      this.#partialLine = lines.pop() ?? ''
      this.#lines = [...this.#lines, ...lines].slice(-maxLines)
    }
  }
}

const activeStates: ReadonlySet<ContainerState> = new Set(['running', 'stopping', 'paused', 'restarting'])
const pollMs = 1000
const maxLines = 20
const reportDelayMs = 500
