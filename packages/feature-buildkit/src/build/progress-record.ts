/** One line of `--progress=rawjson`, as BuildKit sends it. */
export interface ProgressRecord {
  readonly vertexes?: readonly RawVertex[]
  readonly statuses?: readonly RawStatus[]
  readonly logs?: readonly RawLog[]
  readonly warnings?: readonly RawWarning[]
}

/** A step. Times are RFC 3339. */
export interface RawVertex {
  readonly digest: string
  readonly name?: string
  readonly started?: string | undefined
  readonly completed?: string | undefined
  readonly cached?: boolean | undefined
  readonly error?: string | undefined
}

export interface RawStatus {
  readonly id?: string
  readonly vertex?: string
  readonly current?: number
  readonly total?: number
  readonly timestamp?: string
}

/** `stream` 1 or 2; `data` in base64. */
export interface RawLog {
  readonly vertex?: string
  readonly stream?: number
  readonly data?: string
  readonly timestamp?: string
}

/** `short` in base64. */
export interface RawWarning {
  readonly vertex?: string
  readonly short?: string
}

/** Whether this is such a line: the lists that it has are lists of objects, and each step has its digest. */
export function isProgressRecord(value: unknown): value is ProgressRecord {
  if (!isObject(value)) return false
  const lists = [value.vertexes, value.statuses, value.logs, value.warnings].filter((list) => list !== undefined)
  if (lists.length === 0) return false
  const isList = (list: unknown) => list === null || (Array.isArray(list) && list.every(isObject))
  const vertexes: unknown = value.vertexes ?? []
  return lists.every(isList) && Array.isArray(vertexes) && vertexes.every(({ digest }) => typeof digest === 'string')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
