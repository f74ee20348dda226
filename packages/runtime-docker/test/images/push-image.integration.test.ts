import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import type { PushProgress } from '@capstan/core'
import { expect, onTestFinished, test } from 'vitest'
import { startRegistry } from '../../../../test/support/registry-server.js'
import { describeWithEngine, isPodman } from '../../../../test/support/test-engine.js'
import { DockerImageManager } from '../../src/docker-image-manager.js'
import { DockerImageTransfer } from '../../src/docker-image-transfer.js'
import { DockerRuntime } from '../../src/docker-runtime.js'
import { connectEngine } from '../connect-engine.js'

const credentials = { username: 'user', password: 'test word:with colon' }

describeWithEngine('pushes to a registry', (testEngine) => {
  async function start(options: Parameters<typeof startRegistry>[0] = { scheme: 'basic', ...credentials }) {
    const registry = await startRegistry(options, '127.0.0.1')
    const env = { DOCKER_CONFIG: '/nonexistent', DOCKER_AUTH_CONFIG: undefined as string | undefined }
    const { engine } = connectEngine({ ...testEngine, env })
    const [runtime, images] = [new DockerRuntime(engine), new DockerImageManager(engine)]
    const image = `${registry.host}/team/app-${randomUUID()}:1`
    onTestFinished(() => runtime.removeImage(image))
    await images.tagImage(testEngine.image, image)
    return { registry, env, runtime, images, image, transfer: new DockerImageTransfer(engine) }
  }

  test('stores the image under the digest that the push resolves with, from where it can be pulled', async () => {
    const { registry, runtime, images, image, transfer } = await start()
    const events: PushProgress[] = []
    const digest = await transfer.pushImage(image, { credentials, onProgress: (event) => void events.push(event) })
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    const name = image.slice(registry.host.length + 1)
    expect(registry.manifests.get(name)).toBeDefined()
    expect(registry.manifests.get(`${name.replace(':1', '')}@${digest}`)).toBeDefined()
    expect(events.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['preparing', 'done']))
    expect(events.at(-1)).toMatchObject({ id: image, phase: 'done' })
    const { id, digests } = await images.inspectImage(image)
    // Podman does not record the digest of the push.
    if (!isPodman) expect(digests).toContain(`${image.replace(/:1$/, '')}@${digest}`)
    await runtime.removeImage(image)
    expect(await transfer.pullImage(image, { credentials })).toBe(id)
  })

  test('uses the stored credentials, with which the registry issues a token', async () => {
    const { registry, env, image, transfer } = await start({ scheme: 'bearer', ...credentials })
    const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
    env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [registry.host]: { auth } } })
    await transfer.pushImage(image)
    expect([...registry.logins]).toEqual(['password for a token'])
  })

  test.for([
    ['a wrong password', { username: 'user', password: 'wrong-secret' }],
    ['no credentials', undefined],
  ] as const)('rejects with IMAGE_PUSH_FAILED and without the password for %s', async ([, given]) => {
    const { image, transfer } = await start()
    const failure = await transfer.pushImage(image, given && { credentials: given }).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'IMAGE_PUSH_FAILED',
      facts: { image, registryText: expect.stringMatching(/\S/) },
    })
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('wrong-secret')
  })
})
