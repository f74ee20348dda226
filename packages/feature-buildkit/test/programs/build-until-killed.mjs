// Builds a directory, prints a line at a stage of the build, and waits there until it is killed.
// Arguments: endpoint, the directory, the stage (`context`: files are being sent; `step`: a step runs and has printed something;
// `output`: the result is being sent), and for a build in a sidecar its image and name.
import { Writable } from 'node:stream'
import { createRuntimeHost } from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'

const [, , endpoint, directory, stage, image, name] = process.argv
const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint })], env: {}, app: 'capstan-test-builds' })
const scope = await host.open()
const reach = () => {
  console.log('reached')
  setInterval(() => {}, 1000)
  return new Promise(() => {})
}

/** Never accepts the first chunk. */
const to = new Writable({ highWaterMark: 1, write: () => void reach() })
const request = {
  context: { directory },
  secrets: { token: 'hunter22', file: Buffer.from('hunter22\0') },
  credentials: { 'registry.example': { username: 'user', password: 'hunter22' } },
  output: stage === 'output' ? { type: 'archive', format: 'files', to } : { type: 'cache-only' },
}
const builder = image === undefined ? { builder: 'engine' } : { builder: 'sidecar', image, name, graceMs: 200 }
const build = scope.resolve(BuildKitFeature).build(request, builder)
const eventType = { context: 'transfer', step: 'log' }[stage]
for await (const { type } of build) if (type === eventType) await reach()
await build.result
