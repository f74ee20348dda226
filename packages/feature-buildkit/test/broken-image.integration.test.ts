import { createRuntimeHost, imageBuilderCapability, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithBuildKit } from '../../../test/support/test-buildkit.js'
import { BuildKitFeature } from '../src/index.js'
import { listLeft } from './support/list-left.js'

describeWithBuildKit('an image that is broken', (given) => {
  /** What starts the image of BuildKit as these steps leave it. */
  async function openWith(...steps: readonly string[]) {
    const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${given.socketPath}` })], env: {} })
    const scope = await host.open()
    const image = `capstan-test/broken-buildkit:${process.pid}-${Math.random().toString(36).slice(2)}`
    const { builder } = requireCapabilities(scope, { builder: imageBuilderCapability })
    await builder.buildImage([`FROM ${given.buildkitImage}`, ...steps].join('\n'), image)
    onTestFinished(async () => {
      await scope.runtime.removeImage(image)
      await scope.runtime.close()
    })
    const name = image.replace(/[/:]/g, '-')
    const left = async () => (await listLeft(scope)).filter((one) => one.startsWith(name))
    return { scope, start: () => scope.resolve(BuildKitFeature).start({ image, name, graceMs: 50 }), left }
  }

  const replace = (script: string) =>
    `RUN p=$(command -v buildkitd); rm "$p"; printf '#!/bin/sh\\n${script}\\n' >"$p"; chmod +x "$p"`

  test('whose daemon ends: its exit code and its last lines, at once', async () => {
    const { start, left } = await openWith(replace('echo could not lock buildkitd.lock >&2; exit 3'))
    const startedAt = Date.now()
    await expect(start()).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/ended with exit code 3.*could not lock buildkitd\.lock/s),
    })
    expect(Date.now() - startedAt).toBeLessThan(15_000)
    expect(await left()).toEqual([])
  })

  test('without buildctl: the words of who looked for it', async () => {
    const { start, left } = await openWith('RUN rm "$(command -v buildctl)"')
    await expect(start()).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/exit code 127.*buildctl/s),
    })
    expect(await left()).toEqual([])
  })

  test('with no room for a context: the words of who wrote it, and the next build goes on', async () => {
    // The memory of a container is 64 MiB here.
    const { start, left } = await openWith('RUN rm -rf /tmp && ln -s /dev/shm /tmp')
    const sidecar = await start()
    const build = (big: Uint8Array) =>
      sidecar.build({ context: { files: { Dockerfile: 'FROM scratch\n', big } }, output: { type: 'cache-only' } })
        .result
    await expect(build(Buffer.alloc(80_000_000))).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { subject: 'the context', reason: expect.stringMatching(/no space left/i) },
    })
    expect(await build(Buffer.alloc(1))).toMatchObject({ builder: 'buildkit' })
    await sidecar[Symbol.asyncDispose]()
    expect(await left()).toEqual([])
  })
})
