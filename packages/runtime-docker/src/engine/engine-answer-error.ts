import type { IncomingHttpHeaders } from 'node:http'
import { shortenPodmanText } from '../quirks/podman-answers.js'
import { parseJson, toObject } from './json-values.js'

/** The error for an answer with a status of 400 or more. The path in its message has placeholders instead of ids. */
export class EngineAnswerError extends Error {
  readonly status: number
  readonly method: string
  /** `/containers/{id}/start`, without version prefix and query. */
  readonly path: string
  /** The message of the engine. */
  readonly text: string

  readonly headers: IncomingHttpHeaders

  /** `path`: that of the request, with or without version prefix and query. Default of `headers`: none. */
  constructor({ status, method, path, text, headers = {} }: EngineAnswer) {
    const template = toPathTemplate(path)
    super(`${method} ${template} answered ${status}: ${text}`)
    this.status = status
    this.method = method
    this.path = template
    this.text = text
    this.headers = headers
  }
}

type EngineAnswer = Pick<EngineAnswerError, 'status' | 'method' | 'path' | 'text'> &
  Partial<Pick<EngineAnswerError, 'headers'>>

/** Replaces the ids and names in the path of a request with placeholders. */
function toPathTemplate(path: string): string {
  const bare = path.replace(/[?].*$/, '').replace(/^\/v\d+\.\d+(?=\/)/, '')
  return bare
    .replace(
      /^\/(containers|exec|networks|volumes|services|tasks|nodes|secrets|configs)\/(?!json$|create$|prune$)[^/]+/,
      '/$1/{id}',
    )
    .replace(
      /^\/images\/(?!json$|create$|load$|get$|prune$|search$).+?(?=\/(?:json|get|tag|history|push)$|$)/,
      '/images/{name}',
    )
}

/** Reads the error message in the body of an answer: its `message`, or else the text itself. An engine passes on errors of its swarm with a prefix. */
export function readAnswerText(body: string): string {
  const { message = body } = toObject(parseJson(body)) // proxies and old engines answer with plain text
  return shortenPodmanText(
    String(message)
      .trim()
      .replace(/^rpc error: code = \w+ desc = /, ''),
  )
}
