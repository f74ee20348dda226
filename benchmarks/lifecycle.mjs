import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toElapsed } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'

export const title = 'create + start + wait + remove / the same four raw requests'
export const target = 1.05
export const needsEngine = true

export async function run({ pairs, ...engine }) {
  return withLifecycles(engine, ({ capstan, baseline }) =>
    measurePairs({ capstan: () => toElapsed(capstan), baseline: () => toElapsed(baseline), pairs }),
  )
}

/** Calls `measure` with functions that run one lifecycle of a container each: by Capstan and by raw requests. */
export async function withLifecycles({ image, socketPath }, measure) {
  const host = createRuntimeHost({ plugins: [dockerPlugin()] })
  const { runtime } = await host.open()
  const raw = createRawEngine(socketPath)
  try {
    return await measure({ capstan: () => runOnRuntime(runtime, image), baseline: () => runRaw(raw, image) })
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
  }
}

/** Runs `true` in a new container of the runtime and removes it, also after a failure. */
export async function runOnRuntime(runtime, image) {
  const id = await runtime.createContainer({ image, command: ['true'] })
  let exitCode
  try {
    await runtime.startContainer(id)
    exitCode = await runtime.waitContainer(id)
  } finally {
    await runtime.removeContainer(id)
  }
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`)
}

/** Does the same by raw requests. */
async function runRaw(raw, image) {
  const { Id } = await raw.json('POST', '/containers/create', {
    Image: image,
    Cmd: ['true'],
    Labels: { 'capstan.bench': '1' },
  })
  let exit
  try {
    await raw.json('POST', `/containers/${Id}/start`)
    exit = await raw.json('POST', `/containers/${Id}/wait?condition=not-running`)
  } finally {
    await raw.json('DELETE', `/containers/${Id}?force=1&v=1`)
  }
  if (exit.StatusCode !== 0) throw new Error(`exit code ${exit.StatusCode}`)
}
