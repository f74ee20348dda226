import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { RegistryToken } from '@capstan/buildkit-client/request'
import { isHostError } from '@capstan/core'
import { expect, type TestContext } from 'vitest'
import { skipTest } from '../../../../test/support/test-engine.js'
import type { BuildProgressEvent, BuildRequest } from '../../src/index.js'
import { createDirectory } from './build-files.js'
import type { BuildWay, DeclareBuild } from './build-way.js'
import { type RegistryAccess, startRegistry } from './registry-server.js'

const oneStage = { fake: 'builds for one platform and has no caches' }
const noPlainHttp = {
  ...oneStage,
  sidecar: 'BuildKit in a sidecar connects to no registry of this machine without TLS',
}

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
      given: { username: '', password: 'a refresh token' },
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
      `pushes an image to a registry that requires ${title}, and keeps it not in the engine`,
      async (way, context) => {
        const { host, manifests, logins } = await startRegistry(access)
        const tags = [`${host}/${way.mark}:1`, `${host}/${way.mark}:2`]
        const request: BuildRequest = {
          context: twoStages,
          credentials: { [host]: given },
          output: { type: 'push', tags },
        }
        const { digest } = await buildOrSkip(way, context, request)
        expect([...manifests.keys()].toSorted()).toEqual([`${way.mark}:1`, `${way.mark}:2`, `${way.mark}@${digest}`])
        expect([...logins]).toEqual([login])
        const images = await way.scope.runtime.listImages()
        expect(images.flatMap(({ tags }) => tags).filter((tag) => tag.startsWith(host))).toEqual([])
      },
      noPlainHttp,
    )
  }

  declare(
    'pushes images for two platforms, without attestations',
    async (way, context) => {
      const { host, manifests } = await startRegistry({ scheme: 'basic', ...password })
      const output = { type: 'push', tags: [`${host}/${way.mark}:1`] } as const
      const request = { context: twoStages, platforms: twoPlatforms, credentials: { [host]: password }, output }
      await buildOrSkip(way, context, request)
      const { manifests: images = [] } = manifests.get(`${way.mark}:1`) ?? {}
      expect(images.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64'])
    },
    noPlainHttp,
  )

  declare(
    'exports a cache to a registry, and imports it',
    async (way, context) => {
      const { host, manifests } = await startRegistry({ scheme: 'bearer', ...password })
      const ref = `${host}/${way.mark}:cache`
      const request = { context: twoStages, credentials: { [host]: password }, output: { type: 'cache-only' } } as const
      await buildOrSkip(way, context, { ...request, cacheTo: [`type=registry,ref=${ref},mode=max`] })
      expect([...manifests.keys()]).toContain(`${way.mark}:cache`)
      const imported = await readImports(way, { ...request, cacheFrom: [`type=registry,ref=${ref}`] })
      expect(imported).toEqual([{ name: `importing cache manifest from ${ref}`, state: 'completed' }])
    },
    noPlainHttp,
  )

  declare(
    'exports a cache to a directory, and imports it',
    async (way, context) => {
      const directory = createDirectory()
      const request = { context: twoStages, output: { type: 'cache-only' } } as const
      await buildOrSkip(way, context, { ...request, cacheTo: [`type=local,dest=${directory},mode=max`] })
      expect(readdirSync(join(directory, 'blobs', 'sha256')).length).toBeGreaterThanOrEqual(3)
      const imported = await readImports(way, { ...request, cacheFrom: [`type=local,src=${directory}`] })
      expect(imported).toEqual([{ name: expect.stringContaining('importing cache manifest'), state: 'completed' }])
    },
    oneStage,
  )

  declare(
    'writes an archive of the format oci for two platforms, without attestations',
    async (way, context) => {
      const chunks: Buffer[] = []
      const to = new Writable({ write: (chunk, _encoding, done) => done(void chunks.push(chunk) as undefined) })
      const output = { type: 'archive', format: 'oci', to, tags: ['app:1'] } as const
      const { digest } = await buildOrSkip(way, context, { context: twoStages, platforms: twoPlatforms, output })
      const text = Buffer.concat(chunks).toString('latin1')
      expect(text).toContain(`"digest":"${digest}"`)
      expect(text).not.toMatch(/in-toto|attestation/)
    },
    oneStage,
  )

  declare(
    'writes the files of each platform to a directory of its own',
    async (way, context) => {
      const to = createDirectory()
      await buildOrSkip(way, context, {
        context: twoStages,
        platforms: twoPlatforms,
        output: { type: 'directory', to },
      })
      const read = (platform: string) => readFileSync(join(to, platform, 'file'), 'utf8')
      expect(['linux_amd64', 'linux_arm64'].map(read)).toEqual(['text', 'text'])
    },
    oneStage,
  )
}

/** Runs a build, or skips the test on an engine whose image store does not support it. */
async function buildOrSkip(way: BuildWay, context: TestContext, request: BuildRequest) {
  try {
    return await way.build(request).result
  } catch (error) {
    if (way.sidecar === undefined && isHostError(error, 'OPTION_UNSUPPORTED')) skipTest(context, error.facts.reason)
    throw error
  }
}

/** Runs a build, and returns the last states of its steps that import a cache. */
async function readImports(way: BuildWay, request: BuildRequest) {
  const build = way.build(request)
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
