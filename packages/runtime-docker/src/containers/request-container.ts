import { createRequestIdLabel, createUndoStack, poll, type StringMap, withUndoFailures } from '@capstan/core/plugin'
import { withAbortGrace } from '../engine/abort-grace.js'
import type { CreateRequest } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { toLabelFilter } from '../engine/label-filter.js'
import { removeContainer } from './remove-container.js'

/**
 * Sends one create request. After an abort it waits for the answer for a while. When it gets no answer, it removes the
 * container that the engine may have created, and rejects. The container gets `requestIdLabel`.
 */
export function requestContainer(
  engine: DockerEngine,
  { body, platform, name, requestIdLabel = createRequestIdLabel() }: LabelledRequest,
  call: EngineCall,
): Promise<Created> {
  let warnings: readonly string[] = []
  const onAnswer = (answer: unknown) => {
    warnings = readWarnings(answer)
  }
  return withAbortGrace(engine, call, async (graceCall) => {
    const api = await engine.api({ ...graceCall, onAnswer })
    try {
      const _body = { ...body, Labels: { ...body.Labels, ...requestIdLabel } }
      const { id } = await api.createContainer({ _query: { name, platform }, _body })
      return { id, warnings }
    } catch (error) {
      if (!hasKnownOutcome(error, graceCall)) throw await removeOrphan(engine, { call, requestIdLabel, error })
      call.signal?.throwIfAborted()
      throw error
    }
  })
}

interface LabelledRequest extends Pick<CreateRequest, 'body'> {
  readonly platform?: string | undefined
  readonly name?: string | undefined
  /** The label with the id of this request. Default: a new one. */
  readonly requestIdLabel?: StringMap
}

/** A new container, and the warnings of the engine. */
export interface Created {
  readonly id: string
  readonly warnings: readonly string[]
}

function readWarnings(answer: unknown): readonly string[] {
  if (typeof answer !== 'object' || answer === null || !('Warnings' in answer)) return []
  return Array.isArray(answer.Warnings) ? answer.Warnings.map(String) : []
}

interface Orphan {
  readonly call: EngineCall
  readonly requestIdLabel: StringMap
  readonly error: unknown
}

/**
 * Removes the container that a create request without an answer may have created, and resolves with the error of the
 * request, or the reason of an abort, with the failures of the removal.
 *
 * The engine continues with the request when its client disconnects, so it is polled until the container is listed.
 */
async function removeOrphan(engine: DockerEngine, { call, requestIdLabel, error }: Orphan): Promise<unknown> {
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
