import type { LogChunk, LogOptions, ServiceLogChunk } from '@capstan/core'
import { readLog } from '../containers/read-logs.js'
import type { Cluster } from './cluster.js'
import type { ClusterService } from './cluster-service.js'
import type { ClusterTask } from './cluster-task.js'

/** Reads the output of all tasks of a service, ordered by time; with `follow` until the service is removed. */
export async function* readServiceLogs(
  cluster: Cluster,
  service: ClusterService,
  { signal, follow = false, timestamps = false, ...filters }: LogOptions & { readonly signal: AbortSignal },
): AsyncGenerator<ServiceLogChunk, void> {
  const ended = new AbortController()
  const reading = AbortSignal.any([signal, ended.signal])
  const readers = new Map<ClusterTask, TaskReader>()
  let change: Promise<void> | undefined
  try {
    for (;;) {
      for (const task of service.tasks) {
        if (task.container === undefined || readers.has(task)) continue
        // The times order the chunks of several tasks.
        const chunks = readLog(task.container, { ...filters, follow, timestamps: true, signal: reading })
        readers.set(task, new TaskReader(task, chunks))
      }
      const active = [...readers.values()].filter(({ isOver }) => !isOver)
      const oldest = findOldest(active)
      const isOver = active.length === 0 && (!follow || cluster.findService(service.id) !== service)
      if (isOver) return
      if (oldest !== undefined && (follow || active.every(({ head }) => head !== undefined))) {
        const { source, bytes, timestamp } = oldest.take()
        const { id: taskId, node } = oldest.task
        yield { source, bytes, taskId, nodeId: node?.id ?? '', ...(timestamps && timestamp && { timestamp }) }
        continue
      }
      const heads = active.flatMap(({ reading: pending }) => pending ?? [])
      if (follow) change ??= cluster.waitForChange(reading).finally(() => (change = undefined))
      await Promise.race([...heads, ...(change === undefined ? [] : [change])])
    }
  } finally {
    ended.abort()
  }
}

/** Reads the log of one task, one chunk ahead. */
class TaskReader {
  readonly task: ClusterTask
  /** The next chunk; `undefined` until it is read. */
  head: LogChunk | undefined
  /** Whether all chunks are taken. */
  isOver = false
  /** Settles when the next chunk is read; `undefined` if it is. */
  reading: Promise<void> | undefined
  readonly #chunks: AsyncGenerator<LogChunk, undefined>

  constructor(task: ClusterTask, chunks: AsyncGenerator<LogChunk, undefined>) {
    this.task = task
    this.#chunks = chunks
    this.#read()
  }

  take(): LogChunk {
    const { head } = this
    if (head === undefined) throw new Error('the next chunk is not read yet')
    this.head = undefined
    this.#read()
    return head
  }

  #read(): void {
    const reading = this.#chunks.next().then(({ value }) => {
      this.reading = undefined
      this.head = value
      this.isOver = value === undefined
    })
    // The end of the reader aborts a pending read, for which nothing waits then.
    reading.catch(() => {})
    this.reading = reading
  }
}

function findOldest(readers: readonly TaskReader[]): TaskReader | undefined {
  const ready = readers.filter(({ head }) => head !== undefined)
  const [oldest] = ready.toSorted((one, other) =>
    (one.head?.timestamp ?? '') < (other.head?.timestamp ?? '') ? -1 : 1,
  )
  return oldest
}
