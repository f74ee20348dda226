import { createUndoStack, type StringMap, withUndoFailures } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { toLabelFilter } from '../label-filter.js'
import { pause } from '../pause.js'

/**
 * The failure of a create that was not answered, after what the engine made of it is removed.
 *
 * The engine goes on when its client has gone: it is asked again for a while, until a container of this request shows.
 */
export async function removeUnanswered(engine: DockerEngine, { call, mark, error }: Unanswered): Promise<unknown> {
  const undo = createUndoStack({ timeoutMs: undoMs })
  undo.add(`container ${call.subject}`, async (own) => {
    const api = await engine.undoing.api({ ...call, ...own })
    for (const waitMs of waitsMs) {
      await pause(waitMs, own)
      const [made] = await api.listContainers({ all: true, filters: toLabelFilter(mark) })
      if (made === undefined) continue
      return void (await api.getContainer(made.Id).remove({ force: true, v: true }))
    }
  })
  return withUndoFailures(error, await undo.run())
}

export interface Unanswered {
  readonly call: EngineCall
  /** The label that this request alone put on the container. */
  readonly mark: StringMap
  readonly error: unknown
}

/** A create takes 50–150 ms; on a busy engine longer. */
const waitsMs = [0, 50, 100, 200, 400] as const
const undoMs = 10_000
