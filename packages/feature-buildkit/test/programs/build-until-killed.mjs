// Builds in BuildKit, prints a line at a stage of the build, and waits there until it is killed.
// Arguments: endpoint, image, name, and the stage: `directory` (the build directory is being created), `upload` (the context is
// being sent), `written` (all files are written), `build` (a step runs), `output` (the result is being sent).
import { Writable } from 'node:stream'
import { createRuntimeHost, execManagerCapability, requireCapabilities } from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'

const [, , endpoint, image, name, stage] = process.argv
const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint })], env: {}, app: 'capstan-test-buildkit' })
const scope = await host.open()
const sidecar = await scope.resolve(BuildKitFeature).start({ image, name, graceMs: 200 })
const reach = () => {
  console.log('reached')
  setInterval(() => {}, 1000)
  return new Promise(() => {})
}

/** The script before which the build waits (`before`), or whose stdin stays open (`within`). */
const stops = {
  directory: { within: 'capstan-build' },
  upload: { within: 'capstan-write' },
  written: { before: 'capstan-stdin-bound' },
}
const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
const exec = execs.exec.bind(execs)
execs.exec = async (id, command, options) => {
  const { before, within } = stops[stage] ?? {}
  if (before !== undefined && command.includes(before)) return reach()
  const started = await exec(id, command, options)
  if (within !== undefined && command.includes(within)) {
    started.stdin.write('a piece of the context, and no more'.padEnd(100_000))
    return reach()
  }
  return started
}

/** Never accepts the first chunk. */
const to = new Writable({ highWaterMark: 1, write: () => void reach() })
const build = sidecar.build({
  context: { files: { Dockerfile: 'FROM scratch\nCOPY big /\n', big: Buffer.alloc(20_000_000) } },
  ...(stage === 'build' && { dockerfileText: 'FROM scratch\nCOPY big /\nRUN echo begun; sleep 60\n' }),
  secrets: { token: 'hunter22', file: Buffer.from('hunter22\0') },
  credentials: { 'registry.example': { username: 'user', password: 'hunter22' } },
  output: stage === 'output' ? { type: 'archive', format: 'files', to } : { type: 'cache-only' },
})
for await (const event of build) if (stage === 'build' && event.type === 'log') await reach()
await build.result
