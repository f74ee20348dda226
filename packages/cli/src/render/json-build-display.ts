import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import type { Output } from '../terminal/io.js'
import type { BuildDisplay } from './build-display.js'
import { toJsonLine } from './write-output.js'

/** Writes one JSON document per event. Output is decoded to text, in complete characters. */
export function createJsonBuildDisplay(output: Output): BuildDisplay {
  const decoders = new Map<string, StringDecoder>()
  /** Returns `undefined` while the bytes are an incomplete character. */
  const toText = ({ bytes, ...log }: LogEvent) => {
    const stream = `${log.stepId} ${log.stream}`
    const decoder = decoders.get(stream) ?? new StringDecoder('utf8')
    decoders.set(stream, decoder)
    const text = decoder.write(Buffer.from(bytes))
    return text === '' ? undefined : { ...log, text }
  }
  return {
    ...silentEnds,
    onEvent: (event) => {
      const document = event.type === 'log' ? toText(event) : event
      if (document === undefined) return
      const { type, ...rest } = document
      output.write(toJsonLine({ event: type, ...rest }))
    },
  }
}

/**
 * Writes one record per event in the format of `docker buildx build --progress rawjson`: objects with `vertexes`, `statuses`,
 * `logs` or `warnings`, in which bytes are base64. What only Capstan knows has no record.
 * https://github.com/moby/buildkit/blob/v0.32.2/client/graph.go
 */
export function createRawJsonBuildDisplay(output: Output): BuildDisplay {
  const startTimes = new Map<string, Date>()
  /** BuildKit sends the time of the start with each change. */
  const findStart = (key: string, at: Date) => {
    const started = startTimes.get(key) ?? at
    startTimes.set(key, started)
    return started
  }
  const toRecord = (event: BuildProgressEvent): object | undefined => {
    switch (event.type) {
      case 'step': {
        const { id: digest, name, state, at, error } = event
        // A step can start again.
        if (state === 'started') startTimes.delete(digest)
        const started = findStart(digest, at)
        const end = state === 'started' ? {} : { completed: at, ...(state === 'cached' && { cached: true }) }
        return { vertexes: [{ digest, name, started, ...end, ...(error !== undefined && { error }) }] }
      }
      case 'log':
        return { logs: [toRawLog(event)] }
      case 'status': {
        const { stepId: vertex, id, current, total, isDone, at: timestamp } = event
        const times = { timestamp, started: findStart(`${vertex} ${id}`, timestamp) }
        const end = isDone ? { completed: timestamp } : {}
        return { statuses: [{ id, vertex, current, ...(total !== undefined && { total }), ...times, ...end }] }
      }
      case 'warning':
        return { warnings: [toRawWarning(event)] }
      case 'builder':
      case 'transfer':
        return undefined
    }
  }
  return {
    ...silentEnds,
    onEvent: (event) => {
      const record = toRecord(event)
      if (record !== undefined) output.write(`${JSON.stringify(record)}\n`)
    },
  }
}

type LogEvent = Extract<BuildProgressEvent, { type: 'log' }>

function toRawLog({ stepId: vertex, stream, bytes, at: timestamp }: LogEvent): object {
  return { vertex, stream: stream === 'stdout' ? 1 : 2, data: toBase64(bytes), timestamp }
}

function toRawWarning({ stepId: vertex, message, detail = [], url }: Extract<BuildProgressEvent, { type: 'warning' }>) {
  const more = { ...(detail.length > 0 && { detail: detail.map(toBase64) }), ...(url !== undefined && { url }) }
  return { vertex, level: 1, short: toBase64(message), ...more }
}

function toBase64(content: string | Uint8Array): string {
  return Buffer.from(content).toString('base64')
}

const silentEnds = { start: () => undefined, succeed: () => undefined, fail: () => undefined }
