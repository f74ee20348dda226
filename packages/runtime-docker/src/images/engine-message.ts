import { asString, type JsonObject, toObject } from '../engine/json-values.js'
import { readJsonLines } from '../engine/streams/json-lines.js'

/** One message of a pull, push, build or load. Missing parts are `undefined`. */
export interface EngineMessage {
  readonly stream: string | undefined
  readonly status: string | undefined
  readonly id: string | undefined
  readonly currentBytes: number | undefined
  readonly totalBytes: number | undefined
  /** The id of the image. */
  readonly imageId: string | undefined
  /** The digest under which the registry has the image. */
  readonly digest: string | undefined
}

/** The error that an engine reports in the stream of a pull, push, build or load, after a status of 200. */
export interface EngineFailure {
  readonly text: string
  readonly code: number | undefined
}

export interface ReadMessagesOptions {
  readonly operation: string
  readonly toError: (failure: EngineFailure) => unknown
}

/** Reads the messages of a stream. Throws the result of `toError` at the first `error` or `errorDetail`. */
export async function* readEngineMessages(
  body: AsyncIterable<Uint8Array>,
  { operation, toError }: ReadMessagesOptions,
): AsyncIterable<EngineMessage> {
  for await (const object of readJsonLines(body, operation)) {
    const failure = findFailure(object)
    if (failure !== undefined) throw toError(failure)
    yield toMessage(object)
  }
}

function findFailure({ error, errorDetail }: JsonObject): EngineFailure | undefined {
  const isFine = (error === undefined || error === null) && (errorDetail === undefined || errorDetail === null)
  if (isFine) return undefined
  const { code, message } = toObject(errorDetail)
  const text = asString(message) || asString(error) || JSON.stringify(errorDetail ?? error)
  return { text: text.trim(), code: typeof code === 'number' ? code : undefined }
}

function toMessage({ stream, status, id, progressDetail, aux }: JsonObject): EngineMessage {
  const { current, total, units } = toObject(progressDetail)
  // With `units` the numbers are seconds, as the containerd image store reports extraction.
  const toBytes = (value: unknown) => (typeof value === 'number' && value >= 0 && !units ? value : undefined)
  return {
    stream: asString(stream),
    status: asString(status),
    id: asString(id),
    currentBytes: toBytes(current),
    totalBytes: toBytes(total) || undefined,
    imageId: asString(toObject(aux).ID),
    digest: asString(toObject(aux).Digest),
  }
}
