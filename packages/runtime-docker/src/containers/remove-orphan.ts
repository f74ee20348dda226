import { createUndoStack, poll, type StringMap, withUndoFailures } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'
import { removeContainer } from './remove-container.js'

/**
 * Removes the container that a create request without an answer may have created, and resolves with the error of the
 * request, or the reason of an abort, with the failures of the removal.
 *
 * The engine continues with the request when its client disconnects, so it is polled until the container is listed.
 */
export async function removeOrphan(engine: DockerEngine, { call, requestIdLabel, error }: Orphan): Promise<unknown> {
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

export interface Orphan {
  readonly call: EngineCall
  /** The label with the id of this request. */
  readonly requestIdLabel: StringMap
  readonly error: unknown
}
