import { isHostError, type LogOptions, type Runtime, type RuntimeScope, type ServiceState } from '@capstan/core'
import { delay, findUnsupportedOption } from '@capstan/core/plugin'
import { hasNoProcess } from '../host/find-container.js'
import type { Invocation } from '../host/invocation.js'
import { toJsonLine, writeOutput } from '../render/write-output.js'

/** A container of a service whose log is shown. */
export interface LoggedContainer {
  readonly id: string
  /** The service and the number of the container, such as `web-1`. */
  readonly label: string
  readonly service: string
  /** Where its log begins. Default: as in the options. */
  readonly from?: Pick<LogOptions, 'since' | 'tailLines'>
}

/** Returns the containers of services, in the order of their labels. */
export function toLoggedContainers(services: readonly ServiceState[]): readonly LoggedContainer[] {
  return services.flatMap(({ service, containers }) =>
    containers.map(({ id, number }) => ({ id, service, label: `${service}-${number}` })),
  )
}

/** Options of `showLogs`. */
export interface ShowLogsOptions extends Pick<Invocation, 'io'> {
  readonly scope: RuntimeScope
  readonly signal: AbortSignal
  readonly log: LogOptions
  /** Whether each line begins with the label of its container. */
  readonly prefix: boolean
  /** Whether each line is a JSON document. */
  readonly json: boolean
  /** Called when the log of a container has ended, with `follow` when the container has. */
  readonly onEnd?: (container: LoggedContainer) => Promise<void>
}

/**
 * Writes the logs of containers by whole lines. With `follow`, ends when all have ended; the log of a container that its engine
 * starts again continues.
 */
export async function showLogs(containers: readonly LoggedContainer[], options: ShowLogsOptions): Promise<void> {
  const width = Math.max(0, ...containers.map(({ label }) => label.length))
  await Promise.all(containers.map((container) => showLog(container, { ...options, width })))
}

async function showLog(
  container: LoggedContainer,
  { scope, io, signal, log, prefix, json, width, onEnd }: ShowLogsOptions & { readonly width: number },
): Promise<void> {
  const { id, label, service, from = {} } = container
  const { runtime, report } = scope
  const write = async (line: string, timestamp: string | undefined) => {
    const time = log.timestamps === true ? timestamp : undefined
    const text = json
      ? toJsonLine({ service, container: label, ...(time !== undefined && { timestamp: time }), text: line })
      : `${prefix ? `${label.padEnd(width)}  | ` : ''}${time === undefined ? '' : `${time} `}${line}\n`
    await writeOutput(io.stdout, text, { signal })
  }
  // The log of a further run continues at the last timestamp where the runtime has them, else at the end of the previous log.
  const unsupportedOptions = report.available ? report.unsupportedOptions : []
  const hasTimes = findUnsupportedOption('logs.timestamps', unsupportedOptions) === undefined
  const timestamps = log.timestamps === true || (log.follow === true && hasTimes)
  const { tailLines: _, ...withoutTail } = log
  let next: LogOptions = { ...log, ...from }
  let last: string | undefined
  try {
    do {
      const lines = new LineSplitter(write)
      const seen = last
      await using stream = await runtime.containerLogs(id, { ...next, timestamps, signal })
      for await (const { bytes, timestamp } of stream) {
        // `since` includes its time.
        if (seen !== undefined && timestamp === seen) continue
        last = timestamp ?? last
        await lines.add(bytes, timestamp)
      }
      await lines.end()
      next = { ...withoutTail, ...(hasTimes && last === undefined ? {} : { since: last ?? new Date() }) }
    } while (log.follow === true && (await mayContinue(runtime, id, signal)))
  } catch (error) {
    if (!isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
  }
  await onEnd?.(container)
}

/** Whether the engine runs the container again, or will. */
async function mayContinue(runtime: Runtime, id: string, signal: AbortSignal): Promise<boolean> {
  if (hasNoProcess(await runtime.containerState(id, { signal }))) return false
  await delay(restartMs, { signal })
  return true
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
    if (this.#rest.length < longestLine) return
    await this.#write(this.#rest, this.#timestamp)
    this.#rest = ''
  }

  async end(): Promise<void> {
    const rest = this.#rest + this.#decoder.decode()
    this.#rest = ''
    if (rest !== '') await this.#write(rest, this.#timestamp)
  }
}

const restartMs = 100
/** A longer line is written in parts, so that a program without line feeds does not fill the memory. */
const longestLine = 65_536
