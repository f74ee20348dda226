// @ts-check
import { readFile } from 'node:fs/promises'
import { createRuntimeHost, loadPlugins } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { memoryPlugin } from '@capstan/runtime-memory'
import { batchNeeds, runBatch } from './batch.mjs'

// node main.mjs [RUNTIME [IMAGE [FILE [PLUGIN]]]]
const [, , name = 'memory', image = 'busybox', file, ...given] = process.argv
const text = await readFile(file ?? new URL('commands.txt', import.meta.url), 'utf8')
const commands = text.split('\n').filter((line) => line.trim() !== '')

const plugins = [
  dockerPlugin(),
  memoryPlugin(),
  memoryPlugin({ name: 'memory-cluster', cluster: { nodes: 3 } }),
  ...(await loadPlugins(given, { from: import.meta.url })),
]
const host = createRuntimeHost({ plugins, app: 'batch-example' })
const abort = new AbortController()
process.once('SIGINT', () => abort.abort(new Error('interrupted')))
try {
  const scope = await host.open({ runtime: name, requires: batchNeeds.required })
  const { results, nodes } = await runBatch(scope, commands, {
    image,
    concurrency: 4,
    timeoutMs: 120_000,
    attempts: 2,
    signal: abort.signal,
    onEnd: (line) => console.error(line),
  })
  for (const { command, result } of results) console.log(`${command} → ${result}`)
  console.log(nodes === 0 ? 'all on one engine' : `on ${nodes} nodes`)
} finally {
  await host[Symbol.asyncDispose]()
}
