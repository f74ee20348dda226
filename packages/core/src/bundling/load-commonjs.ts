import { createRequire } from 'node:module'

/**
 * Calls `load`, which imports CommonJS modules that `require` modules of Node.
 *
 * An ES module bundle of esbuild has no `require`, so these calls would throw (`Dynamic require of "path" is not
 * supported`, https://github.com/evanw/esbuild/issues/1921). In such a bundle a global `require` is defined while `load` runs.
 * Elsewhere this function only calls `load`.
 */
export async function loadCommonJs<T>(load: () => Promise<T>): Promise<T> {
  if (isPlain(import.meta.url) || (loading === 0 && 'require' in globalThis)) return await load()
  loading += 1
  Object.defineProperty(globalThis, 'require', { configurable: true, value: createRequire(import.meta.url) })
  try {
    return await load()
  } finally {
    loading -= 1
    if (loading === 0) Reflect.deleteProperty(globalThis, 'require')
  }
}

/** Whether this file is not bundled, or is in a CommonJS bundle, which has a `require` and no `import.meta`. */
function isPlain(url: string | undefined): boolean {
  return url === undefined || /\/load-commonjs\.[jt]s/.test(url)
}

let loading = 0
