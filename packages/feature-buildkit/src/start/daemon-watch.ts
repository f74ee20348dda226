import { type ContainerState, isHostError, type Runtime } from '@capstan/core'
import { pause, timeLimit } from '../pause.js'

/** Sees a sidecar end, and has its last words. */
export class DaemonWatch {
  /** Resolves with the exit code when the container ends, `undefined` where it cannot be told; never rejects. */
  readonly ended: Promise<number | undefined>
  readonly #own = new AbortController()
  readonly #reading: Promise<void>
  #lines: string[] = []
  #rest = ''

  constructor(runtime: Runtime, id: string) {
    const { signal } = this.#own
    this.#reading = this.#read(runtime, id).catch(() => {})
    this.ended = runtime
      .waitContainer(id, { signal })
      .catch((error: unknown) => {
        if (isHostError(error, 'OPTION_UNSUPPORTED')) return this.#untilGone(runtime, id)
        throw error
      })
      .catch((error: unknown) => {
        // Its engine removed it at once, or nobody knows: it has ended all the same.
        if (isHostError(error, 'CONTAINER_NOT_FOUND') || isHostError(error, 'EXIT_CODE_UNKNOWN')) return undefined
        return new Promise<never>(() => {})
      })
  }

  /** Whether it has ended, as far as can be told within that time: an engine books an end a little late. */
  async hasEnded(withinMs: number = momentMs): Promise<boolean> {
    return Promise.race([this.ended.then(() => true), timeLimit(withinMs).then(() => false)])
  }

  /** The last lines that it wrote, after a moment in which the rest of an ended one can come. */
  async lastLines(): Promise<readonly string[]> {
    await Promise.race([this.#reading, timeLimit(momentMs)])
    return [...this.#lines, this.#rest].filter((line) => line.trim() !== '').slice(-mostLines)
  }

  /** Looks no more. */
  async stop(): Promise<void> {
    this.#own.abort()
    await this.#reading
  }

  /** Where only the process that started it may wait for it: its log ends with it, and its state is asked for then. */
  async #untilGone(runtime: Runtime, id: string): Promise<undefined> {
    const { signal } = this.#own
    await this.#reading
    while (goesOn.has(await runtime.containerState(id, { signal }))) await pause(pollMs)
    return undefined
  }

  async #read(runtime: Runtime, id: string): Promise<void> {
    const { signal } = this.#own
    for await (const { bytes } of await runtime.containerLogs(id, { follow: true, tailLines: mostLines, signal })) {
      const lines = (this.#rest + Buffer.from(bytes).toString()).split('\n')
      this.#rest = lines.pop() ?? ''
      this.#lines = [...this.#lines, ...lines].slice(-mostLines)
    }
  }
}

const goesOn: ReadonlySet<ContainerState> = new Set(['running', 'stopping', 'paused', 'restarting'])
const pollMs = 1000
const mostLines = 20
const momentMs = 500
