import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { measurePairs } from './measure.mjs'

export const title = 'import of @capstan/core / of tsyringe + reflect-metadata'
export const aim = 2

/** Each in a process of its own; the time is that of the import alone. */
export async function run({ pairs }) {
  const core = createRequire(new URL('../packages/core/package.json', import.meta.url))
  const theirs = ['reflect-metadata', 'tsyringe'].map((name) => pathToFileURL(core.resolve(name)).href)
  const ours = [new URL('../packages/core/dist/index.js', import.meta.url).href]
  return measurePairs({ ours: () => importAll(ours), theirs: () => importAll(theirs), pairs })
}

async function importAll(urls) {
  const imports = urls.map((url) => `await import(${JSON.stringify(url)})`).join('\n')
  const code = `const start = performance.now()\n${imports}\nprocess.stdout.write(String(performance.now() - start))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code])
  return Number(stdout)
}
