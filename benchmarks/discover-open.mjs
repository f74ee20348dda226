import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toElapsed } from './measure.mjs'

export const title = 'discover() + open(), in the process, after imports / `docker version`'
export const target = 1
export const needsEngine = true
export const needsDockerCommand = true

/** Also checks that neither loads dockerode, so that a machine without Docker does not load it. */
export async function run({ pairs }) {
  const result = await measurePairs({
    capstan: () => toElapsed(discoverAndOpen),
    baseline: () => toElapsed(() => promisify(execFile)('docker', ['version'])),
    pairs,
  })
  const loaded = Object.keys(createRequire(import.meta.url).cache).some((path) => /[\\/]dockerode[\\/]/.test(path))
  return { ...result, problem: loaded ? 'dockerode was loaded' : undefined }
}

async function discoverAndOpen() {
  const host = createRuntimeHost({ plugins: [dockerPlugin()] })
  await host.discover()
  await host.open()
  await host[Symbol.asyncDispose]()
}
