import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  composeManagerCapability,
  createRuntimeHost,
  execManagerCapability,
  type NetworkManager,
  networkManagerCapability,
  type Runtime,
  requireCapabilities,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import type { Environment } from '@capstan/core/plugin'
import type { TestContext } from 'vitest'
import type { AvailableTestEngine } from '../../../../test/support/test-engine.js'
import { type DockerPluginOptions, dockerPlugin } from '../../src/docker-plugin.js'

/** The context of a test. Tests that run side by side each have their own. */
export type FinishedTest = Pick<TestContext, 'onTestFinished'>

/** An engine and the path of a Compose. */
export type ComposeTestEngine = Pick<AvailableTestEngine, 'socketPath' | 'image'> & { readonly composeProgram: string }

/** Opens the engine with this Compose, for one test. */
export async function openCompose(
  { socketPath, image, composeProgram }: ComposeTestEngine,
  { onTestFinished }: FinishedTest,
  { env: given = {}, ...options }: DockerPluginOptions & { readonly env?: Environment } = {},
) {
  const app = `compose-${randomBytes(6).toString('hex')}`
  const plugin = dockerPlugin({ endpoint: `unix://${socketPath}`, composeProgram, ...options })
  // Compose writes the state of its builder below HOME.
  const home = await mkdtemp(join(tmpdir(), 'capstan-compose-home-'))
  const env = { PATH: process.env.PATH, HOME: home, ...given }
  const host = createRuntimeHost({ plugins: [plugin], app, env })
  const scope = await host.open({ runtime: 'docker' })
  const managers = requireCapabilities(scope, {
    compose: composeManagerCapability,
    networks: networkManagerCapability,
    volumes: volumeManagerCapability,
    execs: execManagerCapability,
  })
  const project = app
  const { runtime } = scope
  const listLeft = () => listObjects({ runtime, ...managers }, project)
  onTestFinished(async () => {
    await managers.compose.down(project, { volumes: true, graceMs: 0 })
    await host[Symbol.asyncDispose]()
    await rm(home, { recursive: true, force: true })
  })
  const toSource = (content: object) => ({ name: project, content: JSON.stringify(content) })
  return { ...managers, ...{ host, env, runtime, app, project, listLeft, toSource, image } }
}

/** Copies a project of this folder, whose files an engine may mount, and removes it after the test. */
export async function copyProject(name: string, { onTestFinished }: FinishedTest): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-compose-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await cp(fileURLToPath(new URL(`projects/${name}`, import.meta.url)), directory, { recursive: true })
  return directory
}

/** Lists the names of all objects of a project. */
export async function listObjects(
  {
    runtime,
    networks,
    volumes,
  }: { readonly runtime: Runtime; readonly networks: NetworkManager; readonly volumes: VolumeManager },
  project: string,
): Promise<readonly string[]> {
  const options = { labels: { 'com.docker.compose.project': project } }
  const found = [runtime.listContainers(options), networks.listNetworks(options), volumes.listVolumes(options)]
  return (await Promise.all(found)).flat().map(({ name }) => name)
}
