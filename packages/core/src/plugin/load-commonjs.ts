import { createRequire } from 'node:module'

/**
 * Loads modules of which some are CommonJS and load modules of Node by `require`.
 *
 * A bundle that esbuild makes as an ES module has no `require`, and each of these calls would throw (`Dynamic require of
 * "path" is not supported`, https://github.com/evanw/esbuild/issues/1921). In such a bundle `require` is made global while
 * the modules are loaded. Elsewhere the modules are loaded as usual.
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

/** This file itself, or a bundle in CommonJS: that has no `import.meta`, and a `require`. */
function isPlain(url: string | undefined): boolean {
  return url === undefined || /\/load-commonjs\.[jt]s/.test(url)
}

let loading = 0
