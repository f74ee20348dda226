import type { ComposeProgress } from '@capstan/core'

/** A line of Compose's output: a step of a part, the error with which it ends, a line of a build, or another text. */
export type OutputLine =
  | { readonly type: 'step'; readonly step: ComposeStep }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'text'; readonly text: string }

/** A step before the names of containers are resolved to those of services. */
export interface ComposeStep extends Pick<ComposeProgress, 'kind' | 'status' | 'currentBytes' | 'totalBytes'> {
  /** The name on the engine, for an image its service or its layer, for a build `[SERVICE STEP] INSTRUCTION`. */
  readonly name: string
  /** The part to which a layer belongs. */
  readonly parent?: string
}

/**
 * Parses a line of `--progress json` or `--progress plain`; releases before 2.29 have only the latter. Lines that are neither are
 * texts, since warnings and the output of plugins have forms of their own.
 */
export function parseOutputLine(line: string): OutputLine | readonly OutputLine[] {
  const value = parseObject(line)
  if (value === undefined) return parsePlainLine(line)
  const { error, message, msg, id, status, text, parent_id: parent, current, total } = value
  if (error === true && typeof message === 'string') return { type: 'error', message }
  if (Array.isArray(value.vertexes) || Array.isArray(value.logs)) return parseBuildStatus(value)
  if (typeof id !== 'string') return { type: 'text', text: typeof msg === 'string' ? msg : '' }
  const words = [text, status].filter((word): word is string => typeof word === 'string' && word !== '')
  const part = parsePart(id) ?? toImagePart(id, words.join(' '))
  return {
    type: 'step',
    step: {
      ...part,
      status: words.join(' '),
      ...(typeof parent === 'string' ? { parent } : {}),
      ...(typeof current === 'number' && typeof total === 'number' && total > 0
        ? { currentBytes: current, totalBytes: total }
        : {}),
    },
  }
}

/** ` Container shop-db-1  Started`, ` Volume "shop_data"  Created`, ` db Pulling `, `#5 [db 2/2] RUN make`. */
function parsePlainLine(line: string): OutputLine {
  const [, id = '', status = ''] = /^ (\w+ \S+) {2}(\S.*)$/.exec(line) ?? []
  const part = parsePart(id)
  if (part !== undefined) return { type: 'step', step: { ...part, status: status.trim() } }
  const [, name, pulling] = /^ ([\w.-]+) (Pulling|Pulled|Building|Built|Skipped.*|Error.*) *$/.exec(line) ?? []
  if (name !== undefined && pulling !== undefined)
    return { type: 'step', step: { ...toImagePart(name, pulling), status: pulling } }
  const [, built] = /^#\d+ (\[.+\].*)$/.exec(line) ?? []
  if (built !== undefined) return { type: 'step', step: { kind: 'build', name: built, status: 'started' } }
  return { type: 'text', text: line }
}

function parsePart(id: string): Pick<ComposeStep, 'kind' | 'name'> | undefined {
  const [, word = '', name = ''] = /^(Container|Network|Volume|Image) "?(.+?)"?$/.exec(id) ?? []
  const kind = kinds[word]
  return kind === undefined ? undefined : { kind, name }
}

/** A part without a kind is a service whose image is pulled or built. */
function toImagePart(name: string, status: string): Pick<ComposeStep, 'kind' | 'name'> {
  return { kind: /^Buil[dt]/.test(status) ? 'build' : 'image', name }
}

/** Reads what BuildKit reports: steps that begin and end, and lines that they print. */
function parseBuildStatus({ vertexes, logs }: Readonly<Record<string, unknown>>): readonly OutputLine[] {
  const steps = toObjects(vertexes).flatMap(({ name, started, completed, cached, error }): readonly OutputLine[] => {
    if (typeof name !== 'string' || started === undefined) return []
    const ended = typeof error === 'string' && error !== '' ? `failed: ${error}` : cached === true ? 'cached' : 'done'
    return [{ type: 'step', step: { kind: 'build', name, status: completed === undefined ? 'started' : ended } }]
  })
  const lines = toObjects(logs).flatMap(({ data }): readonly OutputLine[] => {
    if (typeof data !== 'string') return []
    const text = Buffer.from(data, 'base64').toString().trimEnd()
    return text.split(/\r?\n/).map((line) => ({ type: 'text', text: line }))
  })
  return [...steps, ...lines]
}

function toObjects(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const kinds: Readonly<Record<string, ComposeProgress['kind']>> = {
  Container: 'container',
  Network: 'network',
  Volume: 'volume',
  Image: 'image',
}
