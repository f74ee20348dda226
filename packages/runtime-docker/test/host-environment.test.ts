import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import {
  createRuntimeHost,
  imageBuilderCapability,
  imageTransferCapability,
  type RuntimePlugin,
  requireCapabilities,
} from '@capstan/core'
import type { Environment } from '@capstan/core/plugin'
import { expect, onTestFinished, test, vi } from 'vitest'
import { dockerPlugin } from '../src/index.js'
import { type FakeRequest, startFakeEngine } from './fake/fake-docker-engine.js'

const registry = 'reg.example.test'
const configOf = (user: string) => JSON.stringify({ auths: { [registry]: { username: user, password: 'secret' } } })

async function makeFolder(config?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-environment-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  if (config !== undefined) await writeFile(join(folder, 'config.json'), config)
  return folder
}

/** Records what a host with `env` sends, in a process with other credentials. */
async function openHost(env: Environment) {
  vi.stubEnv('DOCKER_AUTH_CONFIG', configOf('of-this-process'))
  vi.stubEnv('DOCKER_CONFIG', await makeFolder(configOf('of-this-process')))
  onTestFinished(() => void vi.unstubAllEnvs())
  const { fake } = await startFakeEngine()
  fake.override('GET /images/json', (reply) => reply.json(200, []))
  fake.override('POST /build', (reply) => reply.refuse(500, 'recorded, not built'))
  const given = { DOCKER_HOST: `unix://${fake.socketPath}`, ...env }
  const host = createRuntimeHost({ plugins: [dockerPlugin() as RuntimePlugin], env: given })
  onTestFinished(() => host[Symbol.asyncDispose]())
  const scope = await host.open()
  const find = (path: string) => fake.requests.find((request) => request.path === path)
  return {
    pull: async () => {
      const { images } = requireCapabilities(scope, { images: imageTransferCapability })
      await images.pullImage(`${registry}/app:1`).catch(() => {})
      return decode(find('/images/create'), 'x-registry-auth').username
    },
    build: async () => {
      const { builder } = requireCapabilities(scope, { builder: imageBuilderCapability })
      await builder.buildImage(`FROM ${registry}/app:1\n`, 'built:1').catch(() => {})
      return decode(find('/build'), 'x-registry-config')[registry]?.username
    },
  }
}

function decode(request: FakeRequest | undefined, header: string) {
  return JSON.parse(Buffer.from(String(request?.headers[header] ?? 'e30='), 'base64').toString())
}

test.each(['pull', 'build'] as const)(
  'a %s sends the credentials of the host, not those of the process',
  async (verb) => {
    const host = await openHost({ DOCKER_CONFIG: await makeFolder(configOf('of-the-host')) })
    expect(await host[verb]()).toBe('of-the-host')
  },
)

test.each(['pull', 'build'] as const)(
  'a %s sends no credentials of the process when the host has none',
  async (verb) => {
    expect(await (await openHost({ HOME: await makeFolder() }))[verb]()).toBeUndefined()
  },
)

test.each(['pull', 'build'] as const)(
  'a %s runs the credential helper in the environment of the host',
  async (verb) => {
    vi.stubEnv('OF_THIS_PROCESS', 'secret')
    const programs = await makeFolder(JSON.stringify({ credsStore: 'test' }))
    const helper = join(programs, 'docker-credential-test')
    await writeFile(helper, '#!/bin/sh\necho "{\\"Username\\":\\"$GIVEN/$OF_THIS_PROCESS\\",\\"Secret\\":\\"s\\"}"\n')
    await chmod(helper, 0o755)
    const PATH = [programs, '/usr/bin', '/bin'].join(delimiter)
    const host = await openHost({ DOCKER_CONFIG: programs, PATH, GIVEN: 'by the host' })
    expect(await host[verb]()).toBe('by the host/')
  },
)
