import { createUndoStack, poll, type StringMap, withUndoFailures } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { toLabelFilter } from '../label-filter.js'
import { removeContainer } from './remove-container.js'

/**
 * The failure of a create that was not answered, after what the engine made of it is removed: the reason of an abort
 * before all else.
 *
 * The engine goes on when its client has gone: it is asked again for a while, until a container of this request shows.
 */
export async function removeUnanswered(
  engine: DockerEngine,
  { call, requestIdLabel, error }: Unanswered,
): Promise<unknown> {
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add(`container ${call.subject}`, async (own) => {
    const api = await engine.api({ ...call, ...own })
    const find = async () => (await api.listContainers({ all: true, filters: toLabelFilter(requestIdLabel) }))[0]
    const made = await poll(find, { limitMs: engine.timeouts.lateResultMs, ...own })
    if (made !== undefined) await removeContainer(engine, made.Id, own)
  })
  const failures = await undo.run()
  return withUndoFailures(call.signal?.aborted ? call.signal.reason : error, failures)
}

export interface Unanswered {
  readonly call: EngineCall
  /** The label that this request alone put on the container. */
  readonly requestIdLabel: StringMap
  readonly error: unknown
}
