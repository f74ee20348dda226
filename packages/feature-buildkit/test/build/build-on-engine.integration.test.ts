import { readFileSync } from 'node:fs'
import { buildServiceCapability, createRuntimeHost, findCapability } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { findProgram } from '../../../../tools/engine/engine-packages.mjs'
import { BuildKitFeature, type BuildRequest } from '../../src/index.js'

/** Returns a context whose Dockerfile has these steps after a shell. */
function toContext(...steps: readonly string[]) {
  const program = findProgram('busybox')
  if (program === undefined) throw new Error('this machine has no busybox, which the test images need')
  const dockerfile = ['FROM scratch', 'COPY --chmod=755 busybox /bin/sh', ...steps, '']
  return { files: { Dockerfile: dockerfile.join('\n'), busybox: readFileSync(program) } }
}

describeWithEngine("the engine's own BuildKit", ({ socketPath }) => {
  async function open({ skip }: { skip: (condition: boolean, reason: string) => void }) {
    const plugins = [dockerPlugin({ endpoint: `unix://${socketPath}` })]
    const scope = await createRuntimeHost({ plugins, env: {}, app: 'capstan-test-buildkit' }).open()
    onTestFinished(() => scope[Symbol.asyncDispose]())
    skip(findCapability(scope, buildServiceCapability) === undefined, 'this engine has no BuildKit')
    const feature = scope.resolve(BuildKitFeature)
    const build = (request: BuildRequest, signal?: AbortSignal) =>
      feature.build(request, { builder: 'engine', ...(signal && { signal }) })
    return { scope, build }
  }

  test('stores an image under all tags, with the id that the engine has', async (context) => {
    const { scope, build } = await open(context)
    const tags = ['a', 'b'].map((tag) => `capstan-test-engine-${process.pid}:${tag}`)
    onTestFinished(async () => {
      for (const tag of tags) await scope.runtime.removeImage(tag)
    })
    const secrets = { tok: 'sesame-open' }
    const request = toContext('RUN --mount=type=secret,id=tok [ -s /run/secrets/tok ]')
    const { imageId, builder } = await build({ context: request, secrets, output: { type: 'load', tags } }).result
    const images = (await scope.runtime.listImages()).filter((image) => image.tags.some((tag) => tags.includes(tag)))
    expect(images.map(({ id }) => id)).toEqual([imageId])
    expect(builder).toBe('build-service')
  })

  test('stores an image without a tag, whose id is in the result', async (context) => {
    const { scope, build } = await open(context)
    const request = toContext(`RUN echo ${process.pid}-${Date.now()} >/made`)
    const { imageId = '' } = await build({ context: request, output: { type: 'load', tags: [] } }).result
    onTestFinished(() => scope.runtime.removeImage(imageId))
    expect((await scope.runtime.listImages()).find(({ id }) => id === imageId)).toMatchObject({ tags: [] })
  })

  test('rejects with BUILD_FAILED, the exit code and the lines of the Dockerfile', async (context) => {
    const { build } = await open(context)
    const { result } = build({ context: toContext('RUN echo before; exit 9'), output: { type: 'cache-only' } })
    await expect(result).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: { exitCode: 9, lastLines: ['before'], source: { file: 'Dockerfile', line: 3 } },
    })
  })

  test('rejects with BUILD_FAILED for a long Dockerfile, whose text BuildKit sends with the error', async (context) => {
    const { build } = await open(context)
    const comments = Array.from({ length: 2_000 }, (_, line) => `# comment ${line} of a Dockerfile of more than 100 KB`)
    const { result } = build({ context: toContext(...comments, 'FLY away'), output: { type: 'cache-only' } })
    await expect(result).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: { lastLines: ['dockerfile parse error on line 2003: unknown instruction: FLY'] },
    })
  })

  test('ends a step when the build is aborted', async (context) => {
    const { build } = await open(context)
    const controller = new AbortController()
    const steps = `RUN echo ${process.pid}-${Date.now()}; while true; do :; done`
    const running = build({ context: toContext(steps), output: { type: 'cache-only' } }, controller.signal)
    for await (const event of running) if (event.type === 'log') controller.abort('enough')
    await expect(running.result).rejects.toBe('enough')
  })
})
