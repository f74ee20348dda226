import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Tells whether a module is the program that was started, and not one that another imports.
 *
 * @param {string} url `import.meta.url` of the module
 */
export function isMain(url) {
  const script = process.argv[1]
  return script !== undefined && realpathSync(script) === fileURLToPath(url)
}
