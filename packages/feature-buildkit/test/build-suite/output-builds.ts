import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { RegistryToken } from '@capstan/buildkit-client/request'
import { expect, type TestContext } from 'vitest'
import { type RegistryAccess, startRegistry } from '../../../../test/support/registry-server.js'
import { skipTest } from '../../../../test/support/test-engine.js'
import type { BuildProgressEvent, BuildRequest, BuildRequestField } from '../../src/index.js'
import { createDirectory } from './build-files.js'
import { type DeclareBuild, suiteLabel, type TestedBuilder } from './tested-builder.js'

const needsRealBuildKit = { fake: 'builds for one platform and has no caches' }

/** Declares the builds whose results and caches are somewhere else than in the engine. */
export function defineOutputBuilds(declare: DeclareBuild): void {
  const password = { username: 'user', password: 'test word' }
  const accesses: readonly {
    title: string
    access: RegistryAccess
    login: string
    given: typeof password | RegistryToken
  }[] = [
    { title: 'a password', access: { scheme: 'basic', ...password }, login: 'basic', given: password },
    {
      title: 'a token for a password',
      access: { scheme: 'bearer', ...password },
      login: 'password for a token',
      given: password,
    },
    {
      title: 'a token for a refresh token',
      access: { scheme: 'bearer', refreshToken: 'a refresh token' },
      login: 'refresh token for a token',
      given: { identityToken: 'a refresh token' },
    },
    {
      title: 'a token of the caller',
      access: { scheme: 'bearer', registryToken: 'a token' },
      login: 'registry token',
      given: { registryToken: 'a token' },
    },
  ]
  for (const { title, access, login, given } of accesses) {
    declare(
      `pushes an image to a registry that requires ${title}, and does not store it in the engine`,
      async (builder, context) => {
        const { host, manifests, logins } = await startRegistry(access, await builder.findMachineAddress())
        const tags = [`${host}/${builder.runId}:1`, `${host}/${builder.runId}:2`]
        const request: BuildRequest = {
          context: twoStages,
          credentials: { [host]: given },
          output: { type: 'push', tags, insecure: true },
        }
        const { digest } = await buildOrSkip(builder, context, { ...request, field: 'output.type' })
        expect([...manifests.keys()].toSorted()).toEqual([
          `${builder.runId}:1`,
          `${builder.runId}:2`,
          `${builder.runId}@${digest}`,
        ])
        expect([...logins]).toEqual([login])
        expect(await builder.scope.runtime.listImages({ labels: { [suiteLabel]: builder.runId } })).toEqual([])
      },
      needsRealBuildKit,
    )
  }

  declare(
    'pushes images for two platforms, without attestations',
    async (builder, context) => {
      const { host, manifests } = await startRegistry(
        { scheme: 'basic', ...password },
        await builder.findMachineAddress(),
      )
      const output = { type: 'push', tags: [`${host}/${builder.runId}:1`], insecure: true } as const
      const request = { context: twoStages, platforms: twoPlatforms, credentials: { [host]: password }, output }
      await buildOrSkip(builder, context, { ...request, field: 'output.type' })
      const { manifests: images = [] } = manifests.get(`${builder.runId}:1`) ?? {}
      expect(images.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64'])
    },
    needsRealBuildKit,
  )

  declare(
    'exports a cache to a registry, whose manifest a build that imports the cache reads',
    async (builder, context) => {
      const { host, manifests } = await startRegistry(
        { scheme: 'bearer', ...password },
        await builder.findMachineAddress(),
      )
      const ref = `${host}/${builder.runId}:cache`
      const request = { context: twoStages, credentials: { [host]: password }, output: { type: 'cache-only' } } as const
      await buildOrSkip(builder, context, {
        ...request,
        cacheTo: [{ type: 'registry', ref, mode: 'max', 'registry.insecure': 'true' }],
        field: 'cacheTo[0].type',
      })
      expect([...manifests.keys()]).toContain(`${builder.runId}:cache`)
      const imported = await readImports(builder, {
        ...request,
        cacheFrom: [{ type: 'registry', ref, 'registry.insecure': 'true' }],
      })
      expect(imported).toEqual([{ name: `importing cache manifest from ${ref}`, state: 'completed' }])
    },
    needsRealBuildKit,
  )

  declare(
    'exports a cache to a directory, whose manifest a build that imports the cache reads',
    async (builder, context) => {
      const directory = createDirectory()
      const request = { context: twoStages, output: { type: 'cache-only' } } as const
      await buildOrSkip(builder, context, {
        ...request,
        cacheTo: [{ type: 'local', dest: directory, mode: 'max' }],
        field: 'cacheTo[0].type',
      })
      expect(readdirSync(join(directory, 'blobs', 'sha256')).length).toBeGreaterThanOrEqual(3)
      const imported = await readImports(builder, { ...request, cacheFrom: [{ type: 'local', src: directory }] })
      expect(imported).toEqual([{ name: expect.stringContaining('importing cache manifest'), state: 'completed' }])
    },
    needsRealBuildKit,
  )

  declare(
    'writes an archive of the format oci for two platforms, without attestations',
    async (builder, context) => {
      const chunks: Buffer[] = []
      const to = new Writable({ write: (chunk, _encoding, done) => done(void chunks.push(chunk) as undefined) })
      const output = { type: 'archive', format: 'oci', to, tags: ['app:1'] } as const
      const { digest } = await buildOrSkip(builder, context, {
        context: twoStages,
        platforms: twoPlatforms,
        output,
        field: 'output.format',
      })
      const text = Buffer.concat(chunks).toString('latin1')
      expect(text).toContain(`"digest":"${digest}"`)
      expect(text).not.toMatch(/in-toto|attestation/)
    },
    needsRealBuildKit,
  )

  declare(
    'writes the files of each platform to a directory of its own',
    async (builder, context) => {
      const to = createDirectory()
      await buildOrSkip(builder, context, {
        context: twoStages,
        platforms: twoPlatforms,
        output: { type: 'directory', to },
        field: 'platforms',
      })
      const read = (platform: string) => readFileSync(join(to, platform, 'file'), 'utf8')
      expect(['linux_amd64', 'linux_arm64'].map(read)).toEqual(['text', 'text'])
    },
    needsRealBuildKit,
  )
}

/**
 * Runs a build that BuildKit does not support with Docker's own image store because of `field`. With that store, checks the error, and
 * skips the rest of the test.
 */
async function buildOrSkip(
  builder: TestedBuilder,
  context: TestContext,
  { field, ...request }: BuildRequest & { readonly field: BuildRequestField },
) {
  const { result } = builder.build(request)
  if (builder.imageStore !== 'docker') return await result
  await expect(result).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field } })
  return skipTest(context, `Docker's own image store does not support ${field} of this build`)
}

/** Runs a build, and returns the last states of its steps that import a cache. */
async function readImports(builder: TestedBuilder, request: BuildRequest) {
  const build = builder.build(request)
  const states = new Map<string, Extract<BuildProgressEvent, { type: 'step' }>['state']>()
  for await (const event of build)
    if (event.type === 'step' && event.name.includes('importing cache')) states.set(event.name, event.state)
  await build.result
  return [...states].map(([name, state]) => ({ name, state }))
}

/** Copies a file, which needs no programs, also for other platforms. */
const twoStages = {
  files: { Dockerfile: 'FROM scratch AS first\nCOPY file /\nFROM scratch\nCOPY --from=first /file /\n', file: 'text' },
}
const twoPlatforms = ['linux/amd64', 'linux/arm64']
