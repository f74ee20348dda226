import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Returns whether a module is the started program and not an imported module.
 *
 * @param {string} url `import.meta.url` of the module
 */
export function isMain(url) {
  const script = process.argv[1]
  return script !== undefined && realpathSync(script) === fileURLToPath(url)
}
