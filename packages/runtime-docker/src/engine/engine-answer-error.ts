/** An answer with a status of 400 or more, as it came. Its text is of the engine; ids in its path are left out. */
export class EngineAnswerError extends Error {
  readonly status: number
  readonly method: string
  /** `/containers/{id}/start`, without version prefix and query. */
  readonly path: string
  /** What the engine said. */
  readonly text: string

  constructor({ status, method, path, text }: EngineAnswer) {
    const template = toPathTemplate(path)
    super(`${method} ${template} answered ${status}: ${text}`)
    this.status = status
    this.method = method
    this.path = template
    this.text = text
  }

  static {
    Object.defineProperty(EngineAnswerError.prototype, 'name', { value: 'EngineAnswerError', writable: true })
  }
}

export interface EngineAnswer {
  readonly status: number
  readonly method: string
  /** As it was sent, with or without version prefix and query. */
  readonly path: string
  readonly text: string
}

/** The path of a request without what is particular to it. */
function toPathTemplate(path: string): string {
  const bare = path.replace(/[?].*$/, '').replace(/^\/v\d+\.\d+(?=\/)/, '')
  return bare
    .replace(/^\/(containers|exec|networks|volumes)\/(?!json$|create$|prune$)[^/]+/, '/$1/{id}')
    .replace(
      /^\/images\/(?!json$|create$|load$|get$|prune$|search$).+?(?=\/(?:json|get|tag|history|push)$|$)/,
      '/images/{name}',
    )
}

/** The engine's words in the body of a refusal: its `message`, else the text itself. */
export function readAnswerText(body: string): string {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message).trim()
  } catch {
    // Not JSON: proxies and old engines answer with plain text.
  }
  return body.trim()
}
