import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toElapsed } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'

export const title = 'create + start + wait + remove / the same four raw requests'
export const target = 1.05
export const needsEngine = true

export async function run({ pairs, image, socketPath }) {
  const host = createRuntimeHost({ plugins: [dockerPlugin()] })
  const { runtime } = await host.open()
  const raw = createRawEngine(socketPath)
  try {
    return await measurePairs({
      capstan: () => toElapsed(() => runOnRuntime(runtime, image)),
      baseline: () => toElapsed(() => runRaw(raw, image)),
      pairs,
    })
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
  }
}

async function runOnRuntime(runtime, image) {
  const id = await runtime.createContainer({ image, command: ['true'] })
  await runtime.startContainer(id)
  const exitCode = await runtime.waitContainer(id)
  await runtime.removeContainer(id)
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`)
}

async function runRaw(raw, image) {
  const { Id } = await raw.json('POST', '/containers/create', {
    Image: image,
    Cmd: ['true'],
    Labels: { 'capstan.bench': '1' },
  })
  await raw.json('POST', `/containers/${Id}/start`)
  const { StatusCode } = await raw.json('POST', `/containers/${Id}/wait?condition=not-running`)
  await raw.json('DELETE', `/containers/${Id}?force=1&v=1`)
  if (StatusCode !== 0) throw new Error(`exit code ${StatusCode}`)
}
