import { isHostError, type LogOptions, type Runtime, type ServiceState } from '@capstan/core'
import { delay } from '@capstan/core/plugin'
import { hasNoProcess } from '../host/find-container.js'
import { toJsonLine, writeOutput } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'

/** A container of a service whose log is shown. */
export interface LoggedContainer {
  readonly id: string
  /** The service and the number of the container, such as `web-1`. */
  readonly label: string
  readonly service: string
  /** Output before this time is not shown. Default: that of the options. */
  readonly since?: Date | undefined
}

/** Returns the containers of services, in the order of their labels. */
export function toLoggedContainers(services: readonly ServiceState[]): readonly LoggedContainer[] {
  return services.flatMap(({ service, containers }) =>
    containers.map(({ id, number }) => ({ id, service, label: `${service}-${number}` })),
  )
}

/** Options of `showLogs`. */
export interface ShowLogsOptions {
  readonly runtime: Runtime
  readonly io: Pick<Io, 'stdout'>
  readonly signal: AbortSignal
  readonly log: LogOptions
  readonly prefix: boolean
  readonly json: boolean
}

/**
 * Writes the logs of containers by whole lines, each after the label of its container. With `follow`, ends when all have ended;
 * the log of a container that its engine starts again continues.
 */
export async function showLogs(containers: readonly LoggedContainer[], options: ShowLogsOptions): Promise<void> {
  const width = Math.max(0, ...containers.map(({ label }) => label.length))
  await Promise.all(containers.map((container) => showLog(container, { ...options, width })))
}

async function showLog(
  { id, label, service, since }: LoggedContainer,
  { runtime, io, signal, log, prefix, json, width }: ShowLogsOptions & { readonly width: number },
): Promise<void> {
  const write = async (line: string, timestamp: string | undefined) => {
    const time = timestamp === undefined ? '' : `${timestamp} `
    const text = json
      ? toJsonLine({ service, container: label, ...(timestamp !== undefined && { timestamp }), text: line })
      : `${prefix ? `${label.padEnd(width)}  | ` : ''}${time}${line}\n`
    await writeOutput(io.stdout, text, { signal })
  }
  const { tailLines: _, ...withoutTail } = log
  for (let run = since === undefined ? log : { ...log, since }; ; run = { ...withoutTail, since: new Date() }) {
    const lines = new LineSplitter(write)
    try {
      await using stream = await runtime.containerLogs(id, { ...run, signal })
      for await (const { bytes, timestamp } of stream) await lines.add(bytes, timestamp)
      await lines.end()
      if (log.follow !== true || !(await continues(runtime, id, signal))) return
    } catch (error) {
      if (isHostError(error, 'CONTAINER_NOT_FOUND')) return
      throw error
    }
  }
}

/** Whether the engine runs the container again after its log has ended. */
async function continues(runtime: Runtime, id: string, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const state = await runtime.containerState(id, { signal })
    if (state === 'running' || state === 'paused') return true
    if (hasNoProcess(state)) return false
    await delay(stateMs, { signal })
  }
}

/** Joins chunks to lines. A chunk may end within a line, and within a character. */
class LineSplitter {
  readonly #write: (line: string, timestamp: string | undefined) => Promise<void>
  readonly #decoder = new TextDecoder()
  #rest = ''
  #timestamp: string | undefined

  constructor(write: (line: string, timestamp: string | undefined) => Promise<void>) {
    this.#write = write
  }

  async add(bytes: Uint8Array, timestamp: string | undefined): Promise<void> {
    if (this.#rest === '') this.#timestamp = timestamp
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      await this.#write(line.replace(/\r$/, ''), this.#timestamp)
      this.#timestamp = timestamp
    }
  }

  async end(): Promise<void> {
    const rest = this.#rest + this.#decoder.decode()
    this.#rest = ''
    if (rest !== '') await this.#write(rest, this.#timestamp)
  }
}

const stateMs = 100
