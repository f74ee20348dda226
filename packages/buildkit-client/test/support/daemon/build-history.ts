import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  type BuildHistoryEvent,
  BuildHistoryEventSchema,
  type BuildHistoryRecordSchema,
  type BuildHistoryRequest,
  type SolveRequest,
  type UpdateBuildHistoryRequest,
} from '../../../src/generated/control_pb.js'
import { type BuildProgress, now } from './build-progress.js'
import type { SolveError } from './solve-error.js'

type BuildRecord = MessageInitShape<typeof BuildHistoryRecordSchema>

/** The builds of a daemon. */
export class BuildHistory {
  readonly #records = new Map<string, { record: BuildRecord; isActive: boolean }>()
  readonly #listeners = new Set<(event: BuildHistoryEvent) => void>()

  /** Adds a build. An internal one is not recorded. */
  start(request: SolveRequest, progress: BuildProgress): StartedRecord {
    const { Ref, Frontend, FrontendAttrs, Exporters } = request
    const started: BuildRecord = { Ref, Frontend, FrontendAttrs, Exporters, CreatedAt: now() }
    if (!request.Internal) this.#set(started, { isActive: true })
    return {
      complete: ({ response = {}, failure }) => {
        const error = failure && { code: failure.code, message: failure.message }
        const end = { CompletedAt: now(), ExporterResponse: response, ...progress.steps, ...(error && { error }) }
        if (!request.Internal) this.#set({ ...started, ...end }, { isActive: false })
      },
    }
  }

  /** Yields an event for each record, and for each later change until the signal aborts. */
  async *listen({ Ref, ActiveOnly, EarlyExit, Limit }: BuildHistoryRequest, signal: AbortSignal) {
    const isWanted = ({ record }: BuildHistoryEvent) => Ref === '' || record?.Ref === Ref
    const existing = [...this.#records.values()].filter(({ isActive }) => isActive || !ActiveOnly)
    const events = existing.map(({ record, isActive }) => toEvent(isActive ? types.started : types.complete, record))
    const selected = events.filter(isWanted)
    yield* Limit > 0 ? selected.slice(-Limit) : selected
    if (EarlyExit) return
    const pending: BuildHistoryEvent[] = []
    let wake = () => {}
    const listener = (event: BuildHistoryEvent) => {
      if (isWanted(event)) pending.push(event)
      wake()
    }
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => wake(), { once: true })
    while (!signal.aborted) {
      yield* pending.splice(0)
      await new Promise<void>((resolve) => {
        wake = resolve
        if (pending.length > 0 || signal.aborted) resolve()
      })
    }
    this.#listeners.delete(listener)
  }

  update({ Ref, Pinned, Delete }: UpdateBuildHistoryRequest): void {
    const found = this.#records.get(Ref)
    if (Delete) {
      this.#records.delete(Ref)
      this.#emit(toEvent(types.deleted, { Ref }))
    } else if (found !== undefined) this.#set({ ...found.record, pinned: Pinned }, { isActive: found.isActive })
  }

  #set(record: BuildRecord, { isActive }: { readonly isActive: boolean }): void {
    this.#records.set(record.Ref ?? '', { record, isActive })
    this.#emit(toEvent(isActive ? types.started : types.complete, record))
  }

  #emit(event: BuildHistoryEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

interface StartedRecord {
  complete(end: { readonly response?: Readonly<Record<string, string>>; readonly failure?: SolveError }): void
}

function toEvent(type: number, record: BuildRecord): BuildHistoryEvent {
  return create(BuildHistoryEventSchema, { type, record })
}

const types = { started: 0, complete: 1, deleted: 2 }
