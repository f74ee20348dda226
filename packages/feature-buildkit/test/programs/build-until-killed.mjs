// Builds in BuildKit, prints a line at a stage of the build, and waits there until it is killed.
// Arguments: endpoint, image, name, the stage (`build`: a step runs; `output`: the result is being sent), and the context.
import { Writable } from 'node:stream'
import { createRuntimeHost } from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'

const [, , endpoint, image, name, stage, context] = process.argv
const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint })], env: {}, app: 'capstan-test-buildkit' })
const scope = await host.open()
const sidecar = await scope.resolve(BuildKitFeature).start({ image, name, graceMs: 200 })
const reach = () => {
  console.log('reached')
  setInterval(() => {}, 1000)
  return new Promise(() => {})
}

/** Never accepts the first chunk. */
const to = new Writable({ highWaterMark: 1, write: () => void reach() })
const dockerfile = ['FROM scratch', 'COPY . /bin/', ...(stage === 'build' ? ['RUN echo begun; sleep 60'] : []), '']
const build = sidecar.build({
  // The directory has the programs of the step.
  context: { directory: context },
  dockerfileText: dockerfile.join('\n'),
  secrets: { token: 'hunter22', file: Buffer.from('hunter22\0') },
  credentials: { 'registry.example': { username: 'user', password: 'hunter22' } },
  output: stage === 'output' ? { type: 'archive', format: 'files', to } : { type: 'cache-only' },
})
for await (const event of build) if (stage === 'build' && event.type === 'log') await reach()
await build.result
