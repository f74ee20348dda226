import { createRuntimeHost, imageBuilderCapability, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithBuildKit } from '../../../test/support/test-buildkit.js'
import { BuildKitFeature } from '../src/index.js'
import { listLeftovers } from './support/list-leftovers.js'

describeWithBuildKit('a broken image', (given) => {
  /** Builds an image with these steps on top of BuildKit's, and returns a function that starts it. */
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
    const left = async () => (await listLeftovers(scope)).filter((one) => one.startsWith(name))
    return { scope, start: () => scope.resolve(BuildKitFeature).start({ image, name, graceMs: 50 }), left }
  }

  const replace = (script: string) =>
    `RUN p=$(command -v buildkitd); rm "$p"; printf '#!/bin/sh\\n${script}\\n' >"$p"; chmod +x "$p"`

  test('rejects at once with exit code and last lines when the daemon ends', async () => {
    const { start, left } = await openWith(replace('echo could not lock buildkitd.lock >&2; exit 3'))
    const startedAt = Date.now()
    await expect(start()).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/ended with exit code 3.*could not lock buildkitd\.lock/s),
    })
    expect(Date.now() - startedAt).toBeLessThan(15_000)
    expect(await left()).toEqual([])
  })

  test('rejects with the message of the shell when there is no buildctl', async () => {
    const { start, left } = await openWith('RUN rm "$(command -v buildctl)"')
    await expect(start()).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/exit code 127.*buildctl/s),
    })
    expect(await left()).toEqual([])
  })

  test('builds a context that is larger than /tmp, since nothing of it is stored there', async () => {
    // The tmpfs in /dev/shm of a container has 64 MiB.
    const { start, left } = await openWith('RUN rm -rf /tmp && ln -s /dev/shm /tmp')
    const sidecar = await start()
    const files = { Dockerfile: 'FROM scratch\nCOPY big /\n', big: Buffer.alloc(80_000_000) }
    const { result } = sidecar.build({ context: { files }, output: { type: 'cache-only' } })
    expect(await result).toMatchObject({ builder: 'sidecar' })
    await sidecar[Symbol.asyncDispose]()
    expect(await left()).toEqual([])
  })
})
