import { type Runtime, runtimeCapability } from '../contract/runtime.js'
import { joinWords } from '../errors/message.js'

/** Finds why the provided runtime is missing or incomplete; `undefined` if it is valid. */
export function findRuntimeProblem(provided: ReadonlyMap<symbol, object>): string | undefined {
  const runtime = provided.get(runtimeCapability.token)
  if (runtime === undefined) return `does not provide capability "${runtimeCapability.id}"`
  if (!('type' in runtime) || typeof runtime.type !== 'string') return 'provides a runtime without the string "type"'
  const missing = methods.filter(
    (name) => !(name in runtime) || typeof runtime[name as keyof typeof runtime] !== 'function',
  )
  const noun = missing.length === 1 ? 'method' : 'methods'
  const quoted = joinWords(missing.map((name) => `"${name}"`))
  return missing.length === 0 ? undefined : `provides a runtime without the ${noun} ${quoted}`
}

type MethodName = {
  [K in keyof Runtime]: Runtime[K] extends (...parameters: never[]) => unknown ? K : never
}[keyof Runtime]

// The type of the record makes a missing method a compile error.
const names: Readonly<Record<MethodName, true>> = {
  ping: true,
  createContainer: true,
  startContainer: true,
  stopContainer: true,
  waitContainer: true,
  removeContainer: true,
  containerLogs: true,
  containerLogsAll: true,
  containerState: true,
  inspectContainer: true,
  imageExists: true,
  getImageHomeDir: true,
  listImages: true,
  removeImage: true,
  attach: true,
  startAttached: true,
  resizeTTY: true,
  getHostAddress: true,
  supportsHostNetwork: true,
  getPortBindings: true,
  listContainers: true,
  close: true,
}
const methods = Object.keys(names)
