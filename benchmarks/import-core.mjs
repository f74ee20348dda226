import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { measurePairs } from './measure.mjs'

export const title = 'import of @capstan/core / of tsyringe + reflect-metadata'
export const target = 2

/** Measures each import alone, in a separate process. */
export async function run({ pairs }) {
  const core = createRequire(new URL('../packages/core/package.json', import.meta.url))
  const baseline = ['reflect-metadata', 'tsyringe'].map((name) => pathToFileURL(core.resolve(name)).href)
  const capstan = [new URL('../packages/core/dist/index.js', import.meta.url).href]
  return measurePairs({ capstan: () => importAll(capstan), baseline: () => importAll(baseline), pairs })
}

async function importAll(urls) {
  const imports = urls.map((url) => `await import(${JSON.stringify(url)})`).join('\n')
  const code = `const start = performance.now()\n${imports}\nprocess.stdout.write(String(performance.now() - start))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code])
  return Number(stdout)
}
