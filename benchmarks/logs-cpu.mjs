import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toCpu } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'

export const title = 'client CPU of reading 20 MB of logs / of reading the raw response'
export const target = 1.15
export const needsEngine = true

export async function run({ pairs, image, socketPath }) {
  const host = createRuntimeHost({ plugins: [dockerPlugin()] })
  const { runtime } = await host.open()
  const raw = createRawEngine(socketPath)
  const command = ['sh', '-c', `yes ${'x'.repeat(99)} | head -c 20000000`]
  const id = await runtime.createContainer({ image, command })
  try {
    await runtime.startContainer(id)
    await runtime.waitContainer(id)
    return await measurePairs({
      capstan: () => toCpu(() => readLogs(runtime, id)),
      baseline: () => toCpu(() => readRaw(raw, id)),
      pairs: Math.min(pairs, 20),
    })
  } finally {
    await runtime.removeContainer(id)
    raw.close()
    await host[Symbol.asyncDispose]()
  }
}

async function readLogs(runtime, id) {
  let total = 0
  for await (const { bytes } of await runtime.containerLogs(id)) total += bytes.length
  if (total !== 20_000_000) throw new Error(`${total} bytes`)
}

async function readRaw(raw, id) {
  let total = 0
  for await (const chunk of await raw.stream('GET', `/containers/${id}/logs?stdout=1&stderr=1`)) total += chunk.length
  if (total < 20_000_000) throw new Error(`${total} bytes`)
}
