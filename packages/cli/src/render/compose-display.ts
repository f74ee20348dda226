import type { ComposeProgress } from '@capstan/core'
import type { Io } from '../terminal/io.js'
import { type Clock, systemClock } from './clock.js'
import { toOneLine } from './printable.js'
import { cutLine } from './text.js'
import { toJsonLine } from './write-output.js'

/** Shows the progress of `up`. Disposing ends the display. */
export interface ComposeDisplay extends Disposable {
  readonly onProgress: (event: ComposeProgress) => void
}

/**
 * Creates a display on stderr: a page with a line for each part that is redrawn on a terminal, else a line for each step. With
 * `json`, each event is a JSON document.
 */
export function createComposeDisplay(
  io: Pick<Io, 'stderr'>,
  { json = false, clock = systemClock }: ComposeDisplayOptions = {},
): ComposeDisplay {
  const { stderr } = io
  if (json) {
    return { onProgress: (event) => void stderr.write(toJsonLine({ event })), [Symbol.dispose]: () => undefined }
  }
  // A page can be redrawn only where its width is known.
  return stderr.isTTY === true && stderr.columns ? new LiveComposeDisplay(stderr, clock) : createPlainDisplay(io)
}

/** Options of a display. */
export interface ComposeDisplayOptions {
  readonly json?: boolean
  readonly clock?: Clock
}

/** Writes a line for each new status. Events of a transfer differ only in their bytes, and are written once. */
function createPlainDisplay({ stderr }: Pick<Io, 'stderr'>): ComposeDisplay {
  const statuses = new Map<string, string>()
  return {
    onProgress: (event) => {
      const key = toKey(event)
      if (statuses.get(key) === event.status) return
      statuses.set(key, event.status)
      stderr.write(`${key} ${toOneLine(event.status)}\n`)
    },
    [Symbol.dispose]: () => undefined,
  }
}

/** Redraws a page by a library that is loaded on first use. At the end, the page stays. */
class LiveComposeDisplay implements ComposeDisplay {
  readonly #output: Io['stderr']
  readonly #parts = new Map<string, ComposeProgress>()
  readonly #stop: () => void
  #page: ((text: string) => void) & { clear(): void; done(): void } = noPage

  constructor(output: Io['stderr'], clock: Clock) {
    this.#output = output
    this.#stop = clock.every(redrawMs, () => this.#draw())
    // Without the library nothing is drawn until the end.
    this.#load().catch(() => undefined)
  }

  readonly onProgress = (event: ComposeProgress): void => {
    this.#parts.set(toKey(event), event)
  };

  [Symbol.dispose](): void {
    this.#stop()
    this.#page.clear()
    this.#page.done()
    this.#page = noPage
    this.#output.write(this.#toLines(Number.POSITIVE_INFINITY))
  }

  async #load(): Promise<void> {
    const { createLogUpdate } = await import('log-update')
    // A stream with `isTTY` is a WriteStream.
    this.#page = createLogUpdate(this.#output as NodeJS.WriteStream)
  }

  #draw(): void {
    this.#page(this.#toLines((this.#output.rows ?? 24) - 1))
  }

  /** The parts that changed last, if not all of them fit. */
  #toLines(height: number): string {
    const shown = [...this.#parts].slice(Number.isFinite(height) ? -height : 0)
    const width = Math.max(0, ...shown.map(([key]) => key.length))
    return shown
      .map(([key, { status }]) => {
        const mark = finalStatuses.has(status) ? '✔' : '·'
        return `${cutLine(`${mark} ${key.padEnd(width)}  ${toOneLine(status)}`, (this.#output.columns ?? 80) - 1)}\n`
      })
      .join('')
  }
}

function toKey({ kind, id }: ComposeProgress): string {
  return `${kind} ${toOneLine(id)}`
}

const finalStatuses: ReadonlySet<string> = new Set([
  'Created',
  'Started',
  'Running',
  'Healthy',
  'Exited',
  'Pulled',
  'Built',
])
const redrawMs = 100
const noPage = Object.assign(() => undefined, { clear: () => undefined, done: () => undefined })
